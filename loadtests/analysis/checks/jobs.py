"""Whether all deferred jobs of a trial are accounted for, by its server and by its clients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from loadtests.analysis.deferred import Deferred
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.summary import Reason
from loadtests.samples import NEVER, Outcome, Samples
from servers.jobs.job import KEPT

ACCEPTED = 202
HINT = "do not rely on this trial: run it again, and report this where it happens again"


def against(trial: SavedTrial) -> Iterator[Reason]:
    """A reason where jobs are missing: accepted = waiting + running + done + failed.

    What was accepted must also be what clients were told, and those of whom nobody knows: who had
    sent a job and got no answer may have one, and so may each earlier attempt of who retried.
    """
    found = trial.jobs
    if found is None:
        return
    kept = found.waiting + found.running + found.done + found.failed
    if kept != found.accepted:
        text = f"{found.accepted} jobs were accepted, {kept} have a fate"
        yield Reason("jobs_lost", text, HINT)
    told, unknown, earlier = _by_clients(trial)
    if not told <= found.accepted <= told + unknown + earlier:
        text = f"clients were told of {told} accepted jobs and not answered {unknown} times"
        beside = f" beside {earlier} earlier attempts" if earlier else ""
        yield Reason("jobs_lost", f"{text}{beside}, the server has {found.accepted}", HINT)


def forgotten(found: Deferred | None) -> Iterator[Reason]:
    """A warning where jobs of a trial have no record any more, so that their times are missing."""
    if found is not None and found.forgotten:
        text = f"{found.forgotten} jobs have no record any more: how long they took is not stated"
        hint = f"lower the rate or measure_s: a server keeps the records of {KEPT} ended jobs"
        yield Reason("jobs_forgotten", text, hint)


def _by_clients(trial: SavedTrial) -> tuple[int, int, int]:
    """Requests that gave a job and were told so, those without an answer, and earlier attempts.

    The status of who polled is that of its last poll; that it was told shows in `accepted_ns`. Its
    further attempts are polls, which give no job.
    """
    samples = trial.samples
    posts = posts_of(trial, samples)
    polled = samples.accepted_ns != NEVER
    told = posts & (polled | (samples.status == ACCEPTED))
    unknown = posts & ~told & (samples.status == 0) & (samples.outcome != Outcome.DROPPED)
    earlier = samples.attempts[posts & ~polled] - 1
    return int(np.count_nonzero(told)), int(np.count_nonzero(unknown)), int(earlier.sum())


def posts_of(trial: SavedTrial, samples: Samples) -> npt.NDArray[np.bool_]:
    """Which samples are of requests that gave a job."""
    urls = {t.url for t in trial.plan.targets if t.path == "/jobs" and t.method == "POST"}
    of_url = np.array([url in urls for url in samples.urls], dtype=np.bool_)
    found: npt.NDArray[np.bool_] = of_url[samples.url] if len(of_url) else samples.url < 0
    return found

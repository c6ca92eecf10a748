"""Whether a window was long enough, and the server in its steady state while it lasted."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from loadtests.analysis.checks.drift import Values, drift_of
from loadtests.analysis.checks.stations import Station, window_s
from loadtests.analysis.keeping_up import kept_up
from loadtests.analysis.split import completed
from loadtests.analysis.summary import Reason, Trial
from loadtests.gates import DRIFT, SHORT_FROM
from loadtests.samples import Outcome, Samples
from loadtests.theory.intervals import least_samples
from loadtests.theory.relaxation import least_window_s, relaxation_s

SECOND = 1e9
ENOUGH = 1_000_000
"""Requests."""


def few_samples(trial: Trial) -> Iterator[Reason]:
    """A warning that names the quantiles of the latency that are not stated."""
    stated = {0.5: trial.latency_ms.p50, 0.9: trial.latency_ms.p90, 0.99: trial.latency_ms.p99}
    missing = [quantile for quantile, value in stated.items() if value is None]
    if missing:
        count = trial.requests.completed + trial.requests.censored
        each = " and ".join(f"p{100 * q:.0f} (it needs {least_samples(q)})" for q in missing)
        text = f"{count} requests have a latency, too few to state {each}"
        yield Reason("few_samples", text, "raise measure_s or the rate to have it stated")


def short(trial: Trial, stations: Sequence[Station]) -> Iterator[Reason]:
    """A warning where an open load of high utilisation had a shorter window than theory wants.

    Beyond the capacity no window is long enough: there the rate says so.
    """
    busy = [station for station in stations if station.utilisation > SHORT_FROM]
    if not busy or not kept_up(trial):
        return
    slowest = max(busy, key=_least_s)
    wanted_s, found_s = _least_s(slowest), window_s(trial)
    if found_s >= wanted_s:
        return
    text = f"the window of {found_s:.3g} s is short for a utilisation of {slowest.utilisation:.0%}"
    if math.isfinite(wanted_s):
        memory_s = relaxation_s(slowest.service_s, slowest.utilisation, slowest.servers)
        text += f": its queue forgets within about {_seconds(memory_s)}, and a hundred times that"
        text += f" is {_seconds(wanted_s)}"
    hint = "read the latency as that of these seconds; raise measure_s, or lower the rate"
    yield Reason("short", text, hint)


def drifting(trial: Trial, main: Samples, stations: Sequence[Station]) -> Iterator[Reason]:
    """A reason where the latency of a server that is not overloaded had not settled.

    Nothing is said where the window holds fewer than a hundred relaxation times of what the
    requests had to have, or where these are not known: its halves differ by chance then.
    """
    if not stations or not kept_up(trial):
        return
    if any(_least_s(station) > window_s(trial) for station in stations):
        return
    answered = completed(main)
    at_s, latency_ms = _by_time(answered)
    found = drift_of(at_s, latency_ms, window_s(trial))
    if found is None:
        return
    slower, faster = found.low > DRIFT, found.high < 1 / DRIFT
    if faster or (slower and not _grows(main, window_s(trial))):
        text = (
            f"the median latency of the second half of the window was {found.ratio:.2f} times that "
            f"of the first (at least {found.low:.2f}, at most {found.high:.2f})"
        )
        yield Reason("drifting", text, "lengthen the warm-up (warmup_s), and run the trial again")


def _least_s(station: Station) -> float:
    return least_window_s(station.service_s, station.utilisation, station.servers)


def _seconds(value_s: float) -> str:
    rounded = float(f"{value_s:.2g}")
    return f"{rounded:,.0f} s" if rounded >= 10 else f"{rounded:g} s"


def _by_time(answered: Samples) -> tuple[Values, Values]:
    """When requests were due, in order, and their latency by the median of their own kind."""
    # Of millions a part tells as much.
    count = len(answered.kind)
    every = count // ENOUGH + 1
    answered = answered if every == 1 else answered.where(np.arange(count) % every == 0)
    order = np.argsort(answered.intended_ns, kind="stable")
    due_ns, kinds = answered.intended_ns[order], answered.kind[order]
    latency_ms = (answered.done_ns[order] - due_ns) / 1e6
    for number in np.unique(kinds):
        mine = kinds == number
        latency_ms[mine] /= np.median(latency_ms[mine])
    return due_ns / SECOND, latency_ms


def _grows(main: Samples, window_s: float) -> bool:
    """Whether more requests were unanswered in the last quarter of the window than before it.

    A queue that grows makes every request wait longer than the last one: a matter of the rate.
    """
    sent = main.where(main.outcome != Outcome.DROPPED)
    edges = np.array([0.5, 0.75, 1.0]) * window_s * SECOND
    before, last = (
        float((np.minimum(sent.done_ns, high) - np.maximum(sent.intended_ns, low)).clip(0.0).sum())
        for low, high in itertools.pairwise(edges)
    )
    return last > DRIFT * before

"""From the record of a trial's jobs to what is said of them.

The counts of the server are of all jobs, but it keeps the records of so many ended ones only, those
that ended last: of a trial with more, the records alone would tell of its end.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from loadtests.analysis.checks.jobs import posts_of
from loadtests.analysis.deferred import Deferred
from loadtests.analysis.quantiles import latency
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.summary import Latency
from loadtests.job_records import JobRecord, JobsRecord
from loadtests.samples import NEVER, Samples

REFUSED = 503
LEFT = ("waiting", "running")
STATES = (*LEFT, "done", "failed")


def deferred_of(trial: SavedTrial, window: Samples) -> Deferred | None:
    """The jobs of the window; None where the requests gave none. `window` is its samples."""
    if trial.jobs is None:
        return None
    origin_ns, plan = trial.plan.origin_ns, trial.plan
    mine = [
        job
        for job in trial.jobs.jobs
        if 0 <= job.accepted_ns - origin_ns < round(plan.measure_s * 1e9)
    ]
    if not mine and not trial.jobs.accepted and not trial.jobs.refused:
        return None
    known = _known(trial.jobs, origin_ns)
    whole = known.issuperset(STATES)
    # Of some only no quantile can be told.
    timed = mine if whole else []
    delivery, wait = _delivery(timed, trial.jobs.stopped_ns), _wait(timed)

    def count(*states: str) -> int | None:
        return sum(job.state in states for job in mine) if known.issuperset(states) else None

    return Deferred(
        accepted=count(*STATES),
        refused=int(np.count_nonzero(posts_of(trial, window) & _turned_away(window))),
        done=count("done"),
        failed=count("failed"),
        left=count(*LEFT),
        wait_p50_ms=wait.p50,
        wait_p99_ms=wait.p99,
        delivery_p50_ms=delivery.p50,
        delivery_p90_ms=delivery.p90,
        delivery_p99_ms=delivery.p99,
        delivery_max_ms=delivery.max,
        at_least_ms=delivery.lower_bound_from_ms,
        forgotten=0 if whole else sum(_forgotten(trial.jobs, state) for state in STATES),
    )


def _turned_away(window: Samples) -> npt.NDArray[np.bool_]:
    """Who asks on after being accepted may be told 503 as well: that refuses no job."""
    found: npt.NDArray[np.bool_] = (window.status == REFUSED) & (window.accepted_ns == NEVER)
    return found


def _known(record: JobsRecord, origin_ns: int) -> frozenset[str]:
    """The states of which every job that was accepted after `origin_ns` has its record.

    Who ended first is forgotten first: where one is kept that had ended by then, so had all that
    are not.
    """
    ended_ns = [job.done_ns for job in record.jobs if job.done_ns is not None]
    before = bool(ended_ns) and min(ended_ns) < origin_ns
    return frozenset(
        state for state in STATES if not _forgotten(record, state) or (before and state not in LEFT)
    )


def _forgotten(record: JobsRecord, state: str) -> int:
    """How many jobs of a state have no record, by the server's count of them."""
    kept = sum(job.state == state for job in record.jobs)
    return max(int(getattr(record, state)) - kept, 0)


def _wait(mine: list[JobRecord]) -> Latency:
    return _quantiles([j.started_ns - j.accepted_ns for j in mine if j.started_ns is not None])


def _delivery(mine: list[JobRecord], end_ns: int) -> Latency:
    left = [job for job in mine if job.state in LEFT]
    took = [job.done_ns - job.accepted_ns for job in mine if job.state == "done" and job.done_ns]
    ages = [end_ns - job.accepted_ns for job in left]
    return _quantiles(took + ages, min(ages) / 1e6 if ages else None)


def _quantiles(values_ns: list[int], at_least_ms: float | None = None) -> Latency:
    return latency(np.array(values_ns, dtype=np.float64) / 1e6, at_least_ms)

"""From the record of a trial's jobs to what is said of them."""

from __future__ import annotations

import numpy as np

from loadtests.analysis.checks.jobs import posts_of
from loadtests.analysis.deferred import Deferred
from loadtests.analysis.quantiles import latency
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.summary import Latency
from loadtests.job_records import JobRecord
from loadtests.samples import Samples

REFUSED = 503


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
    left = [job for job in mine if job.state in ("waiting", "running")]
    delivery = _delivery(mine, left, trial.jobs.stopped_ns)
    wait = _quantiles([j.started_ns - j.accepted_ns for j in mine if j.started_ns is not None])
    return Deferred(
        accepted=len(mine),
        refused=int(np.count_nonzero(posts_of(trial, window) & (window.status == REFUSED))),
        done=sum(job.state == "done" for job in mine),
        failed=sum(job.state == "failed" for job in mine),
        left=len(left),
        wait_p50_ms=wait.p50,
        wait_p99_ms=wait.p99,
        delivery_p50_ms=delivery.p50,
        delivery_p90_ms=delivery.p90,
        delivery_p99_ms=delivery.p99,
        delivery_max_ms=delivery.max,
        at_least_ms=delivery.lower_bound_from_ms,
    )


def _delivery(mine: list[JobRecord], left: list[JobRecord], end_ns: int) -> Latency:
    took = [job.done_ns - job.accepted_ns for job in mine if job.state == "done" and job.done_ns]
    ages = [end_ns - job.accepted_ns for job in left]
    return _quantiles(took + ages, min(ages) / 1e6 if ages else None)


def _quantiles(values_ns: list[int], at_least_ms: float | None = None) -> Latency:
    return latency(np.array(values_ns, dtype=np.float64) / 1e6, at_least_ms)

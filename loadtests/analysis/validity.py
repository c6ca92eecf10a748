"""Whether a trial may be believed: named reasons against it, each with what to do.

A trial with a reason is INVALID: it is shown, and never averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loadtests.analysis.folder import SavedTrial
from loadtests.analysis.summary import Reason, Requests
from loadtests.engine.generator import planned

LATE_MS = 10.0
LATE_SHARE = 0.1
BUSY_SHARE = 0.9
DELAY_SHARE = 0.2


def reasons(
    trial: SavedTrial,
    requests: Requests,
    lateness_p99_ms: float | None,
    latency_p50_ms: float | None,
) -> tuple[Reason, ...]:
    """Every reason against a trial, in a fixed order; none where it is valid.

    `requests` counts the whole trial, warm-up and bystander included; the lateness is that of
    the measurement window.
    """
    checks: tuple[Callable[[], Iterator[Reason]], ...] = (
        lambda: _conservation(trial, requests),
        lambda: _schedule(trial),
        lambda: _workers(trial),
        lambda: _lateness(lateness_p99_ms, latency_p50_ms),
        lambda: _generator_cpu(trial),
    )
    return tuple(reason for check in checks for reason in check())


def _conservation(trial: SavedTrial, requests: Requests) -> Iterator[Reason]:
    fates = requests.completed + requests.failed + requests.dropped + requests.censored
    expected = trial.generator.scheduled
    if not trial.plan.users:
        expected = len(planned(trial.plan).intended_ns)
    if not requests.scheduled == fates == expected:
        text = f"{expected} requests were scheduled, {fates} have a fate"
        yield Reason("conservation", text, "report this: the load engine lost requests")


def _schedule(trial: SavedTrial) -> Iterator[Reason]:
    digest = planned(trial.plan).digest
    if trial.generator.schedule_digest != digest:
        text = f"the schedule was {trial.generator.schedule_digest}, planned was {digest}"
        yield Reason("schedule", text, "analyze with the version of the testbed that ran it")


def _workers(trial: SavedTrial) -> Iterator[Reason]:
    for pid in trial.server.lost_workers:
        text = f"worker {pid} did not live to the end of the trial"
        yield Reason("worker_lost", text, "see the trial's server.log; run the trial again")


def _lateness(lateness_p99_ms: float | None, latency_p50_ms: float | None) -> Iterator[Reason]:
    bound = max(LATE_MS, LATE_SHARE * (latency_p50_ms or 0.0))
    if lateness_p99_ms is not None and lateness_p99_ms > bound:
        text = f"requests were sent late: p99 {lateness_p99_ms:.1f} ms, bound {bound:.1f} ms"
        yield Reason("generator_late", text, "close other programs, or lower the rate")


def _generator_cpu(trial: SavedTrial) -> Iterator[Reason]:
    generator = trial.generator
    busy = generator.cpu_s / generator.wall_s
    if busy > BUSY_SHARE:
        text = f"the load generator used {busy:.0%} of a processor: it measured itself"
        yield Reason("generator_busy", text, "lower the rate")
    delay = (generator.run_delay_s or 0.0) / generator.wall_s
    if delay > DELAY_SHARE:
        text = f"the load generator waited for a processor {delay:.0%} of the time"
        yield Reason("host_busy", text, "close other programs and run the trial again")

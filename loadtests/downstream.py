"""What the servers of an experiment call on, as its file describes it; each trial has its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from loadtests.plan import Stall
from loadtests.tables import Table

if TYPE_CHECKING:
    from loadtests.experiment import Experiment
    from loadtests.workload import Workload

DOWNSTREAM = "/downstream"
"""The path whose requests call the downstream service."""


class Downstream(Table):
    """How the downstream service behaves; the draws of its latencies follow the trial's seed.

    Calls ask for a mean: `distribution` is how latencies spread round it, lognormal ones with
    `sigma`. Of all calls `failure_share` fail, and `concurrency` are served at once, 0 for all.
    """

    distribution: Literal["fixed", "exponential", "lognormal"] = "fixed"
    sigma: float = Field(default=1.0, ge=0.0, le=3.0)
    failure_share: float = Field(default=0.0, ge=0.0, le=1.0)
    concurrency: int = Field(default=0, ge=0, le=10_000)
    stall: Stall | None = None


def calls_downstream(workload: Workload) -> bool:
    """Whether requests of a workload call the downstream service."""
    return any(request.path == DOWNSTREAM for request in workload.requests)


def stall_of(experiment: Experiment, workload: Workload) -> Stall | None:
    """The stall that requests of a workload run into, where there is one."""
    told = experiment.downstream
    return told.stall if told is not None and calls_downstream(workload) else None


def is_failing(experiment: Experiment, workload: Workload) -> bool:
    """Whether some of the calls of a workload are to fail."""
    told = experiment.downstream
    return told is not None and told.failure_share > 0.0 and calls_downstream(workload)


def check_downstream(experiment: Experiment) -> None:
    """Raise ValueError where the table `downstream` cannot be meant."""
    told = experiment.downstream
    if told is None:
        return
    if not any(calls_downstream(workload) for workload in experiment.workloads):
        raise ValueError(
            f"downstream is given, allowed: only where requests have path {DOWNSTREAM!r}"
        )
    if experiment.standing is not None:
        raise ValueError(
            "downstream is given, allowed: only for servers that the run starts, since those that "
            "stand have their own"
        )
    if told.stall is not None and told.stall.from_s >= experiment.shortest_s:
        raise ValueError(
            f"downstream.stall.from_s is {told.stall.from_s:g}, allowed: less than measure_s, "
            f"which is {experiment.shortest_s:g}"
        )

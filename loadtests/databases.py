"""The workloads that ask a database, and a run without those whose database is not to be had.

Such a run says what it leaves out, and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from loadtests.workload import Workload

if TYPE_CHECKING:
    # It holds itself to what stands here.
    from loadtests.experiment import Experiment

DATABASE = "/db"
LEFT_OUT = "left_out"
"""Where a run's environment says which workloads it lacks, and why: a list of `workload`, `why`."""


def on_database(experiment: Experiment, workload: Workload) -> bool:
    """Whether requests of a workload, or of the bystander beside them, ask a database."""
    beside = experiment.bystander.path if experiment.bystander else ""
    return DATABASE in (beside, *(request.path for request in workload.requests))


def workloads(experiment: Experiment) -> tuple[str, ...]:
    """The workloads that need a database which the run must bring along.

    Servers that stand already have brought theirs.
    """
    if experiment.standing is not None:
        return ()
    return tuple(w.name for w in experiment.workloads if on_database(experiment, w))


def without(experiment: Experiment, names: Iterable[str]) -> Experiment:
    """The experiment without some of its workloads."""
    left = tuple(w for w in experiment.workloads if w.name not in set(names))
    return experiment.model_copy(update={"workloads": left})


def possible(experiment: Experiment, environment: Mapping[str, Any]) -> Experiment:
    """What of an experiment could be run where its environment was written."""
    return without(experiment, [one["workload"] for one in environment.get(LEFT_OUT, ())])

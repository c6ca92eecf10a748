"""What the servers of one trial call on: started before them, watched, and stopped after them.

Nothing of it where the workload calls nobody, or the servers stand and have their own.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from loadtests.downstream import calls_downstream
from loadtests.experiment import Experiment
from loadtests.matrix import TrialSpec
from loadtests.plan import GeneratorPlan
from loadtests.results import TrialFolder
from loadtests.run.downstream import TrialDownstream
from loadtests.run.instruments import STOP_GRACE_S
from loadtests.run.world import World
from servers import budget


class Dependency(Protocol):
    """One thing that servers call on: it has been started, and must be stopped."""

    def await_ready(self) -> None:
        """Wait until it answers. Raises TrialError where it does not."""

    def follow(self, plan: GeneratorPlan) -> None:
        """The load begins: this is its plan. Raises TrialError where it cannot be followed."""

    def look(self) -> None:
        """Raise TrialError where it has ended."""

    def stop(self, grace_s: float) -> None:
        """End it."""


class Dependencies:
    """All that one trial's servers call on."""

    def __init__(
        self,
        world: World,
        experiment: Experiment,
        spec: TrialSpec,
        folder: TrialFolder,
        cpus: frozenset[int] | None,
    ) -> None:
        self._world, self._experiment, self._spec = world, experiment, spec
        self._folder, self._cpus = folder, cpus
        self._started: list[Dependency] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._started:
            self._started.pop().stop(STOP_GRACE_S)

    def start(self, ledgers: Path | None) -> budget.Dependencies:
        """Start what the workload needs; where servers find it. It counts into `ledgers`."""
        found = budget.NOTHING
        if self._experiment.standing is None and calls_downstream(self._spec.workload):
            downstream = TrialDownstream(
                self._world, self._experiment, self._spec, self._folder, self._cpus, ledgers
            )
            self._started.append(downstream)
            found = budget.Dependencies(downstream=downstream.root)
        return found

    def await_ready(self) -> None:
        """Wait until all of it answers. Raises TrialError where one does not."""
        for one in self._started:
            one.await_ready()

    def follow(self, plan: GeneratorPlan) -> None:
        """Tell all of it what load comes. Raises TrialError where one cannot follow."""
        for one in self._started:
            one.follow(plan)

    def look(self) -> None:
        """Raise TrialError where any of it has ended."""
        for one in self._started:
            one.look()

"""The load generators of a trial: Locust's processes, which start while its server does."""

from __future__ import annotations

import sys
from pathlib import Path

from loadtests.experiment import Experiment
from loadtests.results import TrialFolder
from loadtests.run.child import Child
from loadtests.run.service import POLL_S, READY_DEADLINE_S, TrialError
from loadtests.run.world import World

LOCUSTFILE = Path(__file__).parent.parent / "locustfile.py"


class TrialGenerators:
    """As many processes as the experiment says; they send nothing before they find their plan."""

    def __init__(
        self,
        world: World,
        experiment: Experiment,
        folder: TrialFolder,
        cpus: frozenset[int] | None,
    ) -> None:
        self._world, self._folder, self._count = world, folder, experiment.generators
        count = str(self._count)
        options = ["--headless", "--users", count, "--spawn-rate", count]
        if self._count > 1:
            # Locust's master would listen on every address.
            port = str(world.free_port())
            options += ["--processes", count, "--master-port", port]
            options += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        quiet = ["--only-summary", "--loglevel", "WARNING"]
        locust = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE)]
        argv = [*locust, *options, *quiet, "TrialUser"]
        env = {"TESTBED_PLAN": str(folder.plan.absolute())}
        self._child: Child = world.start(argv, env, folder.generator_log, cpus)
        self._started_ns = world.now_ns()

    def await_ready(self) -> None:
        """Wait until each of them looks for its plan: one that still starts would be late for it.

        Raises TrialError where they end, or are not ready before the deadline.
        """
        deadline_ns = self._started_ns + int(READY_DEADLINE_S * 1e9)
        while len(self._folder.ready) < self._count:
            if (code := self._child.poll()) is not None:
                raise self._ended(code)
            if self._world.now_ns() > deadline_ns:
                what = f"the generator was not ready after {READY_DEADLINE_S:g} s"
                raise TrialError(f"{what}:\n{self._child.tail()}")
            self._world.sleep(POLL_S)
        for file in self._folder.ready:
            file.unlink()

    def are_running(self) -> bool:
        """Whether they have not ended yet."""
        return self._child.poll() is None

    def verify(self) -> None:
        """Raise TrialError where they have not ended well, each with its report."""
        code = self._child.poll()
        if code != 0 or len(self._folder.generators) != self._count:
            self._folder.require_space()
            raise self._ended(code)

    def tail(self) -> str:
        """The last lines that they printed."""
        return self._child.tail()

    def stop(self, grace_s: float) -> None:
        """End them, if they still run."""
        self._child.stop(grace_s)

    def _ended(self, code: int | None) -> TrialError:
        return TrialError(f"the generator ended with exit code {code}:\n{self._child.tail()}")

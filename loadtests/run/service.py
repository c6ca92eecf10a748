"""A process that answers HTTP and that a trial cannot do without: its start, and its death."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtests.plan import Address
from loadtests.results import TrialFolder
from loadtests.run.world import World

READY_DEADLINE_S = 30.0
POLL_S = 0.02


class TrialError(Exception):
    """A trial that could not be run to its end: what happened, the last log lines, the remedy."""


class Service:
    """A process that has been started; it must be stopped, whatever happens."""

    def __init__(
        self,
        world: World,
        name: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        folder: TrialFolder,
        log: Path,
        cpus: frozenset[int] | None,
    ) -> None:
        self._world, self._name, self._folder = world, name, folder
        self._child = world.start(argv, environment, log, cpus)
        self._started_ns = world.now_ns()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def await_answer(self, address: Address, path: str) -> float:
        """Wait until it answers, and return the seconds that it took from its start.

        Raises TrialError where it ends, or does not answer before the deadline.
        """
        deadline_ns = self._started_ns + int(READY_DEADLINE_S * 1e9)
        while True:
            answer = self._world.fetch(address, path)
            if answer is not None and answer[0] == 200:
                return (self._world.now_ns() - self._started_ns) / 1e9
            self.require_running("did not start")
            if self._world.now_ns() > deadline_ns:
                raise self.error(f"was not ready after {READY_DEADLINE_S:g} s")
            self._world.sleep(POLL_S)

    def require_running(self, what: str) -> None:
        """Raise TrialError where it has ended: `what` says what that means."""
        code = self._child.poll()
        if code is not None:
            raise self.error(f"{what}: it ended with exit code {code}")

    def error(self, what: str) -> TrialError:
        """The error that it causes, with the last lines of its log."""
        self._folder.require_space()
        tail = self._child.tail()
        logged = f"; the last lines of its log:\n{tail}" if tail else "; its log is empty"
        return TrialError(f"{self._name} {what}{logged}")

    def stop(self, grace_s: float) -> None:
        """End it with all its descendants."""
        self._child.stop(grace_s)

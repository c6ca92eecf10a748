"""Servers that run already, and their exporter: found and watched, neither started nor stopped.

For an experiment against the Docker stack, or against any server of the testbed whose processes
can be seen from here.
"""

from __future__ import annotations

from loadtests import guard
from loadtests.plan import Address
from loadtests.records import ServerRecord, Stack
from loadtests.results import TrialFolder
from loadtests.run.scrapes import METRICS, Scrapes
from loadtests.run.server import ServerUnderTest
from loadtests.run.service import TrialError
from loadtests.run.world import World


def exporter_at(host_and_port: str) -> Address:
    """Where an exporter is. To ask it is no load."""
    host, _, port = host_and_port.rpartition(":")
    return Address(int(port), host)


def target_at(host_and_port: str) -> Address:
    """Where a server is, its name resolved once. Raises TrialError where no load may go there."""
    try:
        target = guard.check(host_and_port)
    except guard.RefusedError as error:
        raise TrialError(str(error)) from None
    return Address(target.port, target.address)


class StandingServer(ServerUnderTest):
    """A server that was there before the trial and is there after it."""

    def await_ready(self) -> None:
        """It must answer at once. Raises TrialError where it does not."""
        answer = self._world.fetch(self.address, "/healthz")
        if answer is None or answer[0] != 200:
            raise self._error("does not answer: start it again")

    def verify(self) -> None:
        """Hold every worker to its profile, and see its process. Raises TrialError."""
        try:
            super().verify()
        except PermissionError:
            raise self._error("has several workers, which are another user's") from None
        except TrialError as error:
            raise TrialError(f"{error}; or give the experiment the budget of what runs") from None
        if unseen := [pid for pid in self._pids() if not self._world.alive(pid)]:
            raise self._error(f"has the process {unseen[0]}, which cannot be seen from here")

    def look(self) -> None:
        """Note what its workers have used. Raises TrialError where all of them have ended."""
        self._note_usage(sorted(self._pids()))
        if self._pids() <= self._lost:
            raise self._error("died during the trial")

    def stop(self, grace_s: float) -> None:
        """It stays."""

    def record(self, stacks: tuple[Stack, ...]) -> ServerRecord:
        """See ServerUnderTest."""
        where = f"http://{self.address.host}:{self.address.port}"
        return self._record((where,), stacks, standing=True)

    def _error(self, what: str) -> TrialError:
        where = f"{self.address.host}:{self.address.port}"
        return TrialError(f"the server of profile {self._profile.name} at {where} {what}")


class StandingExporter(Scrapes):
    """An exporter that was there before; of what it serves, what is of one profile or of none."""

    def __init__(self, world: World, address: Address, folder: TrialFolder, profile: str) -> None:
        super().__init__(world, address, folder)
        self._mine = f'profile="{profile}"'

    def await_ready(self) -> None:
        """It must answer at once. Raises TrialError where it does not."""
        answer = self._world.fetch(self._address, METRICS)
        if answer is None or answer[0] != 200:
            where = f"{self._address.host}:{self._address.port}"
            raise TrialError(f"the exporter at {where} does not answer: start it again")

    def _kept(self, text: str) -> str:
        rows = text.splitlines(keepends=True)
        return "".join(row for row in rows if self._mine in row or 'profile="' not in row)

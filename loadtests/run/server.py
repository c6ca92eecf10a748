"""The server of one trial, from its start to what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loadtests.plan import Address
from loadtests.records import ServerRecord, Stack, UsagePoint
from loadtests.results import TrialFolder
from loadtests.run.service import Service, TrialError
from loadtests.run.workers import WorkersError, find_workers
from loadtests.run.world import World
from servers.budget import Budget
from servers.profiles import Profile


class ServerUnderTest:
    """A server that is measured: its workers, what they are, and what they use."""

    def __init__(self, world: World, profile: Profile, budget: Budget, address: Address) -> None:
        self._world, self._profile, self._budget = world, profile, budget
        self.address = address
        self._facts: tuple[dict[str, Any], ...] = ()
        self._unverified: tuple[str, ...] = ()
        self._usage: list[UsagePoint] = []
        self._cpu_by_pid: dict[int, float] = {}
        self._lost: set[int] = set()

    def await_ready(self) -> None:
        """Wait until it answers. Raises TrialError where it does not."""
        raise NotImplementedError

    def verify(self) -> None:
        """Hold every worker to what the profile declares. Raises TrialError where one differs."""
        try:
            found = find_workers(self._world, self.address, self._profile, self._budget)
        except WorkersError as error:
            raise self._error(str(error)) from None
        self._facts, self._unverified = found

    def look(self) -> None:
        """Note what it has used and whom it has lost. Raises TrialError where it has ended."""
        raise NotImplementedError

    def stop(self, grace_s: float) -> None:
        """End it where it was started for this trial."""
        raise NotImplementedError

    def record(self, stacks: tuple[Stack, ...]) -> ServerRecord:
        """What is kept of it; `stacks` are what its workers wrote of themselves."""
        raise NotImplementedError

    def _error(self, what: str) -> TrialError:
        raise NotImplementedError

    def _pids(self) -> set[int]:
        return {fact["pid"] for fact in self._facts}

    def _note_usage(self, roots: Sequence[int]) -> None:
        """Of some processes and all that they have started."""
        rss_bytes = 0
        for root in roots:
            usage = self._world.usage(root)
            rss_bytes += usage.rss_bytes
            for pid, cpu_s in usage.cpu_s.items():
                self._cpu_by_pid[pid] = max(cpu_s, self._cpu_by_pid.get(pid, 0.0))
        total_s = sum(self._cpu_by_pid.values())
        point = UsagePoint(at_ns=self._world.now_ns(), cpu_s=total_s, rss_bytes=rss_bytes)
        self._usage.append(point)
        # The processes of a pool are the server's too, and begin when they are first needed.
        known = self._pids() | set(self._cpu_by_pid)
        self._lost |= {pid for pid in known if not self._world.alive(pid)}

    def _record(
        self,
        command: Sequence[str],
        stacks: tuple[Stack, ...],
        *,
        ready_s: float = 0.0,
        pinned: bool = False,
        standing: bool = False,
    ) -> ServerRecord:
        return ServerRecord(
            profile=self._profile.name,
            command=tuple(command),
            facts=self._facts,
            unverified=self._unverified,
            usage=tuple(self._usage),
            lost_workers=tuple(sorted(self._lost)),
            ready_s=ready_s,
            pinned=pinned,
            standing=standing,
            stacks=stacks,
        )


class TrialServer(ServerUnderTest):
    """A server that has been started; it must be stopped, whatever happens."""

    def __init__(
        self,
        world: World,
        profile: Profile,
        budget: Budget,
        environment: Mapping[str, str],
        folder: TrialFolder,
        cpus: frozenset[int] | None,
    ) -> None:
        super().__init__(world, profile, budget, Address(world.free_port()))
        self._pinned = cpus is not None
        argv = profile.command(self.address.port, budget)
        name = f"the server of profile {profile.name}"
        self._service = Service(world, name, argv, environment, folder, folder.server_log, cpus)
        self._ready_s = 0.0

    def await_ready(self) -> None:
        """See ServerUnderTest."""
        self._ready_s = self._service.await_answer(self.address, "/healthz")

    def look(self) -> None:
        """See ServerUnderTest."""
        self._note_usage([self._service.pid])
        self._service.require_running("died during the trial")

    def stop(self, grace_s: float) -> None:
        """End it with all its descendants."""
        self._service.stop(grace_s)

    def record(self, stacks: tuple[Stack, ...]) -> ServerRecord:
        """See ServerUnderTest."""
        command = self._profile.command(self.address.port, self._budget)
        shown = ("python", *command[1:])
        return self._record(shown, stacks, ready_s=self._ready_s, pinned=self._pinned)

    def _error(self, what: str) -> TrialError:
        return self._service.error(what)

"""The server of one trial, from its start to what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtests.records import ServerRecord, Stack, UsagePoint
from loadtests.results import TrialFolder
from loadtests.run.service import Service
from loadtests.run.workers import WorkersError, find_workers
from loadtests.run.world import World
from servers.profiles import Budget, Profile


class TrialServer:
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
        self._world, self._profile, self._budget = world, profile, budget
        self._pinned = cpus is not None
        self.port = world.free_port()
        argv = profile.command(self.port, budget)
        name = f"the server of profile {profile.name}"
        self._service = Service(world, name, argv, environment, folder, folder.server_log, cpus)
        self._ready_s = 0.0
        self._facts: tuple[dict[str, Any], ...] = ()
        self._unverified: tuple[str, ...] = ()
        self._usage: list[UsagePoint] = []
        self._cpu_by_pid: dict[int, float] = {}
        self._lost: set[int] = set()

    def await_ready(self) -> None:
        """Wait until it answers. Raises TrialError where it does not."""
        self._ready_s = self._service.await_answer(self.port, "/healthz")

    def verify(self) -> None:
        """Hold every worker to what the profile declares. Raises TrialError where one differs."""
        try:
            found = find_workers(self._world, self.port, self._profile, self._budget)
        except WorkersError as error:
            raise self._service.error(str(error)) from None
        self._facts, self._unverified = found

    def look(self) -> None:
        """Note what it has used and whom it has lost. Raises TrialError where it has ended."""
        usage = self._world.usage(self._service.pid)
        for pid, cpu_s in usage.cpu_s.items():
            self._cpu_by_pid[pid] = max(cpu_s, self._cpu_by_pid.get(pid, 0.0))
        total_s = sum(self._cpu_by_pid.values())
        now_ns = self._world.now_ns()
        self._usage.append(UsagePoint(at_ns=now_ns, cpu_s=total_s, rss_bytes=usage.rss_bytes))
        workers = {fact["pid"] for fact in self._facts}
        # The processes of a pool are the server's too, and begin when they are first needed.
        self._lost |= {pid for pid in workers | set(self._cpu_by_pid) if not self._world.alive(pid)}
        self._service.require_running("died during the trial")

    def stop(self, grace_s: float) -> None:
        """End it with all its descendants."""
        self._service.stop(grace_s)

    def record(self, stacks: tuple[Stack, ...]) -> ServerRecord:
        """What is kept of it; `stacks` are what its workers wrote of themselves."""
        command = self._profile.command(self.port, self._budget)
        return ServerRecord(
            profile=self._profile.name,
            command=("python", *command[1:]),
            facts=self._facts,
            unverified=self._unverified,
            ready_s=self._ready_s,
            usage=tuple(self._usage),
            lost_workers=tuple(sorted(self._lost)),
            pinned=self._pinned,
            stacks=stacks,
        )

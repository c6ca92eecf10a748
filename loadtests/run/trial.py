"""One trial: start, wait ready, verify, warm up and measure, drain, collect, stop, save."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.experiment import Experiment
from loadtests.matrix import TrialSpec, generator_plan
from loadtests.records import ServerRecord, UsagePoint
from loadtests.results import TrialFolder, write_whole
from loadtests.run.child import Child
from loadtests.run.workers import WorkersError, find_workers
from loadtests.run.world import World
from servers.profiles import PROFILES, Profile

READY_DEADLINE_S = 30.0
STOP_GRACE_S = 5.0
OVERTIME_S = 60.0
POLL_S = 0.02
WATCH_S = 0.2
LOCUSTFILE = Path(__file__).parent.parent / "locustfile.py"


class TrialError(Exception):
    """A trial that could not be run to its end: what happened, the last log lines, the remedy."""


@dataclass(slots=True)
class _Server:
    child: Child
    port: int
    started_ns: int
    ready_s: float = 0.0
    facts: tuple[dict[str, Any], ...] = ()
    unverified: tuple[str, ...] = ()
    usage: list[UsagePoint] = field(default_factory=list)
    cpu_by_pid: dict[int, float] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)


class TrialRun:
    """Runs one trial in a world, into a folder. Whatever happens, it stops what it started."""

    def __init__(
        self,
        world: World,
        experiment: Experiment,
        spec: TrialSpec,
        folder: TrialFolder,
        cpus: tuple[frozenset[int] | None, frozenset[int] | None],
    ) -> None:
        self._world, self._experiment, self._spec = world, experiment, spec
        self._folder = folder
        self._server_cpus, self._generator_cpus = cpus
        self._profile: Profile = PROFILES[spec.profile]
        self._budget = experiment.server_budget()

    def run(self) -> None:
        """The stages in order. Raises TrialError where one fails."""
        server = self._start_server()
        try:
            generator = self._start_generator()
            try:
                self._await_ready(server)
                self._verify(server)
                self._release(server.port)
                self._watch(server, generator)
            finally:
                generator.stop(STOP_GRACE_S)
        finally:
            server.child.stop(STOP_GRACE_S)
        self._save(server)

    def _start_server(self) -> _Server:
        port = self._world.free_port()
        child = self._world.start(
            self._profile.command(port, self._budget),
            self._profile.environment(self._budget),
            self._folder.server_log,
            self._server_cpus,
        )
        return _Server(child, port, self._world.now_ns())

    def _start_generator(self) -> Child:
        """Locust starts while the server does; it sends nothing before it finds its plan."""
        count = str(self._experiment.generators)
        options = ["--headless", "--users", count, "--spawn-rate", count]
        if count != "1":
            # Locust's master would listen on every address.
            port = str(self._world.free_port())
            options += ["--processes", count, "--master-port", port]
            options += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        quiet = ["--only-summary", "--loglevel", "WARNING"]
        locust = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE)]
        argv = [*locust, *options, *quiet, "TrialUser"]
        env = {"TESTBED_PLAN": str(self._folder.plan.absolute())}
        return self._world.start(argv, env, self._folder.generator_log, self._generator_cpus)

    def _await_ready(self, server: _Server) -> None:
        deadline_ns = server.started_ns + int(READY_DEADLINE_S * 1e9)
        while True:
            answer = self._world.fetch(server.port, "/healthz")
            if answer is not None and answer[0] == 200:
                server.ready_s = (self._world.now_ns() - server.started_ns) / 1e9
                return
            self._require_server(server, "did not start")
            if self._world.now_ns() > deadline_ns:
                raise self._error(f"was not ready after {READY_DEADLINE_S:g} s", server.child)
            self._world.sleep(POLL_S)

    def _verify(self, server: _Server) -> None:
        """Every worker must be what the profile declares."""
        try:
            found = find_workers(self._world, server.port, self._profile, self._budget)
        except WorkersError as error:
            raise self._error(str(error), server.child) from None
        server.facts, server.unverified = found

    def _release(self, port: int) -> None:
        now_ns = self._world.now_ns()
        plan = generator_plan(self._experiment, self._spec, port, self._folder, now_ns)
        write_whole(self._folder.plan, plan.model_dump_json(indent=1) + "\n")

    def _watch(self, server: _Server, generator: Child) -> None:
        """Until the generator ends: sample the server's usage, and miss any worker that goes."""
        e = self._experiment
        planned_s = e.warmup_s + e.measure_s + e.drain_s + OVERTIME_S
        deadline_ns = self._world.now_ns() + int(planned_s * 1e9)
        while (code := generator.poll()) is None:
            self._look(server)
            self._require_server(server, "died during the trial")
            if self._world.now_ns() > deadline_ns:
                raise TrialError(f"the generator did not end in time:\n{generator.tail()}")
            self._world.sleep(WATCH_S)
        self._look(server)
        self._require_server(server, "died during the trial")
        if code != 0 or len(self._folder.generators) != e.generators:
            self._folder.require_space()
            raise TrialError(f"the generator ended with exit code {code}:\n{generator.tail()}")

    def _look(self, server: _Server) -> None:
        usage = self._world.usage(server.child.pid)
        for pid, cpu_s in usage.cpu_s.items():
            server.cpu_by_pid[pid] = max(cpu_s, server.cpu_by_pid.get(pid, 0.0))
        total_s = sum(server.cpu_by_pid.values())
        now_ns = self._world.now_ns()
        server.usage.append(UsagePoint(at_ns=now_ns, cpu_s=total_s, rss_bytes=usage.rss_bytes))
        workers = {fact["pid"] for fact in server.facts}
        # The processes of a pool are the server's too, and begin when they are first needed.
        server.lost |= {
            pid for pid in workers | set(server.cpu_by_pid) if not self._world.alive(pid)
        }

    def _require_server(self, server: _Server, what: str) -> None:
        code = server.child.poll()
        if code is not None:
            raise self._error(f"{what}: it ended with exit code {code}", server.child)

    def _error(self, what: str, child: Child) -> TrialError:
        tail = child.tail()
        logged = f"; the last lines of its log:\n{tail}" if tail else "; its log is empty"
        return TrialError(f"the server of profile {self._spec.profile} {what}{logged}")

    def _save(self, server: _Server) -> None:
        command = self._profile.command(server.port, self._budget)
        record = ServerRecord(
            profile=self._spec.profile,
            command=("python", *command[1:]),
            facts=server.facts,
            unverified=server.unverified,
            ready_s=server.ready_s,
            usage=tuple(server.usage),
            lost_workers=tuple(sorted(server.lost)),
            pinned=self._server_cpus is not None,
        )
        write_whole(self._folder.server, record.model_dump_json(indent=1) + "\n")

"""A pretended machine: servers and generators that answer at once, in a time that is a number."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from loadtests.engine.exchange import Exchange
from loadtests.engine.generator import planned
from loadtests.engine.recorder import Recorder
from loadtests.plan import Address, GeneratorPlan
from loadtests.records import GeneratorReport
from loadtests.results import READY
from loadtests.run.child import Child
from loadtests.run.world import FETCH_TIMEOUT_S, Usage
from loadtests.sample_writer import SampleWriter
from loadtests.samples import ErrorKind, Outcome
from servers.budget import Budget
from servers.profiles import PROFILES

DATABASE = "postgresql://testbed:secret@127.0.0.1:4999/postgres"
"""Where a pretended database is."""


class FakeUsage:
    """CPU seconds by process, 40 MiB."""

    def __init__(self, cpu_s: Mapping[int, float]) -> None:
        self.cpu_s = cpu_s
        self.rss_bytes = 40 * 2**20


class FakeChild:
    """A process that was never started; `code` is its exit code once it has ended."""

    def __init__(self, world: FakeWorld, name: str, pid: int) -> None:
        self._world, self.name, self._pid = world, name, pid
        self.code: int | None = None

    @property
    def pid(self) -> int:
        """Its pretended id."""
        return self._pid

    def poll(self) -> int | None:
        """Its exit code."""
        return self.code

    def stop(self, grace_s: float) -> None:
        """End it, and note that it was ended."""
        del grace_s
        self.code = -15 if self.code is None else self.code
        self._world.log.append(f"stop {self.name}")

    def tail(self) -> str:
        """What it never wrote."""
        return f"    the last line of {self.name}"


class FakeGenerator(FakeChild):
    """Ends a moment after its window: then every request was answered in no time."""

    def __init__(self, world: FakeWorld, plan: Path) -> None:
        super().__init__(world, "generator", 900)
        self._file = plan
        self._plan: GeneratorPlan | None = None
        self._get_ready()

    def _get_ready(self) -> None:
        if self._world.time_ns >= self._world.generator_ready_after_ns:
            self._file.with_name(f"{READY}-0").touch()

    def poll(self) -> int | None:
        """Its exit code; it looks for its plan whenever it is asked."""
        if not self._file.exists():
            self._get_ready()
            return self.code
        self._plan = self._plan or GeneratorPlan.model_validate_json(self._file.read_bytes())
        end_ns = self._plan.origin_ns + int(self._plan.measure_s * 1e9)
        if self.code is None and self._world.time_ns > end_ns:
            self._world.log.append("generate")
            self._world.during_load()
            write_results(self._plan, self._world.latency_of(self._plan))
            self.code = 0
        return self.code


class FakeDatabase(FakeChild):
    """A database, or what prepares one: what it says, and how that ends."""

    def __init__(self, world: FakeWorld, name: str, said: str, code: int | None) -> None:
        super().__init__(world, name, 700)
        self._said, self.code = said, code

    def tail(self) -> str:
        """What it said, as a log's end is shown."""
        return "\n".join(f"    {line}" for line in self._said.splitlines())


class FakeWorld:
    """Records what is done to it in `log`.

    `during_load` is what happens while a load runs, `meanwhile` whenever time passes, and
    `latency_of` the nanoseconds in which every request of a plan is answered.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self.log: list[str] = []
        self.time_ns = 1_000_000_000
        self.dead: set[int] = set()
        self.lies: dict[str, object] = {}
        self.lies_of: dict[int, dict[str, object]] = {}
        self.healthy_after_ns = 0
        self.exporter_answers_after_ns = 0
        self.generator_ready_after_ns = 0
        self.generator: FakeChild | None = None
        self.server: FakeChild | None = None
        self.exporter: FakeChild | None = None
        self.downstream: FakeChild | None = None
        self.commands: dict[str, list[str]] = {}
        self.posted: list[str] = []
        self.database: FakeChild | None = None
        self.database_says: tuple[str, int | None] = (
            "PostgreSQL 15.1, for a test\n" + DATABASE,
            None,
        )
        self.preparing_says: tuple[str, int | None] = ("PostgreSQL 15.1", 0)
        self.during_load: Callable[[], None] = lambda: None
        self.meanwhile: Callable[[], None] = lambda: None
        self.latency_of: Callable[[GeneratorPlan], int] = lambda _: 5_000_000
        self.cpus: dict[str, frozenset[int] | None] = {}
        self.environment: dict[str, Mapping[str, str]] = {}
        self.usage_of: dict[int, float] | None = None
        self.folders: list[Path] = []
        self.ports: list[int] = []
        self.scraped_ns: list[int] = []
        self.ledgers_of_exporter: list[str] = []
        self._port_of: dict[str, int] = {}
        self._paused: set[int] = set()

    def start(
        self, argv: Sequence[str], env: Mapping[str, str], log: Path, cpus: frozenset[int] | None
    ) -> Child:
        """Pretend to start a generator, an exporter, or a server of the profile in the command."""
        log.touch()
        if "locust" in argv:
            self._started("generator", "generator", env, cpus)
            self.generator = FakeGenerator(self, Path(env["TESTBED_PLAN"]))
            return self.generator
        if "servers.exporter" in argv:
            self._started("exporter", "exporter", env, cpus)
            self._port_of["exporter"] = int(argv[argv.index("--port") + 1])
            self.ledgers_of_exporter.append(argv[argv.index("--ledgers") + 1])
            self.exporter = FakeChild(self, "exporter", 800)
            return self.exporter
        if "servers.downstream" in argv:
            self._started("downstream", "downstream", env, cpus)
            self._port_of["downstream"] = int(argv[argv.index("--port") + 1])
            self.commands["downstream"] = list(argv)
            self.downstream = FakeChild(self, "downstream", 700)
            return self.downstream
        if "database" in argv:
            return self._start_database(argv[argv.index("database") + 1], env, cpus)
        port = self.ports[-1]
        name = next(n for n, p in PROFILES.items() if p.command(port, self.budget) == list(argv))
        self._started("server", name, env, cpus)
        self._port_of["server"] = port
        self._paused.clear()
        self.server = FakeChild(self, name, 100)
        return self.server

    def _start_database(
        self, option: str, env: Mapping[str, str], cpus: frozenset[int] | None
    ) -> Child:
        if option == "--port":
            self._started("database", "database", env, cpus)
            self.database = FakeDatabase(self, "database", *self.database_says)
            return self.database
        self._started(f"database {option}", f"database {option}", env, cpus)
        return FakeDatabase(self, f"database {option}", *self.preparing_says)

    def _started(
        self, kind: str, name: str, env: Mapping[str, str], cpus: frozenset[int] | None
    ) -> None:
        self.log.append(f"start {name}")
        self.cpus[kind], self.environment[kind] = cpus, env

    def fetch(
        self, address: Address, path: str, timeout_s: float = FETCH_TIMEOUT_S, method: str = "GET"
    ) -> tuple[int, bytes] | None:
        """Answer as the started processes would; a paused worker does not answer."""
        if path == "/metrics":
            return self._scrape(address.port, timeout_s)
        if address.port == self._port_of.get("downstream"):
            return self._call(path, method)
        assert address.port == self._port_of["server"]
        assert self.server is not None
        if self.time_ns < self.healthy_after_ns or self.server.code is not None:
            return None
        if path == "/healthz":
            return 200, b"{}"
        profile = PROFILES[self.server.name]
        pids = range(101, 101 + profile.worker_processes(self.budget))
        awake = [pid for pid in pids if pid not in self._paused]
        lies = {**self.lies, **self.lies_of.get(awake[0], {})}
        facts = {"pid": awake[0], **profile.facts(self.budget), **lies}
        return 200, json.dumps(facts).encode()

    def _call(self, path: str, method: str) -> tuple[int, bytes] | None:
        assert self.downstream is not None
        if self.downstream.code is not None:
            return None
        assert path == "/healthz" or method == "POST"
        if method == "POST":
            self.posted.append(path)
        return 200, b"{}"

    def _scrape(self, port: int, timeout_s: float) -> tuple[int, bytes] | None:
        assert port == self._port_of["exporter"]
        assert self.exporter is not None
        if self.exporter.code is not None:
            return None
        if self.time_ns < self.exporter_answers_after_ns:
            self.time_ns += int(timeout_s * 1e9)
            return None
        self.scraped_ns.append(self.time_ns)
        return 200, f"scrape {len(self.scraped_ns)}".encode()

    def usage(self, pid: int) -> Usage:
        """Half a processor since the start, where a test says nothing else."""
        return FakeUsage(self.usage_of or {pid: self.time_ns / 2e9})

    def alive(self, pid: int) -> bool:
        """Whether a test has not declared it dead."""
        return pid not in self.dead

    def pause(self, pid: int) -> None:
        """Let a worker stand still."""
        self._paused.add(pid)

    def resume(self, pid: int) -> None:
        """Let it go on."""
        self._paused.discard(pid)

    def keep_to(self, cpus: frozenset[int] | None) -> None:
        """Note where the runner itself keeps to."""
        self.cpus["runner"] = cpus

    def free_port(self) -> int:
        """One that nobody else was given."""
        self.ports.append(4321 + len(self.ports))
        return self.ports[-1]

    def make_folder(self) -> Path:
        """A real one, outside of the run's folder."""
        self.log.append("make folder")
        self.folders.append(Path(tempfile.mkdtemp(prefix="testbed-")))
        return self.folders[-1]

    def remove_folder(self, folder: Path) -> None:
        """Remove it."""
        self.log.append("remove folder")
        shutil.rmtree(folder)

    def now_ns(self) -> int:
        """The pretended time."""
        return self.time_ns

    def sleep(self, seconds: float) -> None:
        """Let the pretended time pass, and what happens meanwhile happen."""
        self.time_ns += round(seconds * 1e9)
        self.meanwhile()


def write_results(plan: GeneratorPlan, latency_ns: int = 5_000_000) -> None:
    """The samples and the report of a generator whose every request was answered."""
    schedule = planned(plan)
    recorder = Recorder(plan.origin_ns)
    for at_ns, target in zip(schedule.intended_ns, schedule.targets, strict=True):
        exchange = Exchange(target, plan.origin_ns + at_ns)
        exchange.sent_ns, exchange.connect_ns = plan.origin_ns + at_ns, 0
        at_ns = plan.origin_ns + at_ns + latency_ns
        recorder.record(exchange, Outcome.COMPLETED, at_ns, 200, ErrorKind.NONE)
    recorder.close()
    writer = SampleWriter(plan.samples(0), plan.targets)
    while recorder.full:
        writer.write(recorder.full.popleft())
    writer.close()
    report = GeneratorReport(
        schedule_digest=schedule.digest,
        share=0,
        scheduled=recorder.recorded,
        loop="pretended",
        cpu_s=0.1,
        run_delay_s=0.0,
        wall_s=plan.warmup_s + plan.measure_s,
        connections=1,
    )
    plan.report(0).write_text(report.model_dump_json(), encoding="utf-8")


def disk_full() -> None:
    """What the system says when nothing more can be written."""
    raise OSError(errno.ENOSPC, "No space left on device")

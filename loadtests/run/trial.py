"""One trial: start, wait ready, verify, warm up and measure, drain, stop, collect, save."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from loadtests.experiment import Experiment
from loadtests.matrix import TrialSpec, generator_plan
from loadtests.plan import Address, GeneratorPlan
from loadtests.results import TrialFolder, write_whole
from loadtests.run.database import RunDatabase
from loadtests.run.dependencies import Dependencies
from loadtests.run.generators import TrialGenerators
from loadtests.run.instruments import STOP_GRACE_S, Instruments
from loadtests.run.jobs import TrialJobs
from loadtests.run.server import ServerUnderTest, TrialServer
from loadtests.run.service import TrialError
from loadtests.run.standing import StandingServer, target_at
from loadtests.run.world import World
from servers.profiles import PROFILES

OVERTIME_S = 60.0
WATCH_S = 0.2


class TrialRun:
    """Runs one trial in a world, into a folder. Whatever happens, it stops what it started."""

    def __init__(
        self,
        world: World,
        experiment: Experiment,
        spec: TrialSpec,
        folder: TrialFolder,
        cpus: tuple[frozenset[int] | None, frozenset[int] | None],
        database: RunDatabase,
        beside: frozenset[int] | None = None,
    ) -> None:
        """`cpus` are for the server and the generators, `beside` for what the server calls on."""
        self._world, self._experiment, self._spec = world, experiment, spec
        self._folder, self._database = folder, database
        self._server_cpus, self._generator_cpus = cpus
        self._beside_cpus = beside or cpus[1]

    def run(self) -> None:
        """The stages in order. Raises TrialError where one fails."""
        cpus = self._generator_cpus
        profile = self._spec.profile
        given = TrialJobs(self._world, self._experiment, self._spec.workload, self._folder)
        with (
            Instruments(self._world, self._experiment, profile, self._folder, cpus) as instruments,
            self._dependencies() as dependencies,
            given as jobs,
        ):
            server = self._start_server(instruments, dependencies, jobs)
            try:
                instruments.start()
                generators = TrialGenerators(
                    self._world, self._experiment, self._folder, self._generator_cpus
                )
                try:
                    dependencies.await_ready()
                    server.await_ready()
                    server.verify()
                    instruments.await_ready()
                    generators.await_ready()
                    plan = self._release(server.address, instruments.ledgers)
                    dependencies.follow(plan)
                    instruments.follow(plan)
                    self._watch(server, dependencies, generators, instruments)
                    jobs.drain(plan, server.look)
                finally:
                    generators.stop(STOP_GRACE_S)
            finally:
                server.stop(STOP_GRACE_S)
            jobs.collect()
            record = server.record(instruments.collect())
            write_whole(self._folder.server, record.model_dump_json(indent=1) + "\n")

    def _dependencies(self) -> Dependencies:
        w, e, cpus = self._world, self._experiment, self._beside_cpus
        return Dependencies(w, e, self._spec, self._folder, cpus)

    def _start_server(
        self, instruments: Instruments, dependencies: Dependencies, jobs: TrialJobs
    ) -> ServerUnderTest:
        profile, budget = PROFILES[self._spec.profile], self._experiment.server_budget()
        if self._experiment.standing is not None:
            address = target_at(self._experiment.standing.servers[profile.name])
            return StandingServer(self._world, profile, budget, address)
        ledgers = None if instruments.ledgers is None else str(instruments.ledgers)
        database = self._database.for_trial(self._spec.workload)
        called = dependencies.start(instruments.ledgers)
        calls_on = replace(called, database=database, jobs=jobs.file)
        environment = profile.environment(budget, instruments.mode, ledgers, calls_on)
        cpus = self._server_cpus
        return TrialServer(self._world, profile, budget, environment, self._folder, cpus)

    def _release(self, address: Address, ledgers: Path | None) -> GeneratorPlan:
        now_ns = self._world.now_ns()
        plan = generator_plan(
            self._experiment, self._spec, address, self._folder, now_ns, ledgers=ledgers
        )
        write_whole(self._folder.plan, plan.model_dump_json(indent=1) + "\n")
        return plan

    def _watch(
        self,
        server: ServerUnderTest,
        dependencies: Dependencies,
        generators: TrialGenerators,
        instruments: Instruments,
    ) -> None:
        """Until the generators end: scrape when it is time, and look after every process."""
        e = self._experiment
        planned_s = e.warmup_s + self._spec.measure_s + e.drain_s + OVERTIME_S
        deadline_ns = self._world.now_ns() + int(planned_s * 1e9)
        while generators.are_running():
            # Scrapes first: they have their time to keep.
            instruments.attend()
            server.look()
            dependencies.look()
            self._database.look()
            if self._world.now_ns() > deadline_ns:
                raise TrialError(f"the generator did not end in time:\n{generators.tail()}")
            self._world.sleep(min(WATCH_S, instruments.next_s()))
        instruments.attend()
        server.look()
        dependencies.look()
        self._database.look()
        generators.verify()

"""The user that a trial consists of: it runs the runner's plan on an engine, and ends Locust.

With several processes each runs one such user and takes its share of the plan.
"""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections import deque
from pathlib import Path
from typing import Any

import gevent
from locust import User, events, task
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtests import faults
from loadtests.bad_days import judged
from loadtests.engine import statistics
from loadtests.engine.engine import Engine
from loadtests.engine.generator import Share, generate
from loadtests.engine.metrics import ClientMetrics, client_ledger
from loadtests.engine.recorder import Reader
from loadtests.engine.tally import Groups
from loadtests.engine.watch import Phases, Watch, note_run, of_engine
from loadtests.plan import GeneratorPlan, Target
from loadtests.records import GeneratorReport
from loadtests.results import READY, write_whole
from loadtests.sample_writer import SampleWriter
from servers.ledger import Ledger

PLAN_VARIABLE = "TESTBED_PLAN"
PLAN_DEADLINE_S = 60.0
TICK_S = 0.2
ENDED = "testbed-trial-ended"


class TrialUser(User):
    """One per generator process: waits for the runner's plan and runs its share of it.

    The engine works in a native thread; this greenlet writes its samples and feeds Locust's
    statistics and the metrics meanwhile. Locust's exit code is 1 where the samples could not be
    written.
    """

    @task
    def run_the_plan(self) -> None:
        """The whole trial."""
        succeeded, processes = False, 1
        try:
            number = max(0, self.environment.runner.worker_index)
            plan = self._await_plan(number)
            processes = plan.processes
            share = Share(number, processes)
            report = self._run(plan, share)
            text = report.model_dump_json(indent=1)
            write_whole(plan.report(share.number), text + "\n")
            succeeded = True
        except OSError as error:
            # Where the disk is full the log is too.
            with contextlib.suppress(OSError):
                print(f"error: {faults.sentence(error)}", flush=True)
        finally:
            # Ending Locust stops this greenlet as well, so another one must do it.
            message = {"succeeded": succeeded, "processes": processes}
            gevent.spawn(self.environment.runner.send_message, ENDED, message)
        gevent.sleep(PLAN_DEADLINE_S)

    def _await_plan(self, number: int) -> GeneratorPlan:
        path = Path(os.environ[PLAN_VARIABLE])
        # What is alive now is never looked at again: once it has its plan, time is short.
        gc.collect()
        gc.freeze()
        path.with_name(f"{READY}-{number}").touch()
        deadline = time.monotonic() + PLAN_DEADLINE_S
        while not path.exists():
            if time.monotonic() > deadline:
                raise OSError(f"no plan at {path} after {PLAN_DEADLINE_S:g} s")
            gevent.sleep(0.02)
        return GeneratorPlan.model_validate_json(path.read_bytes())

    def _run(self, plan: GeneratorPlan, share: Share) -> GeneratorReport:
        feeds: deque[_Feed] = deque()
        writer = SampleWriter(plan.samples(share.number), plan.targets)
        try:
            ledger = client_ledger(plan.ledgers, plan.profile)
            begin = lambda engine: feeds.append(_Feed(engine, plan, writer, ledger))  # noqa: E731
            work = gevent.get_hub().threadpool.spawn(generate, plan, begin, share)
            while not work.ready():
                work.wait(TICK_S)
                for feed in feeds:
                    feed.pass_on(self.environment.stats)
            report: GeneratorReport = work.get()
            for feed in feeds:
                feed.pass_on(self.environment.stats)
        finally:
            writer.close()
        return report


class _Feed:
    """What an engine records, on its way to the samples, the statistics and the metrics."""

    def __init__(
        self, engine: Engine, plan: GeneratorPlan, writer: SampleWriter, ledger: Ledger
    ) -> None:
        self._engine, self._reader = engine, Reader(engine.recorder)
        self._groups = Groups(plan.targets)
        self._names = [_name(target) for target in plan.targets]
        self._methods = [target.method for target in plan.targets]
        self._judged = judged(plan)
        self._writer = writer
        self._metrics = ClientMetrics(ledger, plan.targets)
        self._watch = Watch(ledger, spins=plan.spin, measure_s=plan.measure_s)
        self._phases = Phases(ledger, plan)
        note_run(ledger, plan.run, plan.workload, plan.load)

    def pass_on(self, stats: Any) -> None:
        """Pass on what is new; a chunk is written when it is whole."""
        pool = gevent.get_hub().threadpool
        for rows, whole in self._reader.news():
            grouped = self._groups.of(rows)
            statistics.merge(grouped, self._names, stats, time.time(), self._methods)
            self._metrics.merge(grouped)
            self._watch.merge(self._judged(rows))
            if whole is not None:
                pool.apply(self._writer.write, (whole,))
        self._metrics.tick(self._engine.in_flight, self._engine.connections_opened)
        self._watch.tick(of_engine(self._engine))
        self._phases.tick(time.perf_counter_ns())


def _name(target: Target) -> str:
    """What Locust calls a request: its path, and of one that misbehaves who asks for it."""
    client = target.client
    return f"{target.path} ({client.kind})" if client and client.misbehaves else target.path


@events.init.add_listener
def _listen(environment: Environment, runner: Any, **_: Any) -> None:
    """End Locust when every process has said that its share has ended."""
    if isinstance(runner, WorkerRunner):
        return
    said: list[bool] = []
    environment.process_exit_code = 1

    def ended(environment: Environment, msg: Any, **_: Any) -> None:
        said.append(msg.data["succeeded"])
        if len(said) == msg.data["processes"]:
            environment.process_exit_code = 0 if all(said) else 1
            gevent.spawn(runner.quit)

    runner.register_message(ENDED, ended)

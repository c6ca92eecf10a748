"""Locust users: what Locust spawns, counts and shows, while the engine does the sending."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from pathlib import Path
from typing import Any

import gevent
from locust import User, task

from loadtests import faults
from loadtests.engine.generator import generate
from loadtests.engine.recorder import Recorder
from loadtests.plan import GeneratorPlan, Target
from loadtests.records import GeneratorReport
from loadtests.sample_writer import SampleWriter

PLAN_VARIABLE = "TESTBED_PLAN"
PLAN_DEADLINE_S = 60.0
TICK_S = 0.2


class TrialUser(User):
    """One per trial: waits for the runner's plan, runs it on the engine, and ends Locust.

    The engine works in a native thread; this greenlet writes its samples and feeds Locust's
    statistics meanwhile. Locust's exit code is 1 where the samples could not be written.
    """

    fixed_count = 1

    @task
    def run_the_plan(self) -> None:
        """The whole trial."""
        environment = self.environment
        environment.process_exit_code = 1
        try:
            plan = self._await_plan()
            report = self._run(plan)
            plan.report.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
            environment.process_exit_code = 0
        except OSError as error:
            # Where the disk is full the log is too.
            with contextlib.suppress(OSError):
                print(f"error: {faults.sentence(error)}", flush=True)
        finally:
            # Ending Locust stops this greenlet as well, so another one must do it.
            gevent.spawn(environment.runner.quit)
        gevent.sleep(PLAN_DEADLINE_S)

    def _await_plan(self) -> GeneratorPlan:
        path = Path(os.environ[PLAN_VARIABLE])
        deadline = time.monotonic() + PLAN_DEADLINE_S
        while not path.exists():
            if time.monotonic() > deadline:
                raise OSError(f"no plan at {path} after {PLAN_DEADLINE_S:g} s")
            gevent.sleep(0.02)
        return GeneratorPlan.model_validate_json(path.read_bytes())

    def _run(self, plan: GeneratorPlan) -> GeneratorReport:
        recorders: deque[Recorder] = deque()
        pool = gevent.get_hub().threadpool
        writer = SampleWriter(plan.samples, plan.targets)
        try:
            work = pool.spawn(generate, plan, recorders.append)
            while not work.ready():
                work.wait(TICK_S)
                self._empty(recorders, writer, plan.targets)
            report: GeneratorReport = work.get()
            self._empty(recorders, writer, plan.targets)
        finally:
            writer.close()
        return report

    def _empty(
        self, recorders: deque[Recorder], writer: SampleWriter, targets: tuple[Target, ...]
    ) -> None:
        pool = gevent.get_hub().threadpool
        for recorder in recorders:
            while recorder.full:
                pool.apply(writer.write, (recorder.full.popleft(),))
            while recorder.answers:
                self._count(targets[recorder.answers[0][0]], *recorder.answers.popleft()[1:])

    def _count(self, target: Target, latency_ms: float, fault: str | None, _at_ns: int) -> None:
        fields: dict[str, Any] = {
            "request_type": "GET",
            "name": target.path,
            "response_time": latency_ms,
            "response_length": 0,
            "exception": fault,
            "context": {},
        }
        self.environment.events.request.fire(**fields)

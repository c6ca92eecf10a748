"""One generator process's work from plan to report: warm up, measure, drain."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import uvloop

from loadtests.engine import schedule
from loadtests.engine.dispatcher import Users, replay
from loadtests.engine.engine import Engine
from loadtests.engine.recorder import Recorder
from loadtests.engine.schedule import NANOSECONDS, Schedule
from loadtests.plan import GeneratorPlan
from loadtests.records import GeneratorReport

LEAD_NS = 50_000_000
"""Between making the schedule and its first arrival, so that the first is not late."""


def planned(plan: GeneratorPlan) -> Schedule:
    """The schedule of a plan's open streams: the same on every machine."""
    return schedule.make(plan.arrivals, plan.seed, -plan.warmup_s, plan.measure_s)


def generate(plan: GeneratorPlan, begin: Callable[[Recorder], None]) -> GeneratorReport:
    """Run a plan on an event loop of this thread and return what the generator says of itself.

    `begin` is handed the recorder before the first request, so that another thread can empty it.
    """
    arrivals = planned(plan)
    origin_ns = perf_counter_ns() + LEAD_NS + int(plan.warmup_s * NANOSECONDS)
    recorder = Recorder(origin_ns)
    begin(recorder)
    loop: Any = uvloop.new_event_loop()
    started = perf_counter_ns(), time.thread_time(), _run_delay_s()
    try:
        connections = loop.run_until_complete(_run(plan, arrivals, recorder))
    finally:
        loop.close()
        recorder.close()
    delay_s = _run_delay_s()
    return GeneratorReport(
        origin_ns=origin_ns,
        schedule_digest=arrivals.digest,
        scheduled=recorder.recorded,
        loop=f"{type(loop).__module__}.{type(loop).__qualname__}",
        cpu_s=time.thread_time() - started[1],
        run_delay_s=None if delay_s is None or started[2] is None else delay_s - started[2],
        wall_s=(perf_counter_ns() - started[0]) / NANOSECONDS,
        connections=connections,
    )


async def _run(plan: GeneratorPlan, arrivals: Schedule, recorder: Recorder) -> int:
    engine = Engine(plan.host, plan.port, plan.targets, recorder, plan.max_in_flight)
    origin_ns = recorder.origin_ns
    until_ns = origin_ns + int(plan.measure_s * NANOSECONDS)
    await _sleep_until(origin_ns - int(plan.warmup_s * NANOSECONDS))
    for stream in plan.users:
        Users(stream, engine, plan.seed, until_ns)
    await replay(arrivals, engine, origin_ns)
    await _sleep_until(until_ns)
    await engine.drain(plan.drain_s)
    return engine.connections_opened


async def _sleep_until(at_ns: int) -> None:
    ahead_ns = at_ns - perf_counter_ns()
    if ahead_ns > 0:
        await asyncio.sleep(ahead_ns / NANOSECONDS)


def _run_delay_s() -> float | None:
    """Seconds that this thread was runnable and not running, where the kernel tells (Linux)."""
    if sys.platform != "linux":
        return None
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / NANOSECONDS
    except (OSError, IndexError, ValueError):
        return None

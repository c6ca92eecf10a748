"""One generator process's work from plan to report: warm up, measure, drain."""

from __future__ import annotations

import asyncio
import gc
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns

from loadtests.engine import schedstat, schedule
from loadtests.engine.dispatcher import Dispatcher
from loadtests.engine.engine import Engine
from loadtests.engine.loops import new_event_loop
from loadtests.engine.mixed import MixedEngine
from loadtests.engine.recorder import Recorder
from loadtests.engine.schedule import NANOSECONDS, Schedule
from loadtests.engine.stamps import Captures, Stamps
from loadtests.engine.streams import Replay
from loadtests.engine.users import BEGIN_SHARE, crowd
from loadtests.plan import GeneratorPlan
from loadtests.records import GeneratorReport


@dataclass(frozen=True, slots=True)
class Share:
    """Which of the generator processes this is: they deal one schedule out among themselves."""

    number: int = 0
    of: int = 1


def planned(plan: GeneratorPlan) -> Schedule:
    """The schedule of a plan's open streams: the same on every machine."""
    return schedule.make(plan.arrivals, plan.seed, -plan.warmup_s, plan.measure_s)


def generate(
    plan: GeneratorPlan, begin: Callable[[Engine], None], share: Share | None = None
) -> GeneratorReport:
    """Run a plan on an event loop of this thread and return what the generator says of itself.

    `begin` is handed the engine before the first request, so that another thread can read its
    counts and empty its recorder.
    The schedule must be made before its first request is due: `plan.origin_ns` leaves time.
    """
    share = share or Share()
    arrivals = planned(plan)
    recorder = Recorder(plan.origin_ns)
    engine = _engine(plan, recorder, share)
    begin(engine)
    loop = new_event_loop()
    # What is alive now stays so: no collection during the load shall look at it again.
    gc.collect()
    gc.freeze()
    engine.thread = threading.get_native_id()
    started, scheduled = (perf_counter_ns(), time.thread_time()), schedstat.of_thread()
    try:
        loop.run_until_complete(_run(plan, arrivals, engine, share))
    finally:
        recorder.close()
        loop.close()
    now = schedstat.of_thread()
    delay_ns = now.delay_ns - scheduled.delay_ns if now and scheduled else None
    return GeneratorReport(
        schedule_digest=arrivals.digest,
        share=share.number,
        scheduled=recorder.recorded,
        loop=f"{type(loop).__module__}.{type(loop).__qualname__}",
        cpu_s=time.thread_time() - started[1],
        run_delay_s=None if delay_ns is None else delay_ns / NANOSECONDS,
        wall_s=(perf_counter_ns() - started[0]) / NANOSECONDS,
        connections=engine.connections_opened,
    )


def _engine(plan: GeneratorPlan, recorder: Recorder, share: Share) -> Engine:
    # By the highest rate of a burst: the part that is asked must not change with the load.
    open_rps = sum(stream.peak for stream in plan.arrivals)
    draws = random.Random(f"{plan.seed}/stamps/{share.number}")
    stamps = Stamps(plan.stamped_rps / share.of, draws, open_rps / share.of)
    captures = None
    if plan.capture is not None:
        from_ns = plan.origin_ns + round(plan.capture.from_s * NANOSECONDS)
        captures = Captures(from_ns, math.ceil(plan.capture.count / share.of), plan.seed)
    clients = {target.number: target.client for target in plan.targets if target.client}
    make = MixedEngine if clients else Engine
    engine = make(plan.host, plan.port, recorder, plan.max_in_flight, stamps, captures)
    for target in plan.targets:
        engine.add_target(target.url, None, target.method, target.body_bytes)
    if isinstance(engine, MixedEngine):
        for number, client in clients.items():
            engine.add_client(number, client)
    return engine


async def _run(plan: GeneratorPlan, arrivals: Schedule, engine: Engine, share: Share) -> None:
    until_ns = plan.origin_ns + int(plan.measure_s * NANOSECONDS)
    await _sleep_until(plan.origin_ns - int(plan.warmup_s * NANOSECONDS))
    begin_s = BEGIN_SHARE * plan.warmup_s
    users = [
        user
        for stream in plan.users
        for user in crowd(stream, engine, plan.seed, share.number, share.of, begin_s)
    ]
    dispatcher = Dispatcher(engine, asyncio.get_running_loop(), spin=plan.spin)
    replay = Replay(arrivals, plan.origin_ns, share.number, share.of)
    if len(replay):
        dispatcher.add(replay)
    await _sleep_until(until_ns)
    await dispatcher.done.wait()
    for user in users:
        user.stop()
    dispatcher.close()
    await engine.drain(plan.drain_s)


async def _sleep_until(at_ns: int) -> None:
    while (ahead_ns := at_ns - perf_counter_ns()) > 0:
        await asyncio.sleep(ahead_ns / NANOSECONDS)

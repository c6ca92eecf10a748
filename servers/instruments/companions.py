"""What runs beside the requests of a worker: heartbeats, a look at the pools, and the explainer.

Each is as light as its model allows: a timer on a loop, a greenlet of a hub, a thread that wakes
forty times a second beside threads. A worker with one thread needs none of them.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter_ns
from typing import Any

from servers.instruments import departures, explain, greenlets, own_pools, pools, waits
from servers.instruments.meter import Meter
from servers.instruments.own_pools import OwnPool
from servers.instruments.stalls import StallMeter
from servers.settings import Settings

LOOK_S = 0.025
LOOK_BEATS = 3


def start(meter: Meter, settings: Settings, own: Sequence[OwnPool] = ()) -> None:
    """Start what a synchronous worker needs, for as long as its process lives.

    `own` are the pools that its twin has opened itself.
    """
    own_pools.count(own, meter, beside=greenlets.are_used() or _threads_are_used())
    asked = own_pools.readings(own)
    if greenlets.are_used():
        _start_greenlet(meter, asked)
    elif _threads_are_used():
        threading.Thread(target=_look, args=(meter, asked), daemon=True).start()
    _start_explaining(meter, settings)


@asynccontextmanager
async def on_loop(
    meter: Meter, settings: Settings, app: Any, own: Sequence[OwnPool] = ()
) -> AsyncIterator[None]:
    """Run what an asynchronous worker needs on its loop; `own` as in `start`."""
    _start_explaining(meter, settings)
    own_pools.count(own, meter, beside=True)
    full = pools.of_loop(meter, app, own_pools.readings(own))
    task = asyncio.create_task(_beat(StallMeter(meter, perf_counter_ns()), full))
    try:
        yield
    finally:
        task.cancel()


async def _beat(stalls: StallMeter, pools_: pools.PoolMeter) -> None:
    clients = departures.Departures()
    for number in itertools.count():
        due_ns = stalls.beat(perf_counter_ns())
        if number % LOOK_BEATS == 0:
            pools_.read()
            clients.look()
        await asyncio.sleep(max(due_ns - perf_counter_ns(), 0) / 1e9)


def _start_greenlet(meter: Meter, own: pools.Asked) -> None:
    import gevent

    stalls, pool = StallMeter(meter, perf_counter_ns()), pools.of_greenlets(meter, own)

    def beat() -> None:
        for number in itertools.count():
            due_ns = stalls.beat(perf_counter_ns())
            if number % LOOK_BEATS == 0:
                pool.read()
            gevent.sleep(max(due_ns - perf_counter_ns(), 0) / 1e9)

    gevent.spawn(beat)


def _threads_are_used() -> bool:
    return "gunicorn.workers.gthread" in sys.modules


def _look(meter: Meter, own: pools.Asked) -> None:
    pool = pools.of_threads(meter, own)
    while True:
        pool.read()
        time.sleep(LOOK_S)


def _start_explaining(meter: Meter, settings: Settings) -> None:
    waits.watch()
    path = meter.path(".stacks")
    if settings.instruments == "explain" and path is not None:
        explain.start(path)

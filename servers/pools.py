"""Where the asynchronous twin runs what would hold its loop: there, in threads or processes.

Work that has begun in a thread or process cannot be stopped. So whoever asks waits for a place
first, on the loop: there it hears whether its client is still there.
"""

from __future__ import annotations

import asyncio
import math
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, Protocol, TypeVar

from anyio import CapacityLimiter, WouldBlock, to_thread
from starlette.applications import Starlette
from starlette.requests import Request

from servers.calling.looped import Calls
from servers.instruments.leaving import unless_gone
from servers.instruments.offload import offloaded
from servers.jobs import on_loop
from servers.lifeline import exit_with_parent
from servers.settings import Settings
from servers.work import compute

Result = TypeVar("Result")


class Runner(Protocol):
    """Runs a function of one number somewhere, and awaits its result.

    It raises `Gone` where the client of `request` leaves before that has begun.
    """

    def __call__(
        self, work: Callable[[int], Result], amount: int, request: Request | None = None, /
    ) -> Awaitable[Result]: ...


@dataclass(frozen=True, slots=True)
class Pools:
    """The runners of one worker; `blocking` and `computing` are chosen once, by the placement.

    `places` are those of `processes`, which never have more than they work at.
    """

    settings: Settings
    threads: CapacityLimiter
    places: CapacityLimiter
    processes: ProcessPoolExecutor
    in_thread: Runner
    in_process: Runner
    blocking: Runner
    computing: Runner

    def facts(self) -> dict[str, object]:
        """The sizes as the live pools report them, and who uses them."""
        return {
            "threads": int(self.threads.total_tokens),
            "pool_processes": getattr(self.processes, "_max_workers", None),
            "placement": "loop" if self.blocking is in_loop else "pools",
        }


async def in_loop(
    work: Callable[[int], Result], amount: int, request: Request | None = None, /
) -> Result:
    """Run the function here: every other request of this worker waits for it."""
    return work(amount)


async def in_turn(
    places: CapacityLimiter,
    run: Callable[..., Awaitable[Any]],
    work: Callable[[int], Result],
    amount: int,
    request: Request | None = None,
    /,
) -> Result:
    """Run the function by `run`, as soon as there is a place.

    Only who has to wait for one listens for its client meanwhile: that costs more than a place.
    """
    try:
        places.acquire_nowait()
    except WouldBlock:
        await unless_gone(request, places.acquire())
    try:
        return await offloaded(run, work, amount)
    finally:
        places.release()


def pools_of(request: Request) -> Pools:
    """The pools of the worker that answers this request."""
    pools: Pools = request.app.state.pools
    return pools


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the pools before the first request and close them after the last."""
    settings: Settings = app.state.settings
    exit_with_parent()
    context = _Spawn()
    with ProcessPoolExecutor(settings.pool_processes, context, initializer=_prepare) as processes:
        app.state.pools = _open(settings, processes)
        if settings.placement == "pools":
            runs = [app.state.pools.in_process(compute, 1) for _ in range(settings.pool_processes)]
            await asyncio.gather(*runs)
        meter = getattr(app.state, "meter", None)
        async with (
            Calls(settings, meter) as app.state.calls,
            on_loop.serving(settings, meter, app.state.pools.computing) as app.state.jobs,
            aclosing(app.state.database) as database,
        ):
            await database.open()
            yield


def _open(settings: Settings, processes: ProcessPoolExecutor) -> Pools:
    # Everything that asks AnyIO for a thread shares the default limiter, so it carries the size.
    limiter = to_thread.current_default_thread_limiter()
    limiter.total_tokens = settings.threads
    # Who has a token of that needs no other one.
    thread = partial(to_thread.run_sync, limiter=CapacityLimiter(math.inf))
    in_thread: Runner = partial(in_turn, limiter, thread)
    # Rule: as many as there are processes. What the executor is given beyond, it hands on to them
    # before they are free, and takes none of it back.
    places = CapacityLimiter(settings.pool_processes)
    process = partial(asyncio.get_running_loop().run_in_executor, processes)
    in_process: Runner = partial(in_turn, places, process)
    pooled = settings.placement == "pools"
    return Pools(
        settings=settings,
        threads=limiter,
        places=places,
        processes=processes,
        in_thread=in_thread,
        in_process=in_process,
        blocking=in_thread if pooled else in_loop,
        computing=in_process if pooled else in_loop,
    )


# Ctrl-C and a stop reach the whole group; the worker decides when its pool ends.
_STOPS = (signal.SIGINT, signal.SIGTERM)


class _Process(SpawnProcess):
    """A process that a stop of the group does not end before it can ignore it."""

    def start(self) -> None:
        # What is blocked here stays so in what begins here.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Spawn(SpawnContext):
    Process = _Process


def _prepare() -> None:
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    exit_with_parent()

"""The service itself: it answers late, as it was told to, and holds nothing while it waits.

`GET /wait?ms=` takes a time that is drawn with that mean. Where only some may be served at once,
the others wait for their turn, as in a service with so many workers. `POST /stall?from_ns=&to_ns=`
names a window of the monotonic clock in which no call is answered: it comes when the window ends.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import perf_counter_ns

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servers.downstream.counts import Counts
from servers.downstream.draws import Draws
from servers.endpoint import Endpoint, Parameter, Problem, render

MAX_MS = 10_000
MAX_STALL_S = 600
BEAT_S = 0.1
"""How often it notes what its process has used."""

WAIT = Endpoint(
    "/wait", "GET", (Parameter("ms", "milliseconds", 10, 0, MAX_MS, "how long on average"),),
    ("ms",), "takes a time with this mean",
)  # fmt: skip
OK = b'{"status":"ok"}'
FAILED = Problem(500, "Internal Server Error", "this call was drawn to fail").body


class Downstream:
    """One downstream service: `limit` calls are served at once, 0 for all that come."""

    def __init__(self, draws: Draws, limit: int, counts: Counts) -> None:
        self._draws, self._counts = draws, counts
        self._turns = asyncio.Semaphore(limit) if limit else None
        self._number = 0
        self._stall_ns = (0, 0)

    async def wait(self, request: Request) -> Response:
        """Answer when it is time to."""
        try:
            ms = WAIT.arguments(request.scope["query_string"])["ms"]
        except Problem as problem:
            return _json(problem.body, problem.status)
        number, self._number = self._number, self._number + 1
        latency_s = self._draws.latency_s(number, ms / 1000)
        status = 500 if self._draws.fails(number) else 200
        self._counts.begin(latency_s)
        late_s = 0.0
        try:
            async with self._turn():
                late_s = await self._take(latency_s)
        finally:
            self._counts.end(status, late_s)
        return _json(FAILED if status == 500 else render({"ms": ms}), status)

    async def stall(self, request: Request) -> Response:
        """Take note of a window; it stands in the place of the one before."""
        try:
            from_ns, to_ns = (int(request.query_params[name]) for name in ("from_ns", "to_ns"))
        except (KeyError, ValueError):
            return _json(_refused("give from_ns and to_ns as whole numbers"), 422)
        if not 0 <= to_ns - from_ns <= MAX_STALL_S * 10**9:
            return _json(_refused(f"a stall may last up to {MAX_STALL_S} s"), 422)
        self._stall_ns = from_ns, to_ns
        return _json(render({"from_ns": from_ns, "to_ns": to_ns}), 200)

    async def healthz(self, _: Request) -> Response:
        """Answer at once, even while it stalls."""
        return _json(OK, 200)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._turns is None:
            yield
            return
        self._counts.wait(1)
        try:
            await self._turns.acquire()
        finally:
            self._counts.wait(-1)
        try:
            yield
        finally:
            self._turns.release()

    async def _take(self, latency_s: float) -> float:
        """Take the time, and that of a stall in which it would end; how late it was, in seconds."""
        due_ns = perf_counter_ns() + round(latency_s * 1e9)
        await asyncio.sleep(latency_s)
        while (now_ns := perf_counter_ns()) < self._stall_ns[1] and now_ns >= self._stall_ns[0]:
            due_ns = self._stall_ns[1]
            await asyncio.sleep((due_ns - now_ns) / 1e9)
        return (perf_counter_ns() - due_ns) / 1e9


def create_app(draws: Draws, limit: int, counts: Counts) -> Starlette:
    """The application, which counts into `counts` as long as it lives."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        beating = asyncio.create_task(_beat(counts))
        try:
            yield
        finally:
            beating.cancel()
            counts.use()

    service = Downstream(draws, limit, counts)
    routes = [
        Route("/wait", service.wait),
        Route("/stall", service.stall, methods=["POST"]),
        Route("/healthz", service.healthz),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _beat(counts: Counts) -> None:
    while True:
        counts.use()
        await asyncio.sleep(BEAT_S)


def _refused(detail: str) -> bytes:
    return Problem(422, "Unprocessable Content", detail).body


def _json(body: bytes, status: int) -> Response:
    return Response(body, status, media_type="application/json")

"""The asynchronous twin's calls: all of a request at once, from the loop that all requests share.

A call that waits can be told to stop: where one fails, or the client has gone, the others are
cancelled, and their connections closed.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

import httpx2
from starlette.requests import Request

from servers.calling import faults
from servers.calling.client import POOL, VISIT, Visit, limits, options, timeout, whole_s
from servers.contract import CALLS_TOTAL_S
from servers.instruments.meter import Meter
from servers.instruments.own_pools import by_caller
from servers.instruments.tasks import gathered
from servers.settings import Settings


class Calls:
    """A worker's calls to its downstream service, over connections that all its requests share."""

    def __init__(self, settings: Settings, meter: Meter | None) -> None:
        self._known = bool(settings.downstream)
        if self._known:
            self._counts = by_caller(meter, POOL, settings.downstream_connections)
            transport = _Transport(limits=limits(settings), verify=False, trust_env=False)
            self._client = httpx2.AsyncClient(transport=transport, **options(settings))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._known:
            await self._client.aclose()

    async def make(self, calls: int, ms: int) -> None:
        """Call so often for `ms` milliseconds each. Raises the `Problem` of the first failure."""
        if not self._known:
            raise faults.nobody()
        if calls == 1:
            await self._call(ms)
        else:
            await gathered([self._call(ms) for _ in range(calls)])

    async def _call(self, ms: int) -> None:
        visit = Visit(self._counts)
        seen: dict[str, Any] = {"trace": visit.trace_on_loop, VISIT: visit}
        try:
            async with asyncio.timeout(whole_s(ms, CALLS_TOTAL_S)):
                limit = timeout(ms, CALLS_TOTAL_S)
                answer = await self._client.get(
                    "/wait", params={"ms": ms}, timeout=limit, extensions=seen
                )
        except httpx2.RequestError as error:
            raise faults.problem_of(error, ms) from None
        except TimeoutError:
            raise faults.not_answered(ms) from None
        finally:
            visit.end()
        faults.check(answer.status_code)


class _Transport(httpx2.AsyncHTTPTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.extensions[VISIT].ask()
        return await super().handle_async_request(request)


def calls_of(request: Request) -> Calls:
    """The calls of the worker that answers this request."""
    calls: Calls = request.app.state.calls
    return calls

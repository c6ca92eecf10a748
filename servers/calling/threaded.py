"""The synchronous twin's calls: one after another, or through threads of the request's own.

A thread that waits for an answer cannot be told to stop. Where a call fails, those that have not
begun never do; those under way end by themselves, and nobody waits for them.
"""

from __future__ import annotations

import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import httpx2

from servers.calling import faults
from servers.calling.client import POOL, VISIT, Visit, limits, options, timeout, whole_s
from servers.contract import CALLS_TOTAL_S
from servers.instruments.helpers import helped
from servers.instruments.meter import Meter
from servers.instruments.own_pools import by_caller
from servers.instruments.unit import running
from servers.settings import Settings

_LOCK = threading.Lock()


class Calls:
    """A worker's calls to its downstream service, over connections that all its threads share."""

    def __init__(self, settings: Settings, meter: Meter | None) -> None:
        self._known = bool(settings.downstream)
        if self._known:
            self._counts = by_caller(meter, POOL, settings.downstream_connections)
            transport = _Transport(limits=limits(settings), verify=False, trust_env=False)
            self._client = httpx2.Client(transport=transport, **options(settings))
            # Closed with its application, or at the end of its worker.
            weakref.finalize(self, self._client.close)

    def make(self, calls: int, ms: int, threads: int) -> None:
        """Call so often for `ms` milliseconds each. Raises the `Problem` of the first failure."""
        if not self._known:
            raise faults.nobody()
        until_s = time.monotonic() + CALLS_TOTAL_S
        if not threads:
            for _ in range(calls):
                self._call(ms, until_s)
            return
        call = helped(lambda: self._call(ms, until_s))
        pool = ThreadPoolExecutor(min(threads, calls), "call")
        try:
            for done in as_completed([pool.submit(call) for _ in range(calls)]):
                done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _call(self, ms: int, until_s: float) -> None:
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            raise faults.took_too_long()
        request = running()
        visit = Visit(self._counts, request.course if request else None)
        seen: dict[str, Any] = {"trace": visit.trace, VISIT: visit}
        try:
            until_s = time.monotonic() + whole_s(ms, left_s)
            limit, asked = timeout(ms, left_s), {"ms": ms}
            with self._client.stream(
                "GET", "/wait", params=asked, timeout=limit, extensions=seen
            ) as answer:
                # Nothing interrupts a thread: it looks at the time whenever something has come.
                for _ in answer.iter_raw():
                    if time.monotonic() > until_s:
                        raise faults.not_answered(ms)
        except httpx2.RequestError as error:
            raise faults.problem_of(error, ms) from None
        finally:
            visit.end()
        faults.check(answer.status_code)


class _Transport(httpx2.HTTPTransport):
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.extensions[VISIT].ask()
        return super().handle_request(request)


def calls_of(app: Any, settings: Settings) -> Calls:
    """The calls of a Flask application, made when they are first needed: after every fork."""
    with _LOCK:
        found: Calls | None = app.extensions.get(POOL)
        if found is None:
            meter = getattr(app.wsgi_app, "meter", None)
            found = app.extensions[POOL] = Calls(settings, meter)
        return found

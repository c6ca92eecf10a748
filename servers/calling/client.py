"""What both twins' clients have in common: their limits, and what is seen of each visit to a pool.

Rule: a worker has one client, and so one pool of connections. The wait for a place in it is
measured where the library's transport is entered and by the first thing that it does with the
connection: it opens it, or it sends the request.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

import httpx2

from servers.calling.faults import answer_s
from servers.contract import CALL_PLACE_S
from servers.instruments.course import Course
from servers.instruments.own_pools import Counts
from servers.settings import Settings

POOL, VISIT = "downstream", "testbed.visit"
# Sooner than the service closes a connection that is idle, so that no call meets one that closes.
_KEEPALIVE_S = 30.0
_SEEN_NS = 100_000
"""From then on a wait for a place is shown in a course."""
_WAIT = "http11.receive_response_headers"


def limits(settings: Settings) -> httpx2.Limits:
    """How many connections a worker may have."""
    most = settings.downstream_connections
    return httpx2.Limits(
        max_connections=most, max_keepalive_connections=most, keepalive_expiry=_KEEPALIVE_S
    )


def options(settings: Settings) -> dict[str, Any]:
    """What every client is told: nothing of its environment, and to follow nobody elsewhere."""
    return {"base_url": settings.downstream, "trust_env": False, "follow_redirects": False}


def timeout(ms: int, left_s: float) -> httpx2.Timeout:
    """What a call may take of which `left_s` is left: for a place, and then for each thing."""
    return httpx2.Timeout(min(answer_s(ms), left_s), pool=min(CALL_PLACE_S, left_s))


def whole_s(ms: int, left_s: float) -> float:
    """How long a call may take of which `left_s` is left, with its wait for a place.

    The library's limits are for each thing that it waits for: they never end an answer that comes
    in drops.
    """
    return min(CALL_PLACE_S + answer_s(ms), left_s)


class Visit:
    """One call's visit to the pool; what it waits for is noted in its request's course."""

    __slots__ = ("_asked_ns", "_counts", "_course", "_sent_ns", "_taken")

    def __init__(self, counts: Counts, course: Course | None = None) -> None:
        self._counts, self._course = counts, course
        self._asked_ns = self._sent_ns = 0
        self._taken = False

    def ask(self) -> None:
        """It asks for a place."""
        self._asked_ns = perf_counter_ns()
        self._counts.ask()

    def trace(self, name: str, _: object) -> None:
        """Called by the library with everything that it does with the connection."""
        if not self._taken:
            self._taken = True
            now_ns = perf_counter_ns()
            self._counts.take((now_ns - self._asked_ns) / 1e9)
            if self._course is not None and now_ns - self._asked_ns > _SEEN_NS:
                self._course.blocked(self._asked_ns, now_ns)
        if self._course is None or not name.startswith(_WAIT):
            return
        if name.endswith(".started"):
            self._sent_ns = perf_counter_ns()
        else:
            self._course.blocked(self._sent_ns, perf_counter_ns())

    async def trace_on_loop(self, name: str, _: object) -> None:
        """The same for the asynchronous library, which awaits it."""
        if not self._taken:
            self.trace(name, _)

    def end(self) -> None:
        """It has its answer, or has failed, or was given up."""
        if self._taken:
            self._counts.free()
        elif self._asked_ns:
            self._counts.waited((perf_counter_ns() - self._asked_ns) / 1e9)

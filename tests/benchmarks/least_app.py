"""The asynchronous twin without instruments, doing the least that any must do when measured.

It answers with a header that was made in advance, and reads the clocks without looking at them.
"""

from __future__ import annotations

from time import perf_counter_ns, thread_time_ns

from starlette.requests import Request
from starlette.types import ASGIApp

from servers import starlette_app
from servers.instruments.answer import Answer
from servers.instruments.stamps import TIMING

_ANSWER = starlette_app.HELLO
_HEADER = TIMING % (0.1, 0.1, 0.1, 0.1, 0.1, "12345")


def answered() -> ASGIApp:
    """Its `/hello` is answered with a `Server-Timing`, always the same."""
    _ANSWER.raw_headers.append((b"server-timing", _HEADER.encode()))
    return starlette_app.create_app()


def clocked() -> ASGIApp:
    """And both clocks are read when it begins, is answered, and ends."""
    starlette_app.hello = _clocked
    return answered()


async def _clocked(request: Request) -> Answer:
    starlette_app.arguments(request, "/hello")
    for _ in range(3):
        perf_counter_ns()
        thread_time_ns()
    return _ANSWER

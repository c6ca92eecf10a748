"""Work that a request hands to a thread or process: what it costs there is the request's too."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from threading import get_ident
from time import perf_counter_ns, thread_time_ns
from typing import Any, Generic, TypeVar

from servers.instruments.unit import running

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Done(Generic[Result]):
    """A result, with who computed it, how long, and with how much processor time."""

    result: Result
    pid: int
    thread: int
    cpu_ns: int
    from_ns: int
    to_ns: int


def timed(work: Callable[[int], Result], amount: int, /) -> Done[Result]:
    """Do the work here. Importable, as a process pool needs it."""
    from_ns, cpu_ns = perf_counter_ns(), thread_time_ns()
    result = work(amount)
    cpu_ns = thread_time_ns() - cpu_ns
    return Done(result, os.getpid(), get_ident(), cpu_ns, from_ns, perf_counter_ns())


def _lane(done: Done[Any]) -> str:
    if done.pid != os.getpid():
        return f"process {done.pid}"
    return f"thread pool {_threads.setdefault(done.thread, len(_threads) + 1)}"


_threads: dict[int, int] = {}


async def offloaded(
    run: Callable[..., Awaitable[Any]],
    work: Callable[[int], Result],
    amount: int,
) -> Result:
    """Await `run(work, amount)` elsewhere; where the request is measured, it is told the cost."""
    request = running()
    if request is None:
        result: Result = await run(work, amount)
        return result
    done: Done[Result] = await run(timed, work, amount)
    request.offloaded(_lane(done), done.cpu_ns, done.from_ns, done.to_ns)
    return done.result

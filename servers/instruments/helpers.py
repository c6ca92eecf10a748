"""Threads that help with a request of the synchronous twin: what they cost is the request's too.

A thread beside its own holds nothing of its worker. A greenlet does: it runs in the one thread
that all share, and so its steps are the request's, as those of the request's own greenlet are.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import current_thread
from time import perf_counter_ns, thread_time_ns
from typing import TypeVar

from servers.instruments import greenlets
from servers.instruments.request import MeasuredRequest
from servers.instruments.unit import running

Result = TypeVar("Result")


def helped(work: Callable[[], Result]) -> Callable[[], Result]:
    """`work`, to be done by other threads for the request that this one works for."""
    if greenlets.are_used():
        request = running(greenlets.native_thread())
        helping = _as_greenlet
    else:
        request, helping = running(), _as_thread
    if request is None:
        return work
    measured = request

    def help_() -> Result:
        # Who comes too late works for nobody.
        return work() if measured.ended else helping(measured, work)

    return help_


def _as_thread(request: MeasuredRequest, work: Callable[[], Result]) -> Result:
    from_ns, cpu_ns = perf_counter_ns(), thread_time_ns()
    try:
        return work()
    finally:
        if not request.ended:
            cpu_ns = thread_time_ns() - cpu_ns
            request.offloaded(current_thread().name, cpu_ns, from_ns, perf_counter_ns())


def _as_greenlet(request: MeasuredRequest, work: Callable[[], Result]) -> Result:
    switches = greenlets.SWITCHES[greenlets.native_thread()]
    switches.begin(request)
    request.resume()
    try:
        return work()
    finally:
        switches.end()
        if not request.ended:
            request.pause()

"""The dispatcher: issues what is due of all open streams, and waits for nothing but time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from time import perf_counter_ns

from loadtests.engine.alarm import alarm
from loadtests.engine.engine import Engine
from loadtests.engine.streams import Stream

UNBROKEN = 64
"""Arrivals in a row after which a dispatcher that is behind lets the loop read answers."""


class Dispatcher:
    """Keeps open streams to their times. With `spin` the loop never sleeps while any is left.

    A request is issued at its intended time or as soon after it as the loop comes round, and
    never before. `done` is set while no stream is left.
    """

    def __init__(
        self, engine: Engine, loop: asyncio.AbstractEventLoop, *, spin: bool = False
    ) -> None:
        self._engine = engine
        self._loop = loop
        self._alarm = alarm(self._loop, self._wake)
        self._spin = spin
        self._due: list[tuple[int, int, Stream]] = []
        self._order = itertools.count()
        self._awake = False
        self.done = asyncio.Event()
        self.done.set()

    def add(self, stream: Stream) -> None:
        """Keep a stream to its times from now on."""
        heapq.heappush(self._due, (stream.at_ns, next(self._order), stream))
        self.done.clear()
        self._rest()

    def remove(self, stream: Stream) -> None:
        """Forget a stream; what it has issued goes on."""
        self._due = [entry for entry in self._due if entry[2] is not stream]
        heapq.heapify(self._due)
        self._rest()

    def close(self) -> None:
        """Forget all streams and never wake again."""
        self._due = []
        self._alarm.close()

    def _wake(self) -> None:
        self._awake = False
        due, issue = self._due, self._engine.issue
        unbroken = 0
        while due and due[0][0] <= perf_counter_ns() and unbroken < UNBROKEN:
            intended_ns, order, stream = due[0]
            target, more = stream.take()
            if more:
                heapq.heapreplace(due, (stream.at_ns, order, stream))
            else:
                heapq.heappop(due)
            issue(target, intended_ns)
            unbroken += 1
        self._rest(behind=unbroken == UNBROKEN)

    def _rest(self, *, behind: bool = False) -> None:
        """Until the next is due: by the alarm, or where time presses in the loop's next round."""
        if not self._due:
            self.done.set()
        elif self._spin or behind:
            if not self._awake:
                self._awake = True
                self._loop.call_soon(self._wake)
        else:
            self._alarm.set(self._due[0][0])

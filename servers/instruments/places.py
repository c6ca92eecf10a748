"""The places of a pool that a worker keeps for its own calls, told by whoever takes one.

Rule: as with the meter's counts, a number is changed and its cell written without a call in
between, so that the threads of a worker lose none of them.
"""

from __future__ import annotations

from bisect import bisect_left

from servers.instruments.meter import Meter
from servers.metrics import BUCKETS, METRICS, SUM

_WAIT = "testbed_pool_wait_seconds"


class Places:
    """One pool of a worker, by its name; without a meter it is counted for nobody."""

    def __init__(self, meter: Meter | None, pool: str, slots: int) -> None:
        self._busy = self._waiting = 0.0
        if meter is None:
            self._cells: memoryview[float] | list[float] = [0.0] * (2 + METRICS[_WAIT].cells)
            self._busy_cell, self._waiting_cell, self._wait = 0, 1, 2
            return
        series, self._cells = meter.ledger.series, meter.cells
        self._cells[series("testbed_pool_slots", pool)] = slots
        self._busy_cell = series("testbed_pool_busy_slots", pool)
        self._waiting_cell = series("testbed_pool_waiting_requests", pool)
        self._wait = series(_WAIT, pool)

    def ask(self) -> None:
        """Somebody wants a place."""
        self._waiting = waiting = self._waiting + 1.0
        self._cells[self._waiting_cell] = waiting

    def take(self, waited_ns: int) -> None:
        """It has one, after so long."""
        self.give_up(waited_ns)
        self._busy = busy = self._busy + 1.0
        self._cells[self._busy_cell] = busy

    def give_up(self, waited_ns: int) -> None:
        """It wants none any more, after so long."""
        self._waiting = waiting = self._waiting - 1.0
        self._cells[self._waiting_cell] = waiting
        seconds = waited_ns / 1e9
        bucket, total = self._wait + bisect_left(BUCKETS, seconds), self._wait + SUM
        self._cells[bucket] += 1.0
        self._cells[total] += seconds

    def free(self) -> None:
        """It gives its place back."""
        self._busy = busy = self._busy - 1.0
        self._cells[self._busy_cell] = busy

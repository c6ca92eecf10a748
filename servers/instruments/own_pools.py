"""The pools of connections that a twin opens itself, and how a worker counts their places.

There are two ways, for two kinds of libraries; both are told of the same moments by a `Counts`.

- `ByCaller`: the library does not say who waits. Whoever calls tells of each step, and whoever
  has asked waits until it has a place (the downstream service).
- By the pool: it knows itself who queues, and is asked (the database). Who finds a place free
  never waited for it; told by its caller, it would be seen to wait for a moment.

Rule: as with the meter's counts, a number is changed and its cell written without a call in
between, so that the threads of a worker lose none of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Protocol

from servers.instruments.meter import Meter
from servers.instruments.pools import Asked, PoolMeter, Reading
from servers.metrics import BUCKETS, SUM

_WAIT = "testbed_pool_wait_seconds"


class Counts:
    """Who is told what becomes of a pool's places. This one counts nothing: instruments are off."""

    def ask(self) -> None:
        """Somebody wants a place. Only `ByCaller` needs to know."""

    def take(self, seconds: float) -> None:
        """It has one, after so long. Only `ByCaller` needs to know."""

    def waited(self, seconds: float) -> None:
        """It waits no longer, after so long: with a place, or in vain."""

    def free(self) -> None:
        """It has given its place back."""


class ByCaller(Counts):
    """A pool as its callers tell of it: each asks, then takes and frees, or has waited in vain."""

    def __init__(self, meter: Meter, pool: str, slots: int) -> None:
        series, self._cells = meter.ledger.series, meter.cells
        self._busy = self._waiting = 0.0
        self._cells[series("testbed_pool_slots", pool)] = slots
        self._busy_cell = series("testbed_pool_busy_slots", pool)
        self._waiting_cell = series("testbed_pool_waiting_requests", pool)
        self._wait = series(_WAIT, pool)

    def ask(self) -> None:
        """See Counts."""
        self._waiting = waiting = self._waiting + 1.0
        self._cells[self._waiting_cell] = waiting

    def take(self, seconds: float) -> None:
        """See Counts."""
        self.waited(seconds)
        self._busy = busy = self._busy + 1.0
        self._cells[self._busy_cell] = busy

    def waited(self, seconds: float) -> None:
        """See Counts."""
        self._waiting = waiting = self._waiting - 1.0
        self._cells[self._waiting_cell] = waiting
        _add(self._cells, self._wait, seconds)

    def free(self) -> None:
        """See Counts."""
        self._busy = busy = self._busy - 1.0
        self._cells[self._busy_cell] = busy


def by_caller(meter: Meter | None, pool: str, slots: int) -> Counts:
    """Count a pool by what its callers tell; without a meter for nobody."""
    return Counts() if meter is None else ByCaller(meter, pool, slots)


class OwnPool(Protocol):
    """A pool that knows how full it is; it tells `counts` of waits and of places given back."""

    name: str
    counts: Counts

    def reading(self) -> Reading | None:
        """How full it is; None while it is closed."""


def readings(pools: Sequence[OwnPool]) -> Asked:
    """How to ask each of them, by name."""
    return {pool.name: pool.reading for pool in pools}


def count(pools: Sequence[OwnPool], meter: Meter, *, beside: bool) -> None:
    """Count what becomes of the places of these pools.

    `beside`: something beside the requests reads how full they are. Otherwise each is read where
    a place is taken and given back.
    """
    for pool in pools:
        pool.counts = _ByPool(pool, meter, None if beside else PoolMeter(meter, readings([pool])))


class _ByPool(Counts):
    def __init__(self, pool: OwnPool, meter: Meter, full: PoolMeter | None) -> None:
        self._name, self._meter, self._full = pool.name, meter, full

    def waited(self, seconds: float) -> None:
        # The series begins with the first wait: a server without a database has none.
        _add(self._meter.cells, self._meter.ledger.series(_WAIT, self._name), seconds)
        self.free()

    def free(self) -> None:
        if self._full is not None:
            self._full.read()


def _add(cells: memoryview[float], histogram: int, seconds: float) -> None:
    bucket, total = histogram + bisect_left(BUCKETS, seconds), histogram + SUM
    cells[bucket] += 1.0
    cells[total] += seconds

"""What a worker counts of a pool that its twin has opened itself, as one of connections.

How full such a pool is, is read with the others by what runs beside the requests. A worker that
has nothing beside them reads it where a place is taken and given back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Protocol

from servers.instruments.meter import Meter
from servers.instruments.pools import Asked, PoolMeter, Reading
from servers.metrics import BUCKETS, SUM


class Counts(Protocol):
    """Who is told what becomes of a pool's places."""

    def waited(self, seconds: float) -> None:
        """A request has waited so long for a place, whether it got one or not."""

    def returned(self) -> None:
        """A place was given back."""


class Uncounted:
    """Nobody: where the instruments are off."""

    def waited(self, seconds: float) -> None:
        """See Counts."""

    def returned(self) -> None:
        """See Counts."""


class OwnPool(Protocol):
    """A pool of the twin's own; it tells `counts` of its places."""

    name: str
    counts: Counts

    def reading(self) -> Reading | None:
        """How full it is; None while it is closed."""


def readings(pools: Sequence[OwnPool]) -> Asked:
    """How to ask each of them, by name."""
    return {pool.name: pool.reading for pool in pools}


def count(pools: Sequence[OwnPool], meter: Meter, *, beside: bool) -> None:
    """Count what becomes of the places of these pools.

    `beside`: something beside the requests reads how full they are.
    """
    for pool in pools:
        pool.counts = _Counted(pool, meter, None if beside else PoolMeter(meter, readings([pool])))


class _Counted:
    def __init__(self, pool: OwnPool, meter: Meter, full: PoolMeter | None) -> None:
        self._name, self._meter, self._full = pool.name, meter, full

    def waited(self, seconds: float) -> None:
        cells = self._meter.cells
        first = self._meter.ledger.series("testbed_pool_wait_seconds", self._name)
        bucket = first + bisect_left(BUCKETS, seconds)
        cells[bucket] += 1.0
        cells[first + SUM] += seconds
        self.returned()

    def returned(self) -> None:
        if self._full is not None:
            self._full.read()

"""The places of a pool that a twin opens itself, told by its callers or asked of the pool."""

from __future__ import annotations

import pytest

from servers.instruments import own_pools
from servers.instruments.meter import Meter
from servers.instruments.pools import Reading
from servers.metrics import BUCKETS, SUM
from servers.settings import Settings


def full(meter: Meter, pool: str) -> list[float]:
    """The places, those taken and those who wait."""
    names = ("slots", "busy_slots", "waiting_requests")
    return [meter.cells[meter.ledger.series(f"testbed_pool_{name}", pool)] for name in names]


def waits(meter: Meter, pool: str) -> list[float]:
    """The histogram of the waits: its buckets and its sum."""
    first = meter.ledger.series("testbed_pool_wait_seconds", pool)
    return list(meter.cells[first : first + SUM + 1])


def test_places_are_counted_as_their_callers_take_them_and_give_them_back() -> None:
    meter = Meter(Settings(), slots=1)
    counts = own_pools.by_caller(meter, "downstream", 2)
    for _ in range(3):
        counts.ask()
    assert full(meter, "downstream") == [2, 0, 3]
    counts.take(0.0)
    counts.take(0.003)
    assert full(meter, "downstream") == [2, 2, 1]
    counts.waited(2.0)
    counts.free()
    assert full(meter, "downstream") == [2, 1, 0]
    found = waits(meter, "downstream")
    assert found[0] == 1
    assert sum(found[:SUM]) == 3
    assert found[SUM] == pytest.approx(2.003)
    assert BUCKETS[0] < 0.003 < 2 < BUCKETS[-1]


class Pool:
    """A pool that knows how full it is."""

    name = "database"

    def __init__(self) -> None:
        self.counts = own_pools.Counts()
        self.full: Reading | None = None

    def reading(self) -> Reading | None:
        return self.full


@pytest.mark.parametrize("beside", [True, False])
def test_a_pool_that_knows_how_full_it_is_is_asked_where_nothing_beside_the_requests_does(
    beside: bool,
) -> None:
    meter, pool = Meter(Settings(), slots=1), Pool()
    own_pools.count([pool], meter, beside=beside)
    # It is closed.
    pool.counts.waited(2.0)
    assert full(meter, "database") == [0, 0, 0]
    pool.full = 2, 2, 1
    pool.counts.waited(0.0)
    assert full(meter, "database") == ([0, 0, 0] if beside else [2, 2, 1])
    pool.full = 2, 1, 0
    pool.counts.free()
    assert full(meter, "database") == ([0, 0, 0] if beside else [2, 1, 0])
    found = waits(meter, "database")
    assert (found[0], sum(found[:SUM]), found[SUM]) == (1, 2, 2.0)


def test_without_a_meter_nobody_is_told() -> None:
    assert type(own_pools.by_caller(None, "downstream", 2)) is own_pools.Counts

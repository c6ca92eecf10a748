"""Bursts: as many arrivals as they say, where they say, and the same on every machine."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from loadtests.engine.schedule import make
from loadtests.plan import ArrivalStream, Burst
from loadtests.workload import OpenLoad
from tests.loadtests.test_schedule import stream

BURST = Burst(factor=10.0, from_s=5.0, for_s=2.0)


def bursting(kind: str, rate: float, burst: Burst = BURST) -> ArrivalStream:
    return stream(kind, rate).model_copy(update={"burst": burst})


def test_constant_arrivals_come_ten_times_as_fast_within_the_burst_and_only_there() -> None:
    times = np.array(make((bursting("constant", 20.0),), 3, -1.0, 10.0).intended_ns) / 1e9
    gaps = np.diff(times)
    inside = (times[:-1] >= 5.0) & (times[1:] < 7.0)
    outside = (times[1:] < 5.0) | (times[:-1] >= 7.0)

    assert np.allclose(gaps[inside], 0.005)
    assert np.allclose(gaps[outside], 0.05)
    # 8 + 1 seconds of 20 and two of 200, with both ends and any phase.
    assert abs(len(times) - (9 * 20 + 2 * 200)) <= 1


def test_poisson_arrivals_of_a_burst_have_the_rate_and_variation_of_their_time() -> None:
    times = np.array(make((bursting("poisson", 100.0),), 3, 0.0, 20.0).intended_ns) / 1e9

    for low, high, rate in ((0.0, 5.0, 100.0), (5.0, 7.0, 1000.0), (7.0, 20.0, 100.0)):
        mine = times[(times >= low) & (times < high)]
        expected = rate * (high - low)
        assert abs(len(mine) - expected) < 4 * math.sqrt(expected)
        gaps = np.diff(mine)
        assert abs(gaps.std() / gaps.mean() - 1.0) < 5 / math.sqrt(len(gaps))


def test_before_its_burst_a_load_is_as_it_would_be_without() -> None:
    """To the nanosecond but for rounding: the same draws of the same seed."""
    with_, without = (
        np.array(make((one,), 3, -1.0, 5.0).intended_ns)
        for one in (bursting("poisson", 100.0), stream("poisson", 100.0))
    )

    assert len(with_) == len(without)
    assert np.abs(with_ - without).max() <= 1


@pytest.mark.parametrize(
    ("start", "end", "expected"), [(0.0, 6.0, 700.0), (6.0, 10.0, 650.0), (8.0, 9.0, 50.0)]
)
def test_a_window_that_cuts_the_burst_has_what_is_left_of_it(
    start: float, end: float, expected: float
) -> None:
    """Pieces of 50 a second, and 500 a second from 5 s to 7 s."""
    count = len(make((bursting("constant", 50.0),), 1, start, end).intended_ns)

    assert abs(count - (expected if start else 5 * 50 + 500)) <= 1


def test_the_seed_and_the_burst_make_the_schedule() -> None:
    one, same = (make((bursting("poisson", 50.0),), 1, 0.0, 10.0) for _ in range(2))
    larger = Burst(factor=11.0, from_s=5.0, for_s=2.0)
    others = [
        make((bursting("poisson", 50.0),), 2, 0.0, 10.0),
        make((bursting("poisson", 50.0, larger),), 1, 0.0, 10.0),
        make((stream("poisson", 50.0),), 1, 0.0, 10.0),
    ]

    assert one == same
    assert all(a.digest != b.digest for a, b in itertools.combinations([one, *others], 2))


def test_a_load_says_its_burst_and_what_it_offers() -> None:
    load = OpenLoad(mode="open", name="b", rate=50.0, burst=BURST)
    stream_ = bursting("poisson", 50.0)

    assert load.brief == "50 requests/s (10 times as many from 5 to 7 s)"
    assert load.text == f"open, Poisson arrivals, {load.brief}"
    assert (stream_.peak, stream_.expected(10.0)) == (500.0, 50 * 8 + 500 * 2)

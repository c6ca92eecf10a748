"""From which rate on the sides differ."""

from __future__ import annotations

from loadtests.analysis.claims.crossover import onset
from loadtests.analysis.claims.evidence import Ratio, Sign
from loadtests.analysis.claims.observed import Observation, Pair


def seen(rate: float, value: float, sign: Sign) -> Observation:
    pair = Pair("asgi", "sync", Ratio(value, None, None, value, value, 1), sign)
    return Observation("wait", f"{rate:g}/s", "", {}, "", (pair,), rate_rps=rate)


LEVEL, AHEAD = seen(10.0, 1.0, Sign.LEVEL), seen(1000.0, 1.21, Sign.AHEAD)


def test_the_slots_where_they_are_full_between_two_loads() -> None:
    assert onset([LEVEL, AHEAD], Sign.AHEAD, 4, 100.0) == (
        "from 40 requests/s on, when all 4 slots are full (4 / 100 ms)"
    )


def test_interpolated_where_they_are_not() -> None:
    # On logarithmic scales 1.1 lies half-way between 1 and 1.21, and 100 between 10 and 1000.
    told = "from between 10 and 1000 requests/s on (about 100 by interpolation)"

    assert onset([LEVEL, AHEAD], Sign.AHEAD, 4, 1.0) == told
    assert onset([LEVEL, AHEAD], Sign.AHEAD, None, None) == told


def test_of_the_side_that_is_behind_as_well() -> None:
    behind = seen(1000.0, 1 / 1.21, Sign.BEHIND)

    assert "about 100 by" in onset([LEVEL, behind], Sign.BEHIND, None, None)


def test_nothing_where_it_is_so_from_the_lightest_load_on_or_never() -> None:
    assert onset([AHEAD], Sign.AHEAD, 4, 100.0) == ""
    assert onset([LEVEL], Sign.AHEAD, 4, 100.0) == ""
    assert onset([], Sign.AHEAD, 4, 100.0) == ""

"""What a ratio may be called, at the edges of the rule."""

from __future__ import annotations

import random
import statistics

import pytest

from loadtests.analysis.decisions import Estimate, NoiseFloor
from loadtests.analysis.summary import Comparison
from loadtests.analysis.wording import judged, spread_for
from loadtests.theory.intervals import of_ratio


def ratio(median: float, low: float | None, high: float | None, n: int = 7) -> Comparison:
    ends = (median, median)
    return Comparison("wait", "25/s", "latency_p50_ms", "sync", "asgi", median, *ends, n, low, high)


@pytest.mark.parametrize(
    ("median", "low", "high", "noise", "word"),
    [
        (2.0, 1.8, 2.2, None, "higher"),
        (0.5, 0.4, 0.6, None, "lower"),
        (1.12, 1.02, 1.25, None, "higher"),
        (1.0, 0.95, 1.05, None, "no visible difference"),
        (1.05, 1.02, 1.08, None, "no visible difference"),
        (1.1, 1.02, 1.2, None, "undecided"),
        (1.05, 1.02, 1.2, None, "undecided"),
        (2.0, 0.99, 4.0, None, "undecided"),
        (1.0, 0.8, 1.2, None, "undecided"),
        (0.92, 0.88, 0.96, None, "undecided"),
        (0.9, 0.85, 0.95, None, "lower"),
        (1.2, 1.15, 1.25, 1.3, "no visible difference"),
        (1.35, 1.15, 1.5, 1.3, "higher"),
        (1.2, 1.15, 1.4, 1.3, "undecided"),
        (1.2, 1.15, 1.25, 1.02, "higher"),
    ],
)
def test_a_ratio_is_called(
    median: float, low: float, high: float, noise: float | None, word: str
) -> None:
    assert judged(ratio(median, low, high), noise) == word


def test_fewer_than_five_pairs_decide_nothing() -> None:
    assert judged(ratio(9.0, None, None, 4), None) == "undecided"
    assert judged(ratio(9.0, 8.0, 10.0, 4), None) == "undecided"
    assert judged(ratio(9.0, 8.0, 10.0, 5), None) == "higher"


@pytest.mark.parametrize(
    ("true", "expected", "least"),
    [(1.0, {"higher", "lower"}, 0.0), (1.25, {"higher"}, 0.95), (0.8, {"lower"}, 0.95)],
)
def test_what_is_true_is_found_and_what_is_not_is_not(
    true: float, expected: set[str], least: float
) -> None:
    rng = random.Random(3)
    found = []
    for _ in range(200):
        pairs = [true * rng.lognormvariate(0.0, 0.05) for _ in range(7)]
        bounds = of_ratio(pairs)
        assert bounds is not None
        found.append(judged(ratio(statistics.median(pairs), *bounds), None) in expected)

    share = sum(found) / len(found)
    assert share >= least if least else share <= 0.05


def test_the_noise_is_that_of_the_profiles_or_of_any_that_ran_twice() -> None:
    def floor(profile: str, load: str, spread: float) -> NoiseFloor:
        nothing = Estimate(1.0, None, None, 1)
        return NoiseFloor(profile, "wait", load, "latency_p50_ms", nothing, spread)

    gevent, sync, asgi = (
        floor(*f) for f in (("gevent", "25/s", 1.9), ("sync", "25/s", 1.2), ("asgi", "25/s", 1.4))
    )
    elsewhere = floor("sync", "100/s", 3.0)

    assert spread_for(ratio(1.0, 1.0, 1.0), [gevent, sync, asgi, elsewhere]) == 1.4
    assert spread_for(ratio(1.0, 1.0, 1.0), [gevent, elsewhere]) == 1.9
    assert spread_for(ratio(1.0, 1.0, 1.0), [elsewhere]) is None

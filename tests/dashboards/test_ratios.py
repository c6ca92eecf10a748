"""What a ratio is called: an observation, until enough pairs all point one way."""

import random
import statistics

import pytest

from dashboards.report.ratios import PAIRS, verdict
from loadtests.analysis.summary import Comparison


def ratio(median: float, low: float, high: float, n: int) -> Comparison:
    return Comparison("wait", "rate-100", "achieved_rps", "sync", "uvloop", median, low, high, n)


@pytest.mark.parametrize(
    ("median", "low", "high", "n", "words"),
    [
        (2.5, 2.5, 2.5, 1, "observation"),
        (2.5, 2.4, 2.6, 2, "observation"),
        (2.5, 2.4, 2.6, 5, "observation"),
        (2.5, 2.4, 2.6, 6, "uvloop is 2.50 times sync"),
        (0.4, 0.3, 0.5, 6, "uvloop is 0.400 times sync"),
        (1.5, 0.9, 2.0, 5, "observation"),
        (1.5, 0.9, 2.0, 6, "observation: pairs on both sides of 1"),
        (1.5, 1.0, 2.0, 6, "observation: pairs on both sides of 1"),
        (1.0, 1.0, 1.0, 1, "observation: no visible difference"),
        (1.05, 1.02, 1.08, 5, "observation: no visible difference"),
        (1.05, 1.02, 1.08, 6, "no visible difference"),
        (1.05, 0.5, 2.0, 6, "no visible difference"),
    ],
)
def test_a_ratio_in_words(median: float, low: float, high: float, n: int, words: str) -> None:
    assert verdict(ratio(median, low, high, n)) == words


@pytest.mark.parametrize("n", [2, 3, PAIRS])
def test_without_a_true_difference_a_finding_is_rarer_than_one_in_twenty(n: int) -> None:
    rng = random.Random(n)
    found = 0
    for _ in range(2000):
        pairs = [rng.lognormvariate(0, 0.5) for _ in range(n)]
        made = ratio(statistics.median(pairs), min(pairs), max(pairs), n)
        found += verdict(made).startswith("uvloop is")

    assert found / 2000 < 0.05

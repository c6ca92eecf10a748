"""What a ratio between two profiles may be called, by its interval over the pairs of trials."""

from __future__ import annotations

from dashboards.report.format import bounds, figure
from loadtests.analysis.summary import Comparison

# With fewer pairs a ratio has no interval.
PAIRS = 5

# Within these two a ratio of equals lies; beyond them a difference is one that matters.
LEAST, MOST = 0.9, 1.1


def verdict(comparison: Comparison) -> str:
    """A ratio in words: a difference, none that is visible, or that more trials have to say it."""
    low, high = comparison.low, comparison.high
    if low is None or high is None:
        return "observation"
    if low >= LEAST and high <= MOST:
        return "no visible difference"
    if (low > 1 or high < 1) and not LEAST <= comparison.median <= MOST:
        ratio = f"{figure(comparison.median)} times {comparison.a} ({bounds(low, high)})"
        return f"{comparison.b} is {ratio}"
    return "undecided"

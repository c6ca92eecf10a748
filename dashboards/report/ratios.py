"""A ratio between two profiles in words, by its interval and by how far equal things differed."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.report.format import bounds, figure
from loadtests.analysis.decisions import NoiseFloor
from loadtests.analysis.summary import Comparison
from loadtests.analysis.wording import PAIRS, judged, spread_for

__all__ = ["PAIRS", "verdict"]


def verdict(comparison: Comparison, floors: Sequence[NoiseFloor] = ()) -> str:
    """A ratio in words: a difference, none that is visible, or that more trials have to say it."""
    low, high = comparison.low, comparison.high
    if low is None or high is None:
        return "observation"
    found = judged(comparison, spread_for(comparison, floors))
    if found in ("higher", "lower"):
        ratio = f"{figure(comparison.median)} times {comparison.a} ({bounds(low, high)})"
        return f"{comparison.b} is {ratio}"
    return found

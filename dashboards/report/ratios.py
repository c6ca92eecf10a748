"""What a ratio between two profiles may be called, by how many pairs stand behind it."""

from __future__ import annotations

from dashboards.report.cells import VISIBLE
from dashboards.report.format import figure
from loadtests.analysis.summary import Comparison

# Without any true difference, so many pairs are all on one side of 1 once in 32 times: 3 %.
# Three pairs are one time in four.
PAIRS = 6


def verdict(comparison: Comparison) -> str:
    """A ratio in words: a finding from PAIRS pairs on that all point one way, else observed."""
    if 1 / VISIBLE <= comparison.median <= VISIBLE:
        same = "no visible difference"
        return same if comparison.n >= PAIRS else f"observation: {same}"
    if comparison.n < PAIRS:
        return "observation"
    if comparison.min <= 1 <= comparison.max:
        return "observation: pairs on both sides of 1"
    return f"{comparison.b} is {figure(comparison.median)} times {comparison.a}"

"""What a ratio may be called, by its interval and the noise here, and how a figure is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from loadtests.analysis.decisions import NoiseFloor
from loadtests.analysis.summary import Comparison

Judgement = Literal["higher", "lower", "no visible difference", "undecided"]

PAIRS = 5
"""With fewer pairs there is no interval, and a ratio is an observation only."""
VISIBLE = 1.1
"""Profiles that differ by less than this factor are not told apart, however sure it is."""


def judged(comparison: Comparison, noise: float | None) -> Judgement:
    """What b is, held against a; `noise` is the spread of the noise floor (see `spread_for`).

    The band reaches from 1/f to f, with f the greater of VISIBLE and the noise. `undecided` is
    also what fewer than PAIRS pairs give.
    """
    low, high = comparison.low, comparison.high
    if comparison.n < PAIRS or low is None or high is None:
        return "undecided"
    return called(comparison.median, low, high, max(VISIBLE, noise or 1.0))


def called(ratio: float, low: float, high: float, band: float) -> Judgement:
    """A ratio with its interval in words.

    No visible difference: the whole interval lies in the band from 1/`band` to `band`.
    Higher or lower: the interval excludes 1 and the ratio lies outside of the band.
    """
    if 1.0 / band <= low and high <= band:
        return "no visible difference"
    if low > 1.0 and ratio > band:
        return "higher"
    if high < 1.0 and ratio < 1.0 / band:
        return "lower"
    return "undecided"


def spread_for(comparison: Comparison, floors: Sequence[NoiseFloor]) -> float | None:
    """How far equal things differed under the same workload, load and metric; None if not measured.

    The greatest spread of the two profiles; where neither ran twice, of those that did.
    """
    cell = (comparison.workload, comparison.load, comparison.metric)
    here = [floor for floor in floors if (floor.workload, floor.load, floor.metric) == cell]
    own = [floor for floor in here if floor.profile in (comparison.a, comparison.b)]
    return max((floor.spread for floor in own or here), default=None)


def three_digits(value: float | None) -> str:
    """A figure in a sentence: three digits, or all that stand before the point; 0 for None."""
    value = value or 0.0
    return f"{value:.3g}" if value < 999.5 else f"{value:,.0f}"

"""The noise floor: how far a profile differs from itself where it ran twice in each repetition.

The two arms of a repetition make a pair. Differences between consecutive trials of one arm would
not do: an arm takes the earlier place in one repetition and the later one in the next, so that
they would hold what the place in the order does, which a comparison of counterbalanced pairs
cancels (method.md, section 5.3).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.analysis.compare import comparable
from loadtests.analysis.decisions import Estimate, NoiseFloor
from loadtests.analysis.metrics import METRICS, Metric
from loadtests.analysis.summary import Trial
from loadtests.theory.intervals import of_ratio

LEAST_OF_EACH_ORDER = 2
"""Pairs of either order, without which the effect of the order cannot be told from noise."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two arms of one repetition: their ratio, and whether the second ran after the first."""

    ratio: float
    in_order: bool


def noise_floor(trials: Sequence[Trial]) -> tuple[NoiseFloor, ...]:
    """The noise floor of every profile, workload, load and metric that has two arms.

    `ratio` is the median over the pairs with its interval, as in a comparison. `spread` is the
    greatest factor by which a pair differed, without what its order made of it.
    """
    kept = comparable(trials)
    cells = dict.fromkeys((t.profile, t.workload, t.load) for t in kept if t.arm == 2)
    found: list[NoiseFloor] = []
    for profile, workload, load in cells:
        here = [t for t in kept if (t.profile, t.workload, t.load) == (profile, workload, load)]
        for name, metric in METRICS.items():
            pairs = _pairs(here, metric)
            if pairs:
                estimate, spread = _estimate(pairs), round(_spread(pairs), 4)
                found.append(NoiseFloor(profile, workload, load, name, estimate, spread))
    return tuple(found)


def _pairs(trials: Sequence[Trial], metric: Metric) -> list[_Pair]:
    by_arm = {(t.role, t.repetition, t.arm): t for t in trials}
    found: list[_Pair] = []
    for role, repetition in sorted({(t.role, t.repetition) for t in trials}):
        first, second = by_arm.get((role, repetition, 1)), by_arm.get((role, repetition, 2))
        if first and second:
            below, above = metric(first), metric(second)
            if below and above:
                found.append(_Pair(above / below, first.number < second.number))
    return found


def _estimate(pairs: Sequence[_Pair]) -> Estimate:
    ratios = [pair.ratio for pair in pairs]
    bounds = of_ratio(ratios)
    return Estimate(
        value=round(statistics.median(ratios), 4),
        low=round(bounds.low, 4) if bounds else None,
        high=round(bounds.high, 4) if bounds else None,
        n=len(ratios),
    )


def _spread(pairs: Sequence[_Pair]) -> float:
    """The greatest factor, at least 1.

    With d the logarithm of a ratio, a place later in the order shifts it by +e where the second
    arm ran last and by -e where it ran first: e is half the difference of the two means of d.
    """
    last = [math.log(pair.ratio) for pair in pairs if pair.in_order]
    first = [math.log(pair.ratio) for pair in pairs if not pair.in_order]
    effect = 0.0
    if min(len(last), len(first)) >= LEAST_OF_EACH_ORDER:
        effect = (statistics.fmean(last) - statistics.fmean(first)) / 2.0
    left = [*(d - effect for d in last), *(d + effect for d in first)]
    return math.exp(max(map(abs, left)))

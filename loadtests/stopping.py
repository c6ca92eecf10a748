"""When a run has repeated enough: a rule fixed in advance, on the intervals of all its ratios.

The rule is looked at after whole repetitions only, from the fifth on, and ends at a number that was
set in advance: looking more often would find a difference sooner or later where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from loadtests.deciding import Stopping
from loadtests.theory.intervals import of_ratio

LEAST = 5


@dataclass(frozen=True, slots=True)
class Value:
    """The metrics of one valid trial, and what it is paired by."""

    workload: str
    load: str
    profile: str
    repetition: int
    metrics: Mapping[str, float]


def goes_on(rule: Stopping | None, values: Sequence[Value], repetitions: int) -> bool:
    """Whether another repetition is asked for after so many."""
    if rule is None or repetitions >= rule.most:
        return False
    # What came later must not change what was decided then.
    known = [value for value in values if value.repetition <= repetitions]
    return repetitions < LEAST or not _enough(rule, known)


def _enough(rule: Stopping, values: Sequence[Value]) -> bool:
    """Every ratio is known well enough; those that cannot be formed do not count."""
    cells = {(value.workload, value.load) for value in values}
    for cell in sorted(cells):
        here = [value for value in values if (value.workload, value.load) == cell]
        for a, b in combinations(sorted({value.profile for value in here}), 2):
            bounds = of_ratio(_ratios(here, a, b, rule.metric))
            if bounds is None:
                continue
            half = math.sqrt(bounds.high / bounds.low) - 1.0
            if half > rule.half_width:
                return False
    return True


def _ratios(values: Sequence[Value], a: str, b: str, metric: str) -> list[float]:
    found = {(v.profile, v.repetition): v.metrics.get(metric) for v in values}
    pairs = ((found.get((a, v.repetition)), found.get((b, v.repetition)))
             for v in values if v.profile == a)  # fmt: skip
    return [above / below for below, above in pairs if below and above]

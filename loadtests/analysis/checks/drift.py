"""Whether a window is of one piece: the latencies of its first half held against its second.

The medians of both halves have intervals by order statistics: H. A. David and H. N. Nagaraja,
"Order Statistics", third edition, 2003, section 7.1. These are for independent values, and requests
that follow one another are not: so many count as one as the integrated autocorrelation time says,
of whether a latency is above or below, in the window of A. D. Sokal, "Monte Carlo Methods in
Statistical Mechanics", 1996, section 3. It is taken of the second half, where a warm-up shows
least, and of what a straight line leaves of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

LEAST = 50
"""Requests without which nothing is said of a half."""
ERRORS = 3.0
"""Standard errors to each side of a median: two medians differ by chance by four and more of their
difference less than once in ten thousand times."""
MEMORY_S = 0.05
"""A host stays as it is for a while: requests within this time count as one at most."""
SOKAL = 5.0
LONGEST = 0.1
"""The part of some values beyond which their autocorrelation cannot be estimated."""
ENOUGH = 20_000
"""Values whose autocorrelation stands for that of all."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The median of the second half by that of the first, and its interval."""

    ratio: float
    low: float
    high: float


def drift_of(at_s: Values, latency_ms: Values, window_s: float) -> Drift | None:
    """The drift of latencies above zero, with their times in ascending order.

    None where they are too few, or depend on one another for too long, to tell.
    """
    middle = int(np.searchsorted(at_s, window_s / 2))
    first, second = latency_ms[:middle], latency_ms[middle:]
    if min(len(first), len(second)) < LEAST:
        return None
    together = _together(second[-ENOUGH:])
    most = window_s / 2 / MEMORY_S
    early, late = (_median(half, min(len(half) / together, most)) for half in (first, second))
    if early is None or late is None:
        return None
    return Drift(late.median / early.median, late.low / early.high, late.high / early.low)


class _Median(NamedTuple):
    low: float
    median: float
    high: float


def _median(values: Values, independent: float) -> _Median | None:
    """A median and its interval, which must lie within the values."""
    count = len(values)
    reach = ERRORS * count / (2 * math.sqrt(independent)) if independent else math.inf
    if reach > count / 2 - 1:
        return None
    low, high = math.floor(count / 2 - reach), math.ceil(count / 2 + reach)
    ordered = np.partition(values, sorted({low, count // 2, high}))
    return _Median(*(float(ordered[at]) for at in (low, count // 2, high)))


def _together(values: Values) -> float:
    """How many values that follow one another count as one; infinite where nobody can tell."""
    logarithms = np.log(values)
    at = np.arange(len(values)) - (len(values) - 1) / 2
    left = logarithms - at * float(np.dot(at, logarithms)) / float(np.dot(at, at))
    above = (left > np.median(left)).astype(np.float64)
    above -= above.mean()
    variance = float(np.dot(above, above))
    total = 1.0
    for lag in range(1, int(LONGEST * len(values)) + 1):
        total += 2 * float(np.dot(above[:-lag], above[lag:])) / variance if variance else 0.0
        if lag >= SOKAL * total:
            return max(total, 1.0)
    return math.inf

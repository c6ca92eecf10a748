"""Quantiles of raw samples: one estimator, and the samples that each quantile needs.

The estimator is the median-unbiased one: Hyndman and Fan, "Sample Quantiles in Statistical
Packages", The American Statistician 50(4), 1996, definition 8.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from loadtests.analysis.summary import Latency
from loadtests.theory.intervals import least_samples

CURVE = (
    *(0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95),
    *(0.96, 0.97, 0.975, 0.98, 0.985, 0.99, 0.9925, 0.995, 0.9975, 0.999, 0.9995, 0.9999),
)


def quantile(sorted_values: npt.NDArray[np.float64], q: float) -> float | None:
    """The q-quantile of ascending values, or None where they are too few to state it."""
    if len(sorted_values) < least_samples(q):
        return None
    # As numpy.quantile does for method="median_unbiased", which would sort a copy for each of them.
    at = len(sorted_values) * q + (1 / 3 + q * (1 - 1 / 3 - 1 / 3)) - 1
    below = math.floor(at)
    low, high = float(sorted_values[below]), float(sorted_values[below + 1])
    part = at - below
    if part >= 0.5:
        return high - (high - low) * (1 - part)
    return low + (high - low) * part


def latency(
    values_ms: npt.NDArray[np.float64], lower_bound_from_ms: float | None = None
) -> Latency:
    """Quantiles, maximum and quantile curve of latencies in milliseconds, to the microsecond.

    `lower_bound_from_ms` is the smallest of those values that are ages and not latencies.
    """
    ascending = np.sort(values_ms)
    stated = [(q, quantile(ascending, q)) for q in CURVE]
    p50, p90, p99 = (quantile(ascending, q) for q in (0.5, 0.9, 0.99))
    return Latency(
        p50=rounded(p50),
        p90=rounded(p90),
        p99=rounded(p99),
        max=rounded(float(ascending[-1])) if len(ascending) else None,
        curve=tuple((q, round(value, 3)) for q, value in stated if value is not None),
        lower_bound_from_ms=rounded(lower_bound_from_ms),
    )


def rounded(value: float | None, digits: int = 3) -> float | None:
    """A value for the summary: the same on every machine, whatever its last bits."""
    return None if value is None else round(value, digits)

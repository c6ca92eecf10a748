"""Intervals at 95 %: of means and ratios over trials, of quantiles within one, of shares.

Where the values cannot bear an interval there is none: None, and never a narrow guess.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, betaincinv, ndtr, stdtrit

CONFIDENCE = 0.95
TAIL = (1.0 - CONFIDENCE) / 2.0
LEAST_VALUES = 5
# Blocks to resample, and how many of them must lie beyond a quantile if each lay on one side of it:
# 20 for the quantiles 0.1 to 0.9, 200 for 0.99. A rule that looked at the values instead would
# state just those intervals that happen to be wrong.
LEAST_BLOCKS = 20
LEAST_BEYOND = 2

Values = npt.NDArray[np.float64]


class Bounds(NamedTuple):
    """Both ends of an interval, in the unit of the values."""

    low: float
    high: float


def of_mean(values: Sequence[float]) -> Bounds | None:
    """The interval of a mean by Student's t; None below 5 values.

    Student, "The probable error of a mean", Biometrika 6, 1908.
    """
    if len(values) < LEAST_VALUES:
        return None
    array = np.asarray(values, dtype=np.float64)
    if not np.all(np.isfinite(array)):
        raise ValueError("a value is not a finite number: leave it out")
    error = float(np.std(array, ddof=1)) / math.sqrt(len(array))
    reach = float(stdtrit(len(array) - 1, 1.0 - TAIL)) * error
    mean = float(np.mean(array))
    return Bounds(mean - reach, mean + reach)


def of_ratio(ratios: Sequence[float]) -> Bounds | None:
    """The interval of a ratio from paired ratios, by the mean of their logarithms; None below 5.

    It bounds the geometric mean and does not depend on which of the two is divided by the other.
    T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time", 2013, give intervals to
    ratios; the scale is that of P. J. Fleming and J. J. Wallace, "How not to lie with statistics",
    Communications of the ACM 29, 1986.
    """
    if any(not 0.0 < ratio < math.inf for ratio in ratios):
        raise ValueError("a ratio is not a positive, finite number: leave the pair out")
    logarithms = of_mean([math.log(ratio) for ratio in ratios])
    return None if logarithms is None else Bounds(*(math.exp(end) for end in logarithms))


def least_samples(q: float) -> int:
    """The fewest independent samples that bound a quantile from both sides: 368 for 0.99.

    The largest of n lies above the q-quantile with probability 1 - q^n, which must be 97.5 %.
    """
    if not 0.0 < q < 1.0:
        raise ValueError(f"q is {q}: give a share between 0 and 1, such as 0.99")
    return math.ceil(math.log(TAIL) / math.log(max(q, 1.0 - q)))


def of_quantile(ascending: Values, q: float) -> Bounds | None:
    """The interval of a quantile of independent samples; None where they are too few.

    Two order statistics, by the binomial distribution of the number of samples below the quantile,
    with no more than 2.5 % beyond either: H. A. David and H. N. Nagaraja, "Order Statistics",
    3rd edition, 2003, section 7.1. It assumes nothing of the distribution, but that the samples are
    independent: under load the latencies of one trial are not.
    """
    n = len(ascending)
    if n < least_samples(q):
        return None
    spread = 8.0 * math.sqrt(n * q * (1.0 - q)) + 4.0
    from_count, to_count = max(math.floor(n * q - spread), 0), min(math.ceil(n * q + spread), n)
    counts = np.arange(from_count, to_count + 1)
    at_most = bdtr(counts.astype(np.float64), n, q)
    below = int(np.searchsorted(at_most, TAIL, side="right"))
    above = int(np.searchsorted(at_most, 1.0 - TAIL))
    if below == 0 or above == len(counts) or counts[above] >= n:
        return None
    return Bounds(float(ascending[counts[below] - 1]), float(ascending[counts[above]]))


def of_quantile_in_blocks(
    values_in_time_order: Values, q: float, block: int, seed: int, resamples: int = 500
) -> Bounds | None:
    """The interval of a quantile of dependent samples, by resampling blocks of neighbours.

    The moving-block bootstrap: H. R. Künsch, "The jackknife and the bootstrap for general
    stationary observations", Annals of Statistics 17, 1989. `block` is a number of samples and
    should last five relaxation times or more. The interval is the percentile interval, expanded for
    the number of blocks as Student's t is for the number of values: T. C. Hesterberg, "What
    teachers should know about the bootstrap", The American Statistician 69, 2015.

    None below 20 blocks, below 200 for the 0.99-quantile: the longest waits come together. Of
    waits in M/D/1 at utilisations of 0.5 to 0.85, in blocks of five relaxation times, it covered
    91 to 95 % of simulations.
    """
    n = len(values_in_time_order)
    if block < 1:
        raise ValueError(f"block is {block}: give a number of samples, at least 1")
    least, blocks = least_samples(q), math.ceil(n / block)
    if n < max(least, block * max(LEAST_BLOCKS, round(LEAST_BEYOND / min(q, 1.0 - q)))):
        return None
    starts = np.random.default_rng(seed).integers(0, n - block + 1, (resamples, blocks))
    tail = float(ndtr(stdtrit(blocks - 1, TAIL) * math.sqrt(blocks / (blocks - 1))))
    ascending = np.sort(values_in_time_order)

    def reached(rank: int) -> float:
        """The share of the resamples whose quantile is at or below the value of this rank."""
        counts = _resampled_counts(values_in_time_order <= ascending[rank], starts, block)
        return float(np.mean(counts >= math.ceil(q * n)))

    low = bisect_left(range(n - 1), tail, key=reached)
    high = bisect_left(range(n - 1), 1.0 - tail, lo=low, key=reached)
    return Bounds(float(ascending[low]), float(ascending[high]))


def _resampled_counts(
    marked: npt.NDArray[np.bool_], starts: npt.NDArray[np.int64], block: int
) -> npt.NDArray[np.int64]:
    """How many samples are marked in each resample, a row of `starts` of blocks, cut to n.

    From sums over all possible blocks, so that no resample is ever built.
    """
    sums = np.concatenate(([0], np.cumsum(marked)))
    rest = len(marked) - (starts.shape[1] - 1) * block
    whole, cut = sums[block:] - sums[:-block], sums[rest:] - sums[:-rest]
    counts: npt.NDArray[np.int64] = whole[starts[:, :-1]].sum(axis=1) + cut[starts[:, -1]]
    return counts


def of_share(k: int, n: int) -> Bounds:
    """The interval of a share of which `k` of `n` independent trials were successes; exact.

    C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the
    case of the binomial", Biometrika 26, 1934: it covers at least 95 %. Of nothing, 0 to 1.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no share: give 0 ≤ k ≤ n")
    low = float(betaincinv(k, n - k + 1, TAIL)) if k else 0.0
    high = float(betaincinv(k + 1, n - k, 1.0 - TAIL)) if k < n else 1.0
    return Bounds(low, high)

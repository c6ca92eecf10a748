"""Intervals against published ones, and how often they cover what they should: 95 times of 100."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import bdtr, ndtri

from loadtests.theory import intervals
from loadtests.theory.intervals import Bounds

# More sleep in hours with one drug than with the other, of ten patients: Student 1908, table 1.
SLEEP = (1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4)


def covers(bounds: Bounds | None, truth: float) -> bool:
    assert bounds is not None
    return bounds.low <= truth <= bounds.high


def correlated(rows: int, count: int, phi: float, seed: int) -> npt.NDArray[np.float64]:
    """Rows of a normal autoregressive process of order 1, standardised: its quantiles are known."""
    shocks = np.random.default_rng(seed).standard_normal((rows, count))
    found = np.empty_like(shocks)
    found[:, 0] = shocks[:, 0]
    for n in range(1, count):
        found[:, n] = phi * found[:, n - 1] + math.sqrt(1 - phi**2) * shocks[:, n]
    return found


def test_of_a_mean_it_is_the_published_one_of_students_sleep() -> None:
    """R has these data as `sleep`; its `t.test` prints 0.7001142 to 2.4598858 of the pairs."""
    bounds = intervals.of_mean(SLEEP)

    assert bounds == pytest.approx((0.7001142, 2.4598858), abs=1e-6)


def test_of_a_ratio_it_is_that_of_its_logarithm() -> None:
    ratios = [math.exp(hours) for hours in SLEEP]
    bounds = intervals.of_ratio(ratios)

    assert bounds == pytest.approx((math.exp(0.7001142), math.exp(2.4598858)), rel=1e-6)
    inverse = intervals.of_ratio([1 / ratio for ratio in ratios])
    assert inverse == pytest.approx((math.exp(-2.4598858), math.exp(-0.7001142)), rel=1e-6)


def test_means_and_ratios_of_fewer_than_five_have_none() -> None:
    assert intervals.of_mean([1.0, 2.0, 3.0, 4.0]) is None
    assert intervals.of_ratio([1.0, 2.0, 3.0, 4.0]) is None
    assert intervals.of_ratio([]) is None
    assert intervals.of_mean([2.0] * 5) == (2.0, 2.0)


def test_means_and_ratios_cover_95_times_of_100() -> None:
    """4,000 seeded replications each, of 5 values and of 12."""
    rng = np.random.default_rng(1)
    for count in (5, 12):
        values = rng.normal(10.0, 3.0, (4000, count))
        means = [covers(intervals.of_mean(row), 10.0) for row in values.tolist()]
        assert 0.93 < np.mean(means) < 0.97
        spread = rng.lognormal(math.log(1.2), 0.3, (4000, count))
        ratios = [covers(intervals.of_ratio(row), 1.2) for row in spread.tolist()]
        assert 0.93 < np.mean(ratios) < 0.97


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(6, 1, 6), (10, 2, 9), (15, 4, 12), (20, 6, 15), (25, 8, 18), (50, 18, 33), (100, 40, 61)],
)
def test_of_the_median_they_are_the_published_ranks(count: int, low: int, high: int) -> None:
    """The ranks of the sign test, at least 95 %, that tables print for these numbers of values.

    Such as M. J. Campbell and M. J. Gardner, "Calculating confidence intervals for some
    non-parametric analyses", British Medical Journal 296, 1988.
    """
    assert intervals.of_quantile(np.arange(1.0, count + 1), 0.5) == (low, high)


@pytest.mark.parametrize(
    ("q", "least"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688), (0.01, 368)]
)
def test_a_quantile_needs_as_many_samples_as_bound_it(q: float, least: int) -> None:
    """1 - q^n ≥ 97.5 %: 368 for the 0.99-quantile, 3688 for 0.999."""
    assert intervals.least_samples(q) == least
    assert intervals.of_quantile(np.arange(float(least - 1)), q) is None
    bounds = intervals.of_quantile(np.arange(float(least)), q)
    assert bounds is not None
    assert bounds.high == least - 1 if q >= 0.5 else bounds.low == 0


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9, 0.99])
def test_the_ranks_are_as_narrow_as_the_binomial_allows(q: float) -> None:
    """No more than 2.5 % beyond either rank, and more than that beyond the next rank inwards."""
    for count in (400, 1000, 25_000, 3_000_000):
        bounds = intervals.of_quantile(np.arange(1.0, count + 1), q)
        assert bounds is not None
        low, high = int(bounds.low), int(bounds.high)
        assert bdtr(low - 1, count, q) <= 0.025 < bdtr(low, count, q)
        assert 1 - bdtr(high - 1, count, q) <= 0.025 < 1 - bdtr(high - 2, count, q)


@pytest.mark.parametrize(("q", "count"), [(0.5, 500), (0.9, 800), (0.99, 2000)])
def test_a_quantile_of_independent_samples_is_covered_95_times_of_100(q: float, count: int) -> None:
    """2,000 seeded replications of exponential samples."""
    values = np.sort(np.random.default_rng(3).exponential(1.0, (2000, count)), axis=1)
    found = [covers(intervals.of_quantile(row, q), -math.log(1 - q)) for row in values]

    assert 0.93 < np.mean(found) < 0.975


def test_a_quantile_of_dependent_samples_is_covered_95_times_of_100() -> None:
    """1,000 seeded replications; what assumes independence covers less than 90 times of 100."""
    rows = correlated(1000, 3000, 0.5, seed=4)
    truth = float(ndtri(0.8))
    blocks = [
        covers(intervals.of_quantile_in_blocks(row, 0.8, 40, seed, 200), truth)
        for seed, row in enumerate(rows)
    ]
    independent = [covers(intervals.of_quantile(np.sort(row), 0.8), truth) for row in rows]

    assert 0.93 < np.mean(blocks) < 0.97
    assert np.mean(independent) < 0.9


def test_blocks_are_resampled_as_if_each_resample_were_built() -> None:
    """The same blocks, put together one by one: the same two values."""
    values = np.random.default_rng(5).exponential(1.0, 430)
    found = intervals.of_quantile_in_blocks(values, 0.9, 20, seed=6, resamples=300)

    starts = np.random.default_rng(6).integers(0, 411, (300, 22))
    built = [np.concatenate([values[at : at + 20] for at in row])[:430] for row in starts]
    quantiles = np.sort([np.sort(one)[387 - 1] for one in built])
    # Student's t for 22 blocks, 2.0796, widened by √(22/21): 1.666 % of a normal below.
    assert found == (quantiles[math.ceil(300 * 0.01666) - 1], quantiles[-5])


def test_blocks_that_do_not_suffice_give_none() -> None:
    values = np.random.default_rng(7).exponential(1.0, 2000)

    assert intervals.of_quantile_in_blocks(values, 0.9, 101, seed=1) is None
    assert intervals.of_quantile_in_blocks(values, 0.9, 100, seed=1) is not None
    # The 0.99-quantile needs ten times the blocks, wherever the largest values are.
    assert intervals.of_quantile_in_blocks(values, 0.99, 11, seed=1) is None
    assert intervals.of_quantile_in_blocks(values, 0.01, 11, seed=1) is None
    assert intervals.of_quantile_in_blocks(values, 0.99, 10, seed=1) is not None
    assert intervals.of_quantile_in_blocks(values[:367], 0.99, 1, seed=1) is None


def test_blocks_of_waits_of_which_many_are_zero_have_a_lower_end() -> None:
    values = np.maximum(np.random.default_rng(8).normal(0.0, 1.0, 2000), 0.0)
    bounds = intervals.of_quantile_in_blocks(values, 0.45, 20, seed=1)

    assert bounds is not None
    assert bounds == (0.0, 0.0)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = correlated(1, 3000, 0.5, seed=9)[0]
    first, again, other = (
        intervals.of_quantile_in_blocks(values, 0.9, 50, seed) for seed in (1, 1, 2)
    )

    assert first == again != other


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (682, 925, 0.7076683, 0.7654066),
        (0, 10, 0.0, 1 - 0.025**0.1),
        (10, 10, 0.025**0.1, 1.0),
        (5, 10, 0.1871, 0.8129),
        (0, 0, 0.0, 1.0),
    ],
)
def test_of_a_share_it_is_clopper_and_pearson(k: int, n: int, low: float, high: float) -> None:
    """682 of 925 is the example of R's `binom.test` (from W. J. Conover 1971), which prints it.

    None of n ends at 1 - 0.025^(1/n) by definition; 5 of 10 is in the printed tables.
    """
    assert intervals.of_share(k, n) == pytest.approx((low, high), abs=5e-5)


def test_of_a_share_it_covers_at_least_95_times_of_100() -> None:
    """Exactly, by the binomial distribution of k, for any share: that is its definition."""
    for n in (7, 30, 200):
        bounds = np.array([intervals.of_share(k, n) for k in range(n + 1)])
        for share in np.linspace(0.01, 0.99, 50):
            mass = np.diff(bdtr(np.arange(n + 1.0), n, share), prepend=0.0)
            inside = (bounds[:, 0] <= share) & (share <= bounds[:, 1])
            assert np.sum(mass[inside]) >= 0.95 - 1e-12


def test_what_has_no_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="ratio is not a positive"):
        intervals.of_ratio([1.0, 1.0, 1.0, 1.0, 0.0])
    with pytest.raises(ValueError, match="not a finite number"):
        intervals.of_mean([1.0, 2.0, 3.0, 4.0, math.nan])
    with pytest.raises(ValueError, match="11 of 10"):
        intervals.of_share(11, 10)
    with pytest.raises(ValueError, match="block is 0"):
        intervals.of_quantile_in_blocks(np.zeros(100), 0.5, 0, seed=1)
    with pytest.raises(ValueError, match=r"q is 1\.0"):
        intervals.of_quantile(np.zeros(100), 1.0)
    with pytest.raises(ValueError, match=r"q is 0\.0"):
        intervals.of_quantile_in_blocks(np.zeros(100), 0.0, 1, seed=1)

"""The estimator against values that follow from its published definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loadtests.analysis import quantiles
from loadtests.theory.intervals import least_samples


@pytest.mark.parametrize(("q", "expected"), [(0.5, 500.5), (0.9, 900.6333333), (0.99, 990.6633333)])
def test_the_estimator_is_definition_8_of_hyndman_and_fan(q: float, expected: float) -> None:
    """For the values 1…n the definition gives n·q + (q + 1)/3."""
    assert quantiles.quantile(np.arange(1.0, 1001.0), q) == pytest.approx(expected, abs=1e-6)


def test_the_estimator_is_to_the_last_bit_that_of_numpy() -> None:
    """Its method of that name, for latencies of any scale and number, tied or not."""
    rng = np.random.default_rng(3)
    compared = 0
    for size in (6, 7, 36, 40, 368, 1000, 1001, 4096):
        for scale in (1e-3, 1.0, 1e6):
            values = np.sort(np.round(rng.exponential(scale, size), 4))
            for q in (*quantiles.CURVE, *rng.random(20).tolist()):
                stated = quantiles.quantile(values, q)
                if stated is not None:
                    assert stated == np.quantile(values, q, method="median_unbiased")
                    compared += 1
    assert compared > 600


@pytest.mark.parametrize(
    ("q", "count"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688), (0.01, 368)]
)
def test_a_quantile_needs_as_many_samples_as_bound_it(q: float, count: int) -> None:
    """The published minima for a two-sided interval of 95 %: 36, 72, 368, 3688."""
    assert least_samples(q) == count
    upper = max(q, 1 - q)
    assert 1 - upper**count >= 0.975 > 1 - upper ** (count - 1)


def test_a_quantile_with_too_few_samples_is_not_stated() -> None:
    assert quantiles.quantile(np.arange(367.0), 0.99) is None
    assert quantiles.quantile(np.arange(368.0), 0.99) is not None


def test_a_curve_goes_as_far_as_its_samples() -> None:
    few, many = (quantiles.latency(np.arange(1.0, n + 1)) for n in (400, 4000))

    assert few.curve[-1][0] == 0.99
    assert many.curve[-1][0] == 0.999
    assert few.max == 400.0
    assert [q for q, _ in few.curve] == sorted(q for q, _ in few.curve)


def test_of_nothing_nothing_is_stated() -> None:
    nothing = quantiles.latency(np.array([]))

    assert (nothing.p50, nothing.p90, nothing.p99, nothing.max) == (None, None, None, None)
    assert nothing.curve == ()


def test_an_exponential_distribution_comes_back_quantile_by_quantile() -> None:
    """Mean 10 ms: the q-quantile is -10·ln(1 - q); its standard error is known."""
    values = np.random.default_rng(1).exponential(10.0, 100_000)
    stated = dict(quantiles.latency(values).curve)

    for q in (0.1, 0.5, 0.9, 0.99, 0.999):
        error = 10.0 * math.sqrt(q / ((1 - q) * 100_000))
        assert stated[q] == pytest.approx(-10.0 * math.log(1 - q), abs=4 * error)

"""Distributions of parameters: their strata, and the requests that stand for them."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from loadtests.analysis.claims.kinds import asked_ms
from loadtests.analysis.subjects import WorkloadSummary
from loadtests.distributions import Distribution, mean_of, whole
from loadtests.variants import variants
from loadtests.workload import Request
from servers.contract import Parameter

MS = Parameter("ms", "milliseconds", 10, 0, 10_000, "how long it takes")
UNITS = Parameter("units", "units", 1, 1, 1_000, "how much")
BOUNDS = {"ms": MS, "units": UNITS}
SHAPES = [
    (Distribution(exponential=100.0), stats.expon(scale=100.0)),
    (
        Distribution(lognormal=100.0, sigma=0.8),
        stats.lognorm(s=0.8, scale=100.0 * math.exp(-(0.8**2) / 2)),
    ),
    (Distribution(uniform=(1, 10_000)), stats.uniform(1, 9_999)),
]


@pytest.mark.parametrize(("ours", "theirs"), SHAPES, ids=lambda one: getattr(one, "text", ""))
@pytest.mark.parametrize("count", [2, 64])
def test_each_stratum_is_stood_for_by_its_own_mean(
    ours: Distribution, theirs: stats.rv_frozen, count: int
) -> None:
    """Against SciPy: E[X | x(n/N) < X < x((n+1)/N)], which is N times the integral of x(q)."""
    found = ours.strata(count)

    assert np.mean(found) == pytest.approx(theirs.mean(), rel=1e-9)
    for n in (0, count // 2, count - 1):
        wanted, _ = integrate.quad(theirs.ppf, n / count, (n + 1) / count, limit=200)
        assert found[n] == pytest.approx(count * wanted, rel=1e-4)
        assert theirs.ppf(n / count) <= found[n] <= theirs.ppf((n + 1) / count)


@pytest.mark.parametrize(("ours", "theirs"), SHAPES, ids=lambda one: getattr(one, "text", ""))
def test_the_variants_of_a_request_have_the_mean_and_most_of_the_spread(
    ours: Distribution, theirs: stats.rv_frozen
) -> None:
    found = variants({"ms": ours}, BOUNDS)
    values = np.array([numbers["ms"] for numbers, _ in found])
    shares = np.array([share for _, share in found])

    assert shares.sum() == pytest.approx(1.0)
    mean = float(values @ shares)
    assert mean == pytest.approx(theirs.mean(), rel=1e-3)
    spread = math.sqrt(float((values - mean) ** 2 @ shares))
    assert 0.95 < spread / theirs.std() <= 1.001


@given(st.lists(st.floats(0.0, 500.0), max_size=200))
def test_whole_numbers_keep_the_sum_and_stay_near(values: list[float]) -> None:
    found = list(whole(values))

    assert abs(sum(found) - sum(values)) <= 0.5 + 1e-6
    assert all(abs(one - value) <= 1.0 + 1e-6 for one, value in zip(found, values, strict=True))


def test_a_narrow_range_is_every_number_of_it_and_a_choice_its_values() -> None:
    numbers = variants({"ms": Distribution(uniform=(5, 9))}, BOUNDS)
    picked = variants({"ms": Distribution(choice=(10, 50), weights=(3.0, 1.0))}, BOUNDS)

    assert numbers == [({"ms": ms}, 0.2) for ms in range(5, 10)]
    assert picked == [({"ms": 10}, 0.75), ({"ms": 50}, 0.25)]


def test_two_distributions_are_paired_so_that_each_keeps_its_own_and_they_are_not_alike() -> None:
    given_ = {"ms": Distribution(exponential=100.0), "units": Distribution(uniform=(10, 1_000))}
    found = variants(given_, BOUNDS)
    again = variants(given_, BOUNDS)

    assert found == again
    assert len(found) == 64
    ms, units = ([numbers[name] for numbers, _ in found] for name in ("ms", "units"))
    assert sum(ms) / 64 == pytest.approx(100.0, rel=1e-3)
    assert sum(units) / 64 == pytest.approx(505.0, rel=1e-3)
    assert abs(stats.spearmanr(ms, units).statistic) < 0.35


def test_a_choice_meets_every_stratum_of_the_other() -> None:
    given_ = {"ms": Distribution(exponential=100.0), "units": Distribution(choice=(1, 9))}
    by_units: dict[int, float] = defaultdict(float)
    for numbers, share in variants(given_, BOUNDS):
        by_units[numbers["units"]] += share * numbers["ms"]

    assert by_units[1] == pytest.approx(50.0)
    assert by_units[9] == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("text", "mean"),
    [("7", 7.0), ("exponential(100)", 100.0), ("lognormal(80,0.5)", 80.0), ("uniform(1,9)", 5.0),
     ("choice(10:3,50:1)", 20.0), ("seven", None), ("other(3)", None)],
)  # fmt: skip
def test_a_mean_is_read_from_a_request_line(text: str, mean: float | None) -> None:
    assert mean_of(text) == mean


@pytest.mark.parametrize("one", [shape for shape, _ in SHAPES], ids=lambda one: one.text)
def test_what_a_line_shows_has_the_mean_of_what_is_sent(one: Distribution) -> None:
    assert mean_of(one.text) == one.mean


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (Distribution(choice=(10, 50), weights=(3e6, 1e6)), "choice(10:3000000,50:1000000)"),
        (Distribution(choice=(10, 50), weights=(3e-7, 1e-7)), "choice(10:0.0000003,50:0.0000001)"),
        (
            Distribution(choice=(10, 50), weights=(3e22, 1e22)),
            f"choice(10:3{22 * '0'},50:1{22 * '0'})",
        ),
        (Distribution(exponential=1_234_567.8), "exponential(1234567.8)"),
        (Distribution(lognormal=2e6, sigma=1e-5), "lognormal(2000000,0.00001)"),
    ],
)
def test_a_line_has_no_exponent_and_is_read_as_it_was_written(one: Distribution, text: str) -> None:
    line = WorkloadSummary("w", "", (f"GET /wait?ms={one.text}",))

    assert one.text == text
    assert asked_ms(line) == pytest.approx(one.mean)


def test_a_line_of_an_earlier_version_may_have_an_exponent() -> None:
    line = WorkloadSummary("w", "", ("GET /wait?ms=choice(10:3e+06,50:1e+06)",))

    assert asked_ms(line) == mean_of("choice(10:3e+06,50:1e+06)") == 20.0


def test_a_distributed_request_is_one_kind_and_its_weight_is_shared_out() -> None:
    request = Request(path="/wait", params={"ms": Distribution(exponential=100.0)}, weight=3.0)

    assert request.line == "GET /wait?ms=exponential(100)"
    assert sum(one.weight for one in request.variants) == pytest.approx(3.0)
    assert {one.url.partition("=")[0] for one in request.variants} == {"/wait?ms"}
    assert len({one.url for one in request.variants}) == len(request.variants) == 63

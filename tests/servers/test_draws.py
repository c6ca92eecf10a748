"""What the downstream service draws: known distributions, from the seed and the number alone."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from servers.downstream.draws import Draws

CALLS = 20_000
MEAN_S = 0.2


def latencies(draws: Draws, mean_s: float = MEAN_S) -> list[float]:
    return [draws.latency_s(number, mean_s) for number in range(CALLS)]


def test_a_fixed_latency_is_what_was_asked_for() -> None:
    assert set(latencies(Draws(seed=3))) == {MEAN_S}


@pytest.mark.parametrize("seed", [0, 1, 2, 2**48 + 7])
def test_exponential_latencies_have_the_mean_and_the_quantiles_of_their_law(seed: int) -> None:
    found = sorted(latencies(Draws(seed, "exponential")))

    assert statistics.fmean(found) == pytest.approx(MEAN_S, rel=0.03)
    for quantile in (0.5, 0.9, 0.99):
        wanted = -MEAN_S * math.log1p(-quantile)
        assert found[int(quantile * CALLS)] == pytest.approx(wanted, rel=0.06)


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_lognormal_latencies_have_the_mean_and_the_quantiles_of_their_law(sigma: float) -> None:
    found = sorted(latencies(Draws(9, "lognormal", sigma)))

    assert statistics.fmean(found) == pytest.approx(MEAN_S, rel=0.04)
    for quantile in (0.1, 0.5, 0.9, 0.99):
        z = statistics.NormalDist().inv_cdf(quantile)
        wanted = MEAN_S * math.exp(sigma * z - sigma**2 / 2)
        assert found[int(quantile * CALLS)] == pytest.approx(wanted, rel=0.09)


@pytest.mark.parametrize("distribution", ["exponential", "lognormal"])
def test_the_nth_draw_depends_on_the_seed_and_its_number_alone(distribution: str) -> None:
    first = Draws(7, distribution, failures=0.3)  # type: ignore[arg-type]
    other = Draws(7, distribution, failures=0.3)  # type: ignore[arg-type]
    numbers = list(range(500))
    inorder = [(first.latency_s(n, 1.0), first.fails(n)) for n in numbers]
    random.Random(1).shuffle(numbers)
    shuffled = {n: (other.latency_s(n, 1.0), other.fails(n)) for n in numbers}

    assert [shuffled[n] for n in range(500)] == inorder
    # The mean that is asked for scales it and no more.
    assert first.latency_s(3, 0.5) == pytest.approx(0.5 * inorder[3][0])


def test_another_seed_draws_otherwise_and_unrelated() -> None:
    one, two = latencies(Draws(1, "exponential")), latencies(Draws(2, "exponential"))

    assert abs(statistics.correlation(one, two)) < 0.03
    # Neither does one call tell of the next.
    assert abs(statistics.correlation(one[:-1], one[1:])) < 0.03


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_a_share_of_the_calls_fails_whatever_they_take(share: float) -> None:
    draws = Draws(5, "exponential", failures=share)
    fails = [draws.fails(number) for number in range(CALLS)]
    took = latencies(draws)

    bound = 4 * math.sqrt(share * (1 - share) / CALLS)
    assert abs(statistics.fmean(fails) - share) <= bound
    if 0.1 < share < 1:
        failed = statistics.fmean(t for t, failed in zip(took, fails, strict=True) if failed)
        assert failed == pytest.approx(MEAN_S, rel=0.05)

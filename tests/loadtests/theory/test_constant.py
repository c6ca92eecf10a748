"""M/D/c against what was published of it as formulas, and against two independent computations.

No table of M/D/c was at hand to be quoted figure by figure. Held against it instead: the formulas
of Erlang (M/D/1) and of Crommelin, the approximation of Cosmetatos with its published accuracy, the
chain itself solved as a system of equations, and the recursion of Kiefer and Wolfowitz.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import pdtr, pdtrc

from loadtests.theory import constant, queues, replay


def of_crommelin(load: float, servers: int) -> float:
    """The mean wait in service times: C. D. Crommelin 1932, a sum of Poisson tails.

    Σ over l ≥ 1 of P(N ≥ l·c) - (c/a)·P(N ≥ l·c + 1), with N ~ Poisson(l·a).
    """
    utilisation = load / servers
    falls = servers * (utilisation - 1.0 - math.log(utilisation))
    steps = np.arange(1.0, 45.0 / falls + 30.0)
    tails = pdtrc(steps * servers - 1, steps * load)
    further = pdtrc(steps * servers, steps * load)
    return float(np.sum(tails - servers / load * further))


def solved_as_a_chain(load: float, servers: int, states: int) -> npt.NDArray[np.float64]:
    """How probably 0, 1, … are waiting: the chain at multiples of D, as a system of equations."""
    numbers = np.arange(states)
    to = numbers[None, :] + servers - numbers[:, None]
    moves = np.where(to >= 0, pdtr(np.maximum(to, 0), load), 0.0)
    moves[:, 1:] = np.diff(moves, axis=1)
    moves[:, -1] += 1.0 - moves.sum(axis=1)
    balance = moves.T - np.eye(states)
    balance[-1] = 1.0
    return np.asarray(np.linalg.solve(balance, np.eye(states)[-1]), dtype=np.float64)


@pytest.mark.parametrize("utilisation", [0.001, 0.1, 0.5, 0.8, 0.95, 0.99, 0.999])
def test_one_server_is_pollaczek_and_khinchine(utilisation: float) -> None:
    """E[W] = ρ·S / (2·(1 - ρ)), exactly."""
    rate, service = utilisation / 0.02, 0.02
    expected = utilisation * service / (2 * (1 - utilisation))

    assert constant.mean_wait_mdc(rate, service, 1) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("servers", "utilisation"),
    [(2, 0.3), (2, 0.95), (3, 0.9), (10, 0.7), (10, 0.97), (50, 0.9), (256, 0.9), (256, 0.99)],
)
def test_the_mean_is_the_formula_of_crommelin(servers: int, utilisation: float) -> None:
    load = utilisation * servers
    expected = of_crommelin(load, servers)

    assert constant.mean_wait_mdc(load, 1.0, servers) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("servers", "utilisation"), [(2, 0.5), (16, 0.9), (256, 0.95)])
def test_mean_and_quantiles_are_those_of_the_chain(servers: int, utilisation: float) -> None:
    """E[W] by Little's law of the mean number waiting; P(W < kD) = P(at most kc - 1 wait)."""
    load = utilisation * servers
    waiting = solved_as_a_chain(load, servers, 400)
    mean = float(np.dot(np.arange(400), waiting)) / load

    assert constant.mean_wait_mdc(load, 1.0, servers) == pytest.approx(mean, rel=1e-8)
    within_one = float(np.sum(waiting[:servers]))
    assert constant.wait_quantile_mdc(within_one, load, 1.0, servers) == pytest.approx(1, abs=1e-6)
    at_once = float(np.dot(waiting[:servers], pdtr(np.arange(servers)[::-1], load)))
    assert constant.wait_quantile_mdc(at_once * 0.999, load, 1.0, servers) == 0.0
    assert constant.wait_quantile_mdc(at_once * 1.001, load, 1.0, servers) > 0.0


def test_256_servers_at_99_percent_are_those_of_the_chain() -> None:
    load = 0.99 * 256
    waiting = solved_as_a_chain(load, 256, 1400)
    mean = float(np.dot(np.arange(1400), waiting)) / load

    assert constant.mean_wait_mdc(load, 1.0, 256) == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("q", [0.25, 0.5, 0.9, 0.99, 0.999])
def test_one_server_has_the_distribution_of_erlang(q: float) -> None:
    """A. K. Erlang, "The theory of probabilities and telephone conversations", 1909.

    P(W ≤ t) = (1 - ρ)·Σ over 0 ≤ k ≤ t/D of (-λ(t - kD))^k / k! · exp(λ(t - kD)).
    """
    rate, service = 0.8, 1.0
    t = constant.wait_quantile_mdc(q, rate, service, 1)
    left = [rate * (t - k * service) for k in range(int(t / service) + 1)]
    terms = [(-x) ** k / math.factorial(k) * math.exp(x) for k, x in enumerate(left)]

    assert (1 - rate) * math.fsum(terms) == pytest.approx(q, abs=1e-7)


@pytest.mark.parametrize(("servers", "utilisation"), [(1, 0.6), (4, 0.8), (32, 0.95)])
def test_the_quantiles_add_up_to_the_mean(servers: int, utilisation: float) -> None:
    """E[W] is the integral of the quantile function: two parts of the method that share little."""
    load = utilisation * servers
    shares = (np.arange(2000) + 0.5) / 2000
    quantiles = [constant.wait_quantile_mdc(float(q), 10 * load, 0.1, servers) for q in shares]

    mean = constant.mean_wait_mdc(10 * load, 0.1, servers)
    assert np.mean(quantiles) == pytest.approx(mean, rel=2e-3)
    assert quantiles == sorted(quantiles)


@pytest.mark.parametrize("servers", [2, 5, 10, 20])
@pytest.mark.parametrize("utilisation", [0.8, 0.9, 0.95])
def test_the_mean_is_near_the_approximation_of_cosmetatos(servers: int, utilisation: float) -> None:
    """G. P. Cosmetatos, "Approximate explicit formulae for the average queueing time in the
    processes (M/D/r) and (D/M/r)", INFOR 13, 1975: good in heavy traffic, too high otherwise, by
    T. Kimura, "Refining Cosmetatos' approximation", Journal of the OR Society 42, 1991.
    """
    load = utilisation * servers
    shape = (1 - utilisation) * (servers - 1) * (math.sqrt(4 + 5 * servers) - 2)
    factor = (1 + shape / (16 * utilisation * servers)) / 2
    approximate = factor * queues.mean_wait_mmc(load, 1.0, servers)

    assert constant.mean_wait_mdc(load, 1.0, servers) == pytest.approx(approximate, rel=0.02)


def test_the_distribution_is_the_one_of_the_recursion() -> None:
    """Kiefer and Wolfowitz's recursion over 600,000 Poisson arrivals, 4 servers, ρ = 0.7."""
    arrivals = np.cumsum(np.random.default_rng(11).exponential(1 / 2.8, 600_000))
    waits = replay.waits(arrivals, 1.0, 4)

    assert np.mean(waits) == pytest.approx(constant.mean_wait_mdc(2.8, 1.0, 4), rel=0.02)
    for q in (0.75, 0.9, 0.99, 0.999):
        expected = constant.wait_quantile_mdc(q, 2.8, 1.0, 4)
        assert np.mean(waits <= expected) == pytest.approx(q, abs=4 * (1 - q) / 100 + 0.0001)


def test_constant_service_waits_less_than_exponential_and_more_than_half() -> None:
    for servers in (1, 2, 8, 128):
        for utilisation in (0.3, 0.7, 0.95):
            load = utilisation * servers
            half = queues.mean_wait_mmc(load, 1.0, servers) / 2
            assert half * (1 - 1e-9) <= constant.mean_wait_mdc(load, 1.0, servers) <= 2 * half


def test_the_ends_of_the_range() -> None:
    """Nothing breaks at next to no load, next to the capacity, or beyond it."""
    assert constant.mean_wait_mdc(0.0, 0.01, 4) == 0.0
    assert constant.wait_quantile_mdc(0.99, 0.0, 0.01, 4) == 0.0
    assert constant.mean_wait_mdc(1e-12, 1.0, 1) == pytest.approx(5e-13, rel=1e-4)
    assert constant.mean_wait_mdc(1e-12, 1.0, 3) == pytest.approx(0.0, abs=1e-20)
    assert constant.mean_wait_mdc(1e-300, 1.0, 3) == pytest.approx(0.0, abs=1e-20)
    assert constant.mean_wait_mdc(400.0, 0.01, 4) == math.inf
    assert constant.wait_quantile_mdc(0.5, 500.0, 0.01, 4) == math.inf
    near = 1 - 1e-9
    assert constant.mean_wait_mdc(near, 1.0, 1) == pytest.approx(near / 2e-9, rel=1e-3)
    # In heavy traffic the wait is exponential: the 0.99-quantile is ln(100) means.
    heavy = constant.wait_quantile_mdc(0.99, 8 * near, 1.0, 8)
    assert heavy / constant.mean_wait_mdc(8 * near, 1.0, 8) == pytest.approx(
        math.log(100), rel=2e-3
    )
    assert math.isfinite(constant.wait_quantile_mdc(1 - 1e-16, 0.5, 1.0, 1))


def test_what_is_no_quantile_is_refused() -> None:
    with pytest.raises(ValueError, match=r"q is 1\.0"):
        constant.wait_quantile_mdc(1.0, 1.0, 0.5, 1)
    with pytest.raises(ValueError, match="servers is 0"):
        constant.mean_wait_mdc(1.0, 0.5, 0)

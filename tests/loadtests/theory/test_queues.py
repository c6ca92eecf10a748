"""M/M/c, M/G/1 and Allen–Cunneen against published tables, and against each other."""

from __future__ import annotations

import math

import pytest

from loadtests.theory import queues


@pytest.mark.parametrize(
    ("servers", "blocked", "load", "unit"),
    [
        (1, 0.01, 0.01, 0.01),
        (2, 0.01, 0.15, 0.01),
        (3, 0.01, 0.46, 0.01),
        (4, 0.01, 0.87, 0.01),
        (10, 0.01, 4.46, 0.01),
        (15, 0.01, 8.108, 0.001),
        (20, 0.01, 12.0, 0.1),
        (50, 0.01, 37.9, 0.1),
        (100, 0.01, 84.1, 0.1),
    ],
)
def test_erlang_b_is_the_published_table(
    servers: int, blocked: float, load: float, unit: float
) -> None:
    """The load in erlangs of which 1 % is lost, as the traffic tables print it.

    J. Dunlop, D. Girma and J. Irvine, "Digital Mobile Communications and the TETRA System", 1999,
    table A.3.2; for 15 lines the example of Westbay's calculator on erlang.com. A printed load is
    within half a unit of its last figure.
    """
    assert queues.erlang_b(servers, load - unit / 2) <= blocked
    assert queues.erlang_b(servers, load + unit / 2) >= blocked


def test_erlang_b_of_one_and_two_servers_is_its_closed_form() -> None:
    """a/(1 + a), and (a²/2)/(1 + a + a²/2): the definition, for any load."""
    for load in (0.1, 1.0, 7.5):
        assert queues.erlang_b(1, load) == pytest.approx(load / (1 + load))
        square = load**2 / 2
        assert queues.erlang_b(2, load) == pytest.approx(square / (1 + load + square))


def test_erlang_b_is_stable_for_many_servers() -> None:
    """10,000 servers at a load of 10,000, by the expansion 1/B(n, n) = √(π·n/2) + 2/3 + O(1/√n).

    D. L. Jagerman, "Some properties of the Erlang loss function", Bell System Technical Journal 53,
    1974; it follows from Ramanujan's Σ over k < n of n^k/k! = exp(n)/2 - θ·n^n/n!, θ near 1/3.
    """
    expected = 1 / (math.sqrt(math.pi * 10_000 / 2) + 2 / 3)
    assert queues.erlang_b(10_000, 10_000.0) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("servers", "must_wait", "mean_wait"),
    [(1, 0.90, 9.00), (2, 0.85, 4.26), (5, 0.76, 1.53), (10, 0.67, 0.67), (20, 0.55, 0.28)],
)
def test_m_m_c_is_the_published_table(servers: int, must_wait: float, mean_wait: float) -> None:
    """I. Adan and J. Resing, "Queueing Systems", 2015, chapter 5, table of M/M/c.

    Its probability of waiting and mean wait at a mean service of 1 and a utilisation of 0.9.
    """
    load = 0.9 * servers

    assert queues.erlang_c(servers, load) == pytest.approx(must_wait, abs=0.005)
    assert queues.mean_wait_mmc(load, 1.0, servers) == pytest.approx(mean_wait, abs=0.0051)


def test_m_m_c_is_the_examples_of_bronson() -> None:
    """R. Bronson, "Schaum's Outline of Operations Research", 1982, problems 24.6 and 23.14.

    300 arrivals a year, 2 days each, 3 servers: 0.352 wait in the mean, for 0.43 days. And 30 an
    hour, 1.5 minutes each, 1 server: 2.25 wait, for 4.5 minutes.
    """
    days = queues.mean_wait_mmc(300 / 365, 2.0, 3)
    assert days == pytest.approx(0.43, abs=0.005)
    assert 300 / 365 * days == pytest.approx(0.352, abs=0.0005)
    minutes = queues.mean_wait_mmc(0.5, 1.5, 1)
    assert minutes == pytest.approx(4.5)
    assert 0.5 * minutes == pytest.approx(2.25)


@pytest.mark.parametrize(
    ("doctors", "must_wait", "mean_wait", "beyond_an_hour"),
    [(1, 0.667, 2 / 3, 0.245), (2, 0.167, 1 / 24, 0.003)],
)
def test_m_m_c_is_the_hospital_of_hillier_and_lieberman(
    doctors: int, must_wait: float, mean_wait: float, beyond_an_hour: float
) -> None:
    """F. S. Hillier, G. J. Lieberman, "Introduction to Operations Research": county hospital.

    Two patients an hour, 20 minutes each, one doctor or two: P(wait > 0), mean wait in hours and
    P(wait > 1 hour), from the table of its M/M/s example.
    """
    assert queues.erlang_c(doctors, 2 / 3) == pytest.approx(must_wait, abs=0.0005)
    assert queues.mean_wait_mmc(2.0, 1 / 3, doctors) == pytest.approx(mean_wait)
    quantile = queues.wait_quantile_mmc(1 - beyond_an_hour, 2.0, 1 / 3, doctors)
    assert quantile == pytest.approx(1.0, abs=0.06)


def test_the_quantiles_of_m_m_1_are_the_closed_form() -> None:
    """P(wait > t) = ρ·exp(-(μ - λ)·t): at λ = 80/s and 10 ms the 0.99-quantile is ln(80)/20 s."""
    assert queues.wait_quantile_mmc(0.99, 80.0, 0.01, 1) == pytest.approx(math.log(80) / 20)
    assert queues.wait_quantile_mmc(0.2, 80.0, 0.01, 1) == 0.0
    assert queues.wait_quantile_mmc(0.201, 80.0, 0.01, 1) > 0.0


def test_two_pooled_servers_against_two_queues() -> None:
    """At a utilisation of 0.8: 1.78 service times against 4.0, C = 2ρ²/(1 + ρ)."""
    assert queues.mean_wait_mmc(1.6, 1.0, 2) == pytest.approx(16 / 9)
    assert queues.mean_wait_mmc(0.8, 1.0, 1) == pytest.approx(4.0)
    assert queues.erlang_c(2, 1.6) == pytest.approx(2 * 0.64 / 1.8)


@pytest.mark.parametrize(("cs2", "expected"), [(0.0, 0.5), (1.0, 1.0), (0.25, 0.625), (4.0, 2.5)])
def test_m_g_1_is_pollaczek_and_khinchine(cs2: float, expected: float) -> None:
    """At ρ = 1/2: ρ·S·(1 + cs²)/(2(1 - ρ)); constant is half of exponential, Erlang-4 5/8 of it."""
    assert queues.mean_wait_mg1(0.5, 1.0, cs2) == pytest.approx(expected)


@pytest.mark.parametrize("servers", [1, 2, 7, 64])
def test_allen_and_cunneen_is_exact_for_m_m_c(servers: int) -> None:
    rate = 0.85 * servers
    exact = queues.mean_wait_mmc(rate, 1.0, servers)

    assert queues.mean_wait_ggc(rate, 1.0, servers, 1.0, 1.0) == pytest.approx(exact)
    assert queues.mean_wait_ggc(rate, 1.0, servers, 1.0, 0.0) == pytest.approx(exact / 2)


@pytest.mark.parametrize("cs2", [0.0, 0.5, 3.0])
def test_allen_and_cunneen_is_exact_for_m_g_1(cs2: float) -> None:
    exact = queues.mean_wait_mg1(70.0, 0.01, cs2)

    assert queues.mean_wait_ggc(70.0, 0.01, 1, 1.0, cs2) == pytest.approx(exact)


def test_at_and_beyond_the_capacity_there_is_no_end() -> None:
    for rate in (100.0, 250.0):
        assert queues.erlang_c(1, rate * 0.01) == 1.0
        assert queues.mean_wait_mmc(rate, 0.01, 1) == math.inf
        assert queues.wait_quantile_mmc(0.5, rate, 0.01, 1) == math.inf
        assert queues.mean_wait_mg1(rate, 0.01, 0.0) == math.inf
        assert queues.mean_wait_ggc(rate, 0.01, 1, 1.0, 0.0) == math.inf


def test_without_load_nobody_waits() -> None:
    assert queues.erlang_b(3, 0.0) == 0.0
    assert queues.erlang_b(0, 5.0) == 1.0
    assert queues.erlang_c(3, 0.0) == 0.0
    assert queues.mean_wait_mmc(0.0, 0.01, 3) == 0.0
    assert queues.mean_wait_mg1(50.0, 0.0, 1.0) == 0.0
    assert queues.wait_quantile_mmc(0.999, 0.0, 0.01, 3) == 0.0


def test_what_is_no_queue_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="servers is 0"):
        queues.mean_wait_mmc(1.0, 1.0, 0)
    with pytest.raises(ValueError, match="rate_rps is -1"):
        queues.mean_wait_mg1(-1.0, 0.5, 0.0)
    with pytest.raises(ValueError, match="service_s is nan"):
        queues.mean_wait_mmc(1.0, math.nan, 2)
    with pytest.raises(ValueError, match="q is 1"):
        queues.wait_quantile_mmc(1.0, 1.0, 0.5, 1)
    with pytest.raises(ValueError, match="cs2 is -1"):
        queues.mean_wait_ggc(1.0, 0.5, 1, 1.0, -1.0)
    with pytest.raises(ValueError, match="servers is -1"):
        queues.erlang_b(-1, 1.0)

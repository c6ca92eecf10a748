"""The relaxation time against the exact spectrum of M/M/c, and the window that follows from it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.linalg import eigh_tridiagonal

from loadtests.theory import relaxation


def of_the_spectrum(servers: int, utilisation: float) -> float:
    """1 / spectral gap of M/M/c with a mean service of 1, its states cut off far out.

    The generator of a birth-death process is similar to a symmetric tridiagonal matrix (S. Karlin
    and J. McGregor 1957): its eigenvalues are 0 and then the gap.
    """
    states = np.arange(1500)
    births = np.where(states < states[-1], utilisation * servers, 0.0)
    deaths = np.minimum(states, servers).astype(float)
    between = -np.sqrt(births[:-1] * deaths[1:])
    lowest = eigh_tridiagonal(
        births + deaths, between, eigvals_only=True, select="i", select_range=(0, 1)
    )
    assert lowest[0] == pytest.approx(0.0, abs=1e-8)
    return float(1 / lowest[1])


@pytest.mark.parametrize("servers", [1, 2, 8, 40])
@pytest.mark.parametrize("utilisation", [0.1, 0.5, 0.8, 0.9])
def test_it_is_that_of_the_spectrum_within_2_percent(servers: int, utilisation: float) -> None:
    expected = of_the_spectrum(servers, utilisation)

    assert relaxation.relaxation_s(1.0, utilisation, servers) == pytest.approx(expected, rel=0.02)


def test_one_server_near_saturation() -> None:
    """10 ms of service: 3.8 s at a utilisation of 90 %, 15.6 s at 95 %; none at 100 %."""
    assert relaxation.relaxation_s(0.01, 0.9) == pytest.approx(3.797, abs=0.001)
    assert relaxation.relaxation_s(0.01, 0.95) == pytest.approx(15.597, abs=0.001)
    assert relaxation.relaxation_s(0.01, 1.0) == math.inf
    assert relaxation.relaxation_s(0.01, 1.7, 4) == math.inf


def test_a_window_lasts_100_relaxation_times() -> None:
    assert relaxation.least_window_s(0.01, 0.9) == pytest.approx(379.7, abs=0.1)
    assert relaxation.least_window_s(0.01, 0.9, 4) == pytest.approx(379.7 / 4, abs=0.1)
    assert relaxation.least_window_s(0.1, 0.2, 16) == pytest.approx(10.0)
    assert relaxation.least_window_s(0.01, 1.0) == math.inf


def test_a_window_holds_the_samples_of_its_quantile() -> None:
    """One request a second of 10 ms: p99 needs 368 of them, the queue itself 1.2 s."""
    assert relaxation.least_window_s(0.01, 0.01, quantile=0.99) == pytest.approx(368.0)
    assert relaxation.least_window_s(0.01, 0.01, quantile=0.5) == pytest.approx(6.0)
    # Near saturation the queue decides.
    assert relaxation.least_window_s(0.01, 0.9, quantile=0.99) == pytest.approx(379.7, abs=0.1)
    assert relaxation.least_window_s(0.01, 0.0, quantile=0.99) == math.inf


def test_the_mean_of_a_window_errs_as_the_rule_says() -> None:
    """M/M/1 at ρ = 0.5 over 100 relaxation times: at most a seventh of the standard deviation.

    A chain of its number in the system, 400 windows side by side, stepped by uniformisation.
    """
    rng = np.random.default_rng(21)
    steps = round(100 * relaxation.relaxation_s(1.0, 0.5) * 1.5)
    number = rng.geometric(0.5, 400) - 1
    total = np.zeros(400)
    for births in rng.random((steps, 400)) < 1 / 3:
        total += number
        number = np.maximum(number + np.where(births, 1, -1), 0)

    # The number in the system is geometric with ρ = 1/2: mean 1, variance 2.
    error = float(np.std(total / steps)) / math.sqrt(2)
    assert 0.07 < error < math.sqrt(2 / 100)
    assert np.mean(total / steps) == pytest.approx(1.0, abs=0.03)


def test_what_is_no_utilisation_is_refused() -> None:
    with pytest.raises(ValueError, match="utilisation is -1"):
        relaxation.relaxation_s(0.01, -1.0)
    with pytest.raises(ValueError, match="servers is 0"):
        relaxation.relaxation_s(0.01, 0.5, 0)

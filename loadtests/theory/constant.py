"""M/D/c: Poisson arrivals, a constant service time, c servers, first come first served. Exact.

The number waiting is a Markov chain at multiples of the service time D (Crommelin 1932): whoever
is served now has left D later, so Q' = max(Q + A - c, 0) with A ~ Poisson(rate·D). That is a
random walk with a floor, and Spitzer's identity gives its stationary distribution without roots
and without a truncated system of equations:

    E[z^Q] = exp(Σ b_j (z^j - 1)), j ≥ 1, with b_j = Σ P(A_1 + … + A_l - l·c = j) / l, l ≥ 1.

Those b_j are the positive Fourier coefficients of -log(1 - E[z^(A - c)]) and come out of one fast
Fourier transform on a circle between 1 and the dominant singularity; a second one takes the
exponential. No step subtracts large numbers, and the cost does not grow with the servers.
The wait follows from the number waiting (Franx 2001):

    P(wait ≤ x) = P(Q + Poisson(rate·(kD - x)) ≤ kc - 1), for (k - 1)·D ≤ x < kD.

Sources: C. D. Crommelin, "Delay probability formulae when the holding times are constant", Post
Office Electrical Engineers Journal 25, 1932; F. Spitzer, "A combinatorial lemma and its application
to probability theory", Transactions of the AMS 82, 1956; A. J. E. M. Janssen and J. S. H. van
Leeuwaarden, "Analytic computation schemes for the discrete-time bulk service queue", Queueing
Systems 50, 2005; G. J. Franx, "A simple solution for the M/D/c waiting time distribution",
Operations Research Letters 29, 2001.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from loadtests.theory.queues import checked_quantile, load_of

# Above this utilisation waits are taken to grow as 1 / (1 - utilisation), as they do in the limit
# (J. F. C. Kingman, "On queues in heavy traffic", 1962): with 256 servers that is 0.2 % off.
HIGHEST = 0.9999
# Below this one, to shrink in proportion: exactly for one server; more have next to no wait at all.
LOWEST = 1e-6
# What is lost by the length of a transform is below exp(-DECAY) of what is kept.
DECAY = 40.0


def mean_wait_mdc(rate_rps: float, service_s: float, servers: int) -> float:
    """The mean wait in the queue of M/D/c in seconds; infinite at and beyond the capacity."""
    load = load_of(rate_rps, service_s, servers)
    if load >= servers:
        return math.inf
    if load == 0.0:
        return 0.0
    near, stretch = _below_highest(max(load, LOWEST * servers), servers)
    weights = _queue(servers, near)[0]
    waiting = float(np.dot(np.arange(1.0, len(weights) + 1.0), weights))
    return stretch * service_s * waiting / near * min(load / near, 1.0)


def wait_quantile_mdc(q: float, rate_rps: float, service_s: float, servers: int) -> float:
    """The q-quantile of the wait in the queue of M/D/c in seconds; infinite from the capacity on.

    It is 0 for the share of requests that do not wait.
    """
    load = load_of(rate_rps, service_s, servers)
    checked_quantile(q)
    if load >= servers:
        return math.inf
    if load == 0.0:
        return 0.0
    near, stretch = _below_highest(load, servers)
    return stretch * service_s * _quantile(q, servers, near)


def _below_highest(load: float, servers: int) -> tuple[float, float]:
    """A load that is computed, and the factor from its waits to those of the load asked for."""
    utilisation = load / servers
    if utilisation <= HIGHEST:
        return load, 1.0
    return HIGHEST * servers, (1.0 - HIGHEST) / (1.0 - utilisation)


@lru_cache(maxsize=16)
def _queue(servers: int, load: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Spitzer's b_1, b_2, … and the probabilities that 0, 1, 2, … are waiting."""
    from scipy.special import log1p

    beyond = _growth(load / servers)
    length = 1 << math.ceil(math.log2(max(16.0, DECAY / math.log1p(beyond))))
    steps = np.arange(length)
    radii = np.exp(math.log1p(beyond) * np.arange(length))
    angle = 2.0 * np.pi / length
    # log E[z^(A - c)] at z = radius·exp(i·angle·step), written to lose no digits near z = 1
    around = (1.0 + beyond) * np.expm1(1j * angle * steps) + beyond
    turns = 1j * angle * (servers * steps % length)
    exponent = load * around - servers * math.log1p(beyond) - turns
    light = exponent[0].real < -1.0  # greatest there, and so all far below 1
    logarithm = log1p(-np.exp(exponent)) if light else np.log(-np.expm1(exponent))
    coefficients = -np.fft.fft(logarithm).real / length
    scaled = np.zeros(length)
    scaled[1 : length // 2] = np.maximum(coefficients[1 : length // 2], 0.0)
    weights = scaled[1 : length // 2] / radii[1 : length // 2]
    raised = np.exp(np.fft.ifft(scaled) * length - float(np.sum(weights)))
    probabilities = np.maximum(np.fft.fft(raised).real / length, 0.0) / radii
    weights.setflags(write=False)
    probabilities.setflags(write=False)
    return weights, probabilities


def _growth(utilisation: float) -> float:
    """By how much the radius exceeds 1: the square root of the τ > 1 with ρ·(τ - 1) = ln τ.

    The probability of n waiting falls as τ^-n (H. C. Tijms, "Stochastic Models", 1994). Lambert's
    function gives τ; any radius between 1 and τ would do.
    """
    from scipy.special import lambertw

    inner = -utilisation * math.exp(-utilisation)
    dominant = -float(lambertw(inner, -1).real) / utilisation
    return min(math.sqrt(dominant), 1e6) - 1.0


def _quantile(q: float, servers: int, load: float) -> float:
    """The q-quantile of the wait in service times: Franx's formula, solved within one interval."""
    from scipy.optimize import brentq
    from scipy.special import pdtr

    probabilities = _queue(servers, load)[1]
    # At the end of the k-th interval nobody may arrive any more: P(wait < kD) = P(Q ≤ kc - 1).
    at_ends = np.cumsum(probabilities)[servers - 1 :: servers]
    interval = int(np.searchsorted(at_ends, q))
    if interval >= len(at_ends):
        return float(len(at_ends))
    places = (
        servers * (interval + 1) - 1 - np.arange(min(len(probabilities), servers * (interval + 1)))
    )
    waiting = probabilities[: len(places)]

    def excess(arrivals: float) -> float:
        return float(np.dot(waiting, pdtr(places, arrivals))) - q

    if excess(load) >= 0.0:
        return float(interval)
    if excess(0.0) <= 0.0:
        return interval + 1.0
    return interval + 1.0 - float(brentq(excess, 0.0, load, xtol=1e-13 * load)) / load

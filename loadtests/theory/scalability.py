"""The Universal Scalability Law: throughput against concurrency, fitted, with intervals.

    X(N) = gamma·N / (1 + alpha·(N - 1) + beta·N·(N - 1))

gamma is the throughput of one, alpha the contention (the serial share), beta the coherency (the
cost of keeping all consistent, with which throughput falls again). N. J. Gunther, "Guerrilla
Capacity Planning", 2007, chapters 4 to 6, and "A general theory of computational scalability based
on rational functions", 2008, with gamma as a third parameter. The law asks for N requests in hand
all the time: a closed load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST_POINTS = 6
# Three parameters through three concurrencies would fit anything.
LEAST_CONCURRENCIES = 4
CONFIDENCE = 0.95

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A fitted parameter with its 95 % interval, cut at 0, below which none of them can be."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class UslFit:
    """The law as fitted to `n` points.

    `peak` is the concurrency of the most throughput, None where there is none to tell: beta's
    interval includes zero, or alpha is 1 or more.
    """

    gamma: Parameter
    alpha: Parameter
    beta: Parameter
    peak: float | None
    n: int


def throughput(n: float, gamma: float, alpha: float, beta: float) -> float:
    """The throughput at concurrency `n`, in the unit of gamma."""
    return gamma * n / (1.0 + alpha * (n - 1.0) + beta * n * (n - 1.0))


def fit(concurrency: Sequence[float], throughput: Sequence[float]) -> UslFit | None:
    """The law with the least squared error in throughput, parameters not negative.

    None below 6 points or 4 different concurrencies. Both sequences are positive and of one length,
    else a `ValueError`. The intervals are Student's t with n - 3 degrees of freedom on the standard
    errors from the linearised covariance (G. A. F. Seber and C. J. Wild, "Nonlinear Regression",
    1989, section 5.1): with so few points a bootstrap of residuals is too narrow, because residuals
    are smaller than the errors that they stand for, by √(1 - 3/n), and so few of them.
    """
    users = np.asarray(concurrency, dtype=np.float64)
    measured = np.asarray(throughput, dtype=np.float64)
    if users.shape != measured.shape or users.ndim != 1:
        raise ValueError(f"{users.size} concurrencies and {measured.size} throughputs do not pair")
    if not (np.all(np.isfinite(users) & (users > 0)) and np.all(np.isfinite(measured))):
        raise ValueError("a concurrency or throughput is not a positive, finite number")
    if np.any(measured <= 0.0):
        raise ValueError("a throughput is 0 or below: leave out points at which nothing was served")
    if len(users) < LEAST_POINTS or len(np.unique(users)) < LEAST_CONCURRENCIES:
        return None
    scale = float(np.max(measured))
    found = _least_squares(users, measured / scale)
    gamma, alpha, beta = _with_intervals(users, measured / scale, found)
    first = Parameter(scale * gamma.value, scale * gamma.low, scale * gamma.high)
    told = beta.low > 0.0 and alpha.value < 1.0
    peak = math.sqrt((1.0 - alpha.value) / beta.value) if told else None
    return UslFit(gamma=first, alpha=alpha, beta=beta, peak=peak, n=len(users))


def _least_squares(users: Values, measured: Values) -> Values:
    """The best fit; where it would be negative, the best of those that hold a parameter at 0."""
    start = _linear(users, measured)
    found = _among(users, measured, start, [0, 1, 2])
    if np.all(found >= 0.0):
        return found
    edges = [_among(users, measured, start, free) for free in ([0, 1], [0, 2], [0])]
    allowed = [edge for edge in edges if np.all(edge >= 0.0)]
    return min(allowed, key=lambda edge: float(np.sum((_law(users, edge) - measured) ** 2)))


def _linear(users: Values, measured: Values) -> Values:
    """A start close to the answer: N/X is linear in 1/gamma, alpha/gamma and beta/gamma."""
    from scipy.optimize import nnls

    terms = np.column_stack([np.ones_like(users), users - 1.0, users * (users - 1.0)])
    linear, _ = nnls(terms * (measured / users)[:, None], np.ones_like(users))
    per_one = max(float(linear[0]), float(np.min(users / measured)))
    return np.array([1.0, linear[1], linear[2]]) / per_one


def _among(users: Values, measured: Values, start: Values, free: list[int]) -> Values:
    """The fit by Levenberg and Marquardt in which the parameters that are not free are 0."""
    from scipy.optimize import least_squares

    def whole(some: Values) -> Values:
        found = np.zeros(3)
        found[free] = some
        return found

    with np.errstate(all="ignore"):  # on its way it may try a divisor of 0
        result = least_squares(
            lambda some: _law(users, whole(some)) - measured,
            start[free],
            jac=lambda some: _slopes(users, whole(some))[:, free],
            method="lm",
            x_scale=_scales(users, measured)[free],
            xtol=1e-12,
            ftol=1e-12,
        )
    return whole(result.x)


def _scales(users: Values, measured: Values) -> Values:
    """The size at which each parameter makes itself felt."""
    most = float(np.max(users))
    return np.array([float(np.max(measured / users)), 1.0 / most, 1.0 / most**2])


def _with_intervals(users: Values, measured: Values, found: Values) -> list[Parameter]:
    from scipy.special import stdtrit

    slopes = _slopes(users, found)
    freedom = len(users) - len(found)
    variance = float(np.sum((_law(users, found) - measured) ** 2)) / freedom
    sizes = _scales(users, measured)
    information = (slopes * sizes).T @ (slopes * sizes)
    errors = np.sqrt(variance * np.diag(np.linalg.pinv(information))) * sizes
    reach = float(stdtrit(freedom, (1.0 + CONFIDENCE) / 2.0)) * errors
    return [
        Parameter(float(value), max(float(value - by), 0.0), float(value + by))
        for value, by in zip(found, reach, strict=True)
    ]


def _law(users: Values, at: Values) -> Values:
    divisor = 1.0 + at[1] * (users - 1.0) + at[2] * users * (users - 1.0)
    return np.asarray(at[0] * users / divisor, dtype=np.float64)


def _slopes(users: Values, at: Values) -> Values:
    divisor = 1.0 + at[1] * (users - 1.0) + at[2] * users * (users - 1.0)
    by_alpha = -at[0] * users * (users - 1.0) / divisor**2
    return np.column_stack([users / divisor, by_alpha, by_alpha * users])

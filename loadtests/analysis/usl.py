"""The Universal Scalability Law fitted to the closed sweeps of a run."""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.analysis.decisions import Estimate, Usl
from loadtests.analysis.scale import users_of
from loadtests.analysis.summary import Trial
from loadtests.experiment import Experiment
from loadtests.theory.scalability import Parameter, fit

LEAST_LEVELS = 6
DIGITS = 4


def usl_of(trials: Sequence[Trial], experiment: Experiment) -> tuple[Usl, ...]:
    """A fit for each workload and profile with valid trials at six numbers of users or more.

    The users do not think, so that as many requests as there are users are in the system all the
    time. Every trial is a point: throughput in requests/s at so many users.
    """
    users = users_of(experiment)
    mine = [t for t in trials if t.load in users and t.valid and t.arm == 1 and t.achieved_rps]
    found = []
    for workload, profile in dict.fromkeys((t.workload, t.profile) for t in mine):
        here = [t for t in mine if (t.workload, t.profile) == (workload, profile)]
        points = sorted((float(users[t.load]), t.achieved_rps) for t in here)
        if len({concurrency for concurrency, _ in points}) >= LEAST_LEVELS:
            fitted = fit([n for n, _ in points], [rps for _, rps in points])
            if fitted is not None:
                found.append(
                    Usl(
                        profile=profile,
                        workload=workload,
                        gamma=_estimate(fitted.gamma, fitted.n),
                        alpha=_estimate(fitted.alpha, fitted.n),
                        beta=_estimate(fitted.beta, fitted.n),
                        peak=None if fitted.peak is None else round(fitted.peak, 1),
                        points=tuple(points),
                    )
                )
    return tuple(found)


def _estimate(found: Parameter, n: int) -> Estimate:
    return Estimate(_figures(found.value), _figures(found.low), _figures(found.high), n)


def _figures(value: float) -> float:
    """Significant digits: beta may be of the order of a millionth."""
    return float(f"{value:.{DIGITS}g}")

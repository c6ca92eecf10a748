"""Whether a trial met a service-level objective, and what a search learns from it."""

from __future__ import annotations

import math

import numpy as np

from loadtests.agenda import Ended
from loadtests.analysis import compare
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.summary import Trial
from loadtests.deciding import Objective
from loadtests.matrix import LOAD
from loadtests.samples import Outcome, Samples
from loadtests.search import Tried

OVERLOAD = frozenset({"failures", "dropped"})
"""What makes a trial INVALID but is itself the answer of a probe: so much cannot be served."""
LASTING = frozenset({"conservation", "schedule", "parity", "generator_exhausted"}) | OVERLOAD
"""Reasons that another attempt does not mend."""
LATE_SHARE = 0.01
"""p99 meets its limit where at most this share of the requests is later."""
BY_CHANCE = 2.0
"""Standard deviations: a window that ends with more in hand than it began with may do so by chance.
"""


def ended_of(trial: SavedTrial, summary: Trial, objective: Objective | None) -> Ended:
    """What the agenda needs to know of a trial."""
    spoiled = {reason.code for reason in summary.reasons}
    tried = None
    if trial.spec.role == "probe" and objective is not None and not spoiled - OVERLOAD:
        rate = trial.plan.arrivals[0].rate
        tried = Tried(rate, not failed(trial, objective), trial.plan.measure_s)
    values = {name: value(summary) for name, value in compare.METRICS.items()}
    return Ended(
        spec=trial.spec,
        valid=summary.valid if tried is None else True,
        again=bool(spoiled) and not spoiled & LASTING,
        answered=summary.achieved_rps / summary.offered_rps if summary.offered_rps else 1.0,
        tried=tried,
        values={name: value for name, value in values.items() if value is not None},
    )


def failed(trial: SavedTrial, objective: Objective) -> tuple[str, ...]:
    """Which parts of the objective the main stream missed in the window, in words."""
    samples = trial.samples
    main = samples.where(samples.stream == samples.streams.index(LOAD))
    window = main.where(main.intended_ns >= 0)
    found = (
        (f"p99 > {objective.p99_ms:g} ms", _late(window, objective)),
        (f"errors > {100 * objective.error_share:g} %", _failing(window, objective)),
        (f"answered < {100 * objective.achieved_share:g} %", _behind(trial, main, objective)),
    )
    return tuple(name for name, missed in found if missed)


def _late(window: Samples, objective: Objective) -> bool:
    """Of the requests that were answered or still waited; one that failed is no fast answer."""
    waited = (window.outcome == Outcome.COMPLETED) | (window.outcome == Outcome.CENSORED)
    latency_ns = (window.done_ns - window.intended_ns)[waited]
    late = int(np.count_nonzero(latency_ns > objective.p99_ms * 1e6))
    return late > LATE_SHARE * len(latency_ns)


def _failing(window: Samples, objective: Objective) -> bool:
    """A share of a thousandth cannot be told from one failure in few requests: one is allowed."""
    lost = np.isin(window.outcome, (Outcome.FAILED, Outcome.DROPPED, Outcome.GONE))
    allowed = max(math.ceil(objective.error_share * len(window.outcome)), 1)
    return int(np.count_nonzero(lost)) > allowed


def _behind(trial: SavedTrial, main: Samples, objective: Objective) -> bool:
    """Whether less was answered than came, by more than what is in hand by chance.

    What is answered may have come before the window and what comes may be answered after it: in
    a steady state both are the same number but for chance, of a Poisson variable's spread.
    """
    start_ns, end_ns = _settled_ns(trial, main), trial.plan.measure_s * 1e9
    came = (main.intended_ns >= start_ns) & (main.intended_ns < end_ns)
    answered = (main.outcome == Outcome.COMPLETED) & (main.done_ns >= start_ns)
    answered &= main.done_ns < end_ns
    missing = objective.achieved_share * np.count_nonzero(came) - np.count_nonzero(answered)
    at_start = np.count_nonzero((main.intended_ns < start_ns) & (main.done_ns >= start_ns))
    return bool(missing > BY_CHANCE * math.sqrt(2.0 * max(int(at_start), 1)))


def _settled_ns(trial: SavedTrial, main: Samples) -> float:
    """From when on as many requests are in hand as ever will be, where the server keeps up.

    That takes a request's latency from the start of the warm-up; at most half of the window.
    """
    answered = main.outcome == Outcome.COMPLETED
    if not np.any(answered):
        return 0.0
    usual_ns = float(np.median((main.done_ns - main.intended_ns)[answered]))
    settled_ns = 2.0 * usual_ns - trial.plan.warmup_s * 1e9
    return min(max(settled_ns, 0.0), trial.plan.measure_s * 0.5e9)

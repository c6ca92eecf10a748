"""Sentences on predictions: what ends a capacity, and how far the predicted one is off."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.report.charts.sentences import MANY
from dashboards.report.format import NBSP, figure, listed, rate
from loadtests.analysis.predicted import Prediction

# What ends a capacity, as a sentence has it.
LIMITS = {
    "slots": "its slots",
    "loop": "its event loop",
    "threads": "its threads",
    "cpu": "its processor",
}
# An error that is not visible in whole percent.
LEAST = 0.005


def title(found: Sequence[Prediction]) -> str:
    """How far the predicted capacities are off; where none was measured, what they are."""
    errors = {p.profile: p.error for p in found if p.error is not None}
    workload = f"“{found[0].workload}”"
    if not errors:
        ends = [f"{p.profile} at {_rate(p)}, by {limit(p)}" for p in found[:MANY]]
        more = f" and {len(found) - MANY} others" if len(found) > MANY else ""
        return f"Predicted for {workload}: {'; '.join(ends)}{more} would be at its limit"
    if len(errors) <= MANY:
        said = [f"{_off(error)} for {profile}" for profile, error in errors.items()]
        return f"The predicted capacity of {workload} is {listed(said)}"
    low, high = min(errors.values()), max(errors.values())
    near = f"{_percent(low)} below" if low < 0 < high else f"{_off(low)}"
    return f"The predicted capacity of {workload} is between {near} and {_off(high)}"


def stated(prediction: Prediction) -> str:
    """The predicted capacity, with ≥ where it is far beyond what the prediction rests on."""
    return f"{'≥ ' if prediction.at_least else ''}{figure(prediction.capacity_rps)}"


def limit(prediction: Prediction) -> str:
    """What ends the predicted capacity, in words."""
    return LIMITS.get(prediction.limit, prediction.limit)


def _rate(prediction: Prediction) -> str:
    said = rate(prediction.capacity_rps)
    return f"{said} or more" if prediction.at_least else said


def _off(error: float) -> str:
    if abs(error) < LEAST:
        return "what was measured"
    side = "above" if error > 0 else "below"
    return f"{_percent(error)} {side} the measured one"


def _percent(error: float) -> str:
    return f"{round(100 * abs(error))}{NBSP}%"

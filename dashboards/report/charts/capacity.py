"""Capacity at the objective: one dot per profile with its interval, the predicted one hollow."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboards.report.charts import prediction_words as words
from dashboards.report.charts.chart import Table
from dashboards.report.charts.ranges import Measure, RangeChart, ranges
from dashboards.report.charts.ranking import alike, ranked, top
from dashboards.report.format import MISSING, bounds, figure, rate, relative
from loadtests.analysis.decisions import Capacity
from loadtests.analysis.predicted import Prediction

HEADINGS = ("profile", "capacity", "met", "not met", "predicted", "error")
UNIT = "requests per second"


def chart(found: Sequence[Capacity], predictions: dict[str, Prediction], key: str) -> RangeChart:
    """The chart of one workload's capacities; `predictions` are its own, by profile."""
    by_profile = {capacity.profile: capacity for capacity in found}
    shown = ranges(UNIT, [_measure(c, predictions.get(c.profile)) for c in found])
    legend = [
        ("dot", "the measured capacity"),
        ("bar", "between a rate that met the objective and one that did not"),
    ]
    if any(c.profile in predictions for c in found):
        legend.append(("hollow", "predicted before the search"))
    return RangeChart(
        id=key,
        title=title(found),
        caption=_caption(found, by_profile),
        panels=(shown,),
        legend=tuple(legend),
        table=Table(HEADINGS, tuple(_row(c, predictions.get(c.profile)) for c in found)),
    )


def stated(capacity: Capacity) -> str:
    """The capacity as it is written: ≥ where no rate was too high, < where every one was."""
    if _open_above(capacity):
        return f"≥{figure(capacity.low_rps)}"
    if _open_below(capacity):
        return f"<{figure(capacity.high_rps)}"
    return figure(capacity.rate_rps)


def title(found: Sequence[Capacity]) -> str:
    """Who meets the objective up to which rate; whether that differs, and is known to."""
    values = {c.profile: c.rate_rps for c in found}
    by_profile = {c.profile: c for c in found}

    def show(name: str) -> str:
        sign = stated(by_profile[name])[0]
        return ("≥" if sign == "≥" else "") + rate(values[name])

    what = f"“{found[0].workload}” meets the objective up to {ranked(values, show)}"
    if alike(values):
        return f"No visible difference: {what}"
    best, worst = by_profile[top(values)], min(found, key=lambda c: c.rate_rps)
    overlap = len(found) > 1 and best.low_rps < worst.high_rps
    return f"{what}; their intervals overlap: undecided" if overlap else what


def _open_above(capacity: Capacity) -> bool:
    return not math.isfinite(capacity.high_rps) or (
        bool(capacity.probes) and all(probe.met for probe in capacity.probes)
    )


def _open_below(capacity: Capacity) -> bool:
    return capacity.low_rps <= 0 or (
        bool(capacity.probes) and not any(probe.met for probe in capacity.probes)
    )


def _measure(capacity: Capacity, prediction: Prediction | None) -> Measure:
    high = capacity.high_rps if math.isfinite(capacity.high_rps) else None
    between = bounds(capacity.low_rps, high)
    return Measure(
        capacity.profile,
        capacity.rate_rps,
        capacity.low_rps,
        high,
        None if prediction is None else prediction.capacity_rps,
        stated(capacity) + (f" ({between})" if between != MISSING else ""),
    )


def _row(capacity: Capacity, prediction: Prediction | None) -> tuple[str, ...]:
    predicted = MISSING if prediction is None else words.stated(prediction)
    error = None if prediction is None else prediction.error
    ends = figure(capacity.low_rps), figure(capacity.high_rps)
    return capacity.profile, stated(capacity), *ends, predicted, relative(error)


def _caption(found: Sequence[Capacity], by_profile: dict[str, Capacity]) -> str:
    objectives = list(dict.fromkeys(c.objective for c in found if c.objective))
    said = "The highest rate that meets the service-level objective"
    said += f" ({'; '.join(objectives)})." if objectives else "."
    notes = [f" {name}: {c.note}." for name, c in by_profile.items() if c.note]
    return said + "".join(notes)

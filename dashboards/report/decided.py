"""What a run decides, as the page's templates are given it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboards.report import abandoned, checks, predictions
from dashboards.report.capacities import searched
from dashboards.report.charts import cliffs, costs, scale
from dashboards.report.charts.plane import Plot
from dashboards.report.charts.ranges import RangeChart
from dashboards.report.format import slug
from dashboards.report.verdicts import verdicts
from loadtests.analysis.summary import Summary


@dataclass(frozen=True, slots=True)
class Scaled:
    """How a workload scales: the chart, and the first limit of each profile."""

    chart: Plot
    limits: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Climbing:
    """What more requests in flight do to a workload: the chart, and a sentence of each profile."""

    chart: Plot
    texts: tuple[tuple[str, str], ...]


def decided(summary: Summary) -> dict[str, Any]:
    """Verdicts, capacities, scale, costs and checks by name; what the run has not is empty."""
    return {
        "verdicts": verdicts(summary),
        "searched": searched(summary),
        "predicted": bool(summary.decisions.predictions),
        "rests_headings": list(predictions.RESTS),
        "rests_units": list(predictions.RESTS_UNITS),
        "errors_headings": list(predictions.ERRORS),
        "scaled": _scaled(summary),
        "cliffs": _cliffs(summary),
        "costs": _costs(summary),
        "abandoned": abandoned.rows(summary),
        "abandoned_headings": list(abandoned.HEADINGS),
        "laws": checks.laws(summary),
        "law_headings": list(checks.LAW_HEADINGS),
        "noise": checks.noise(summary),
        "noise_headings": list(checks.NOISE_HEADINGS),
    }


def _scaled(summary: Summary) -> list[Scaled]:
    found = []
    for name in dict.fromkeys(point.workload for point in summary.decisions.scale):
        mine = [point for point in summary.decisions.scale if point.workload == name]
        chart = scale.chart(mine, f"scale-{slug(name)}")
        found.append(Scaled(chart, tuple(scale.limits(mine))))
    return found


def _cliffs(summary: Summary) -> list[Climbing]:
    """The workloads in which a profile has a cliff; where none has, the sweeps say it already."""
    every = summary.decisions.cliffs
    found = []
    for name in dict.fromkeys(cliff.workload for cliff in every if cliff.edge):
        mine = [cliff for cliff in every if cliff.workload == name]
        chart = cliffs.chart(mine, f"cliffs-{slug(name)}")
        found.append(Climbing(chart, tuple((cliff.profile, cliff.text) for cliff in mine)))
    return found


def _costs(summary: Summary) -> list[RangeChart]:
    every = summary.decisions.costs
    names = dict.fromkeys(cost.workload for cost in every)
    return [
        costs.chart([cost for cost in every if cost.workload == name], f"cost-{slug(name)}")
        for name in names
    ]

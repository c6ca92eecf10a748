"""The capacity at the service-level objective, workload by workload, and how it was searched."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.report.charts import capacity as charts
from dashboards.report.charts.ranges import RangeChart
from dashboards.report.format import figure, listed, slug
from loadtests.analysis.decisions import Probe
from loadtests.analysis.predicted import Prediction
from loadtests.analysis.summary import Summary


@dataclass(frozen=True, slots=True)
class Probed:
    """One probe as it is shown: whose it is, its trial, its rate, whether it met, and why not."""

    profile: str
    trial: int
    rate: str
    met: str
    why: str


@dataclass(frozen=True, slots=True)
class Searched:
    """The capacities of a workload: a chart, and every probe of the searches."""

    workload: str
    chart: RangeChart
    probes: tuple[Probed, ...]


def searched(summary: Summary) -> tuple[Searched, ...]:
    """The workloads that have a capacity, in the order of the run."""
    found = []
    for workload in dict.fromkeys(c.workload for c in summary.capacities):
        mine = [c for c in summary.capacities if c.workload == workload]
        chart = charts.chart(mine, of_workload(summary, workload), f"capacity-{slug(workload)}")
        probes = tuple(_probed(c.profile, probe) for c in mine for probe in c.probes)
        found.append(Searched(workload, chart, probes))
    return tuple(found)


def of_workload(summary: Summary, workload: str) -> dict[str, Prediction]:
    """The predictions of a workload by profile."""
    return {p.profile: p for p in summary.decisions.predictions if p.workload == workload}


def _probed(profile: str, probe: Probe) -> Probed:
    met = "met" if probe.met else "not met"
    return Probed(profile, probe.trial, figure(probe.rate_rps), met, listed(list(probe.failed)))

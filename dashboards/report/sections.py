"""One section of the report per workload: load by load, from load to load, and what they decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.report import charts
from dashboards.report.cells import Cell, cells
from dashboards.report.charts import usl
from dashboards.report.charts.chart import Chart
from dashboards.report.charts.plane import Plot
from dashboards.report.format import slug
from dashboards.report.loads import Load, loads
from dashboards.report.predictions import Predicted, predicted
from dashboards.report.ratios import verdict
from loadtests.analysis.decisions import Diagnosis
from loadtests.analysis.subjects import WorkloadSummary
from loadtests.analysis.summary import Comparison, Summary


@dataclass(frozen=True, slots=True)
class Section:
    """One workload: its loads, its charts from load to load, its ratios.

    `diagnoses` are those of loads that are not shown one by one.
    """

    workload: WorkloadSummary
    diagnoses: tuple[Diagnosis, ...]
    loads: tuple[Load, ...]
    sweep: tuple[Chart, ...]
    predicted: Predicted | None
    usl: Plot | None
    ratios: tuple[tuple[Comparison, str], ...]

    @property
    def intervals(self) -> bool:
        """Whether one of its ratios has an interval."""
        return any(ratio.low is not None for ratio, _ in self.ratios)


def sections(summary: Summary) -> list[Section]:
    """The sections of a run in the order of its workloads; those with nothing to show left out."""
    found = []
    every = cells(summary)
    for number, workload in enumerate(summary.workloads, 1):
        mine = [cell for cell in every if cell.workload == workload.name]
        section = _section(summary, workload, mine, number)
        if mine or section.predicted or section.usl:
            found.append(section)
    return found


def _section(
    summary: Summary, workload: WorkloadSummary, mine: Sequence[Cell], number: int
) -> Section:
    per_cell, sweep = charts.of_workload(mine, number)
    fits = [fit for fit in summary.decisions.usl if fit.workload == workload.name]
    ratios = (c for c in summary.comparisons if c.workload == workload.name)
    shown = {cell.load.name for cell in mine}
    return Section(
        workload=workload,
        diagnoses=tuple(
            d
            for d in summary.decisions.diagnoses
            if d.workload == workload.name and d.load not in shown
        ),
        loads=tuple(loads(summary, mine, per_cell, number)),
        sweep=tuple(sweep),
        predicted=predicted(summary, workload.name),
        usl=usl.chart(fits, f"usl-{slug(workload.name)}") if fits else None,
        ratios=tuple((c, verdict(c, summary.decisions.noise)) for c in ratios),
    )

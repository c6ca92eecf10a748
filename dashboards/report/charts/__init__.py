"""The charts of the report: pure functions from the cells of a run to ECharts options."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dashboards.report.cells import Cell
from dashboards.report.charts import bystander, quantiles, sweep, timeline
from dashboards.report.charts.chart import Chart, Line


def of_workload(cells: Sequence[Cell], number: int) -> tuple[list[list[Chart]], list[Chart]]:
    """The charts of one workload: those of each of its cells, and those from load to load.

    All charts of a workload share the axes of what they share, so that two loads can be compared.
    `number` (the workload's place in the run) keeps the charts' ids apart.
    """
    ms = [y for c in cells for line in _latency_lines(c) for _, y in line.points]
    near = [v for c in cells for row in c.drawn for v in bystander.values(row).values()]
    answers = [v for c in cells for v in timeline.rates(c)]
    key = f"{_slug(cells[0].workload)}-{number}"
    per_cell = [
        _of_cell(cell, f"{key}-{_slug(cell.load.name)}-{n}", ms, near, answers)
        for n, cell in enumerate(cells, 1)
    ]
    return per_cell, sweep.charts(cells, f"{key}-sweep", ms)


def _of_cell(
    cell: Cell, key: str, ms: list[float], near: list[float], answers: list[float]
) -> list[Chart]:
    found = (
        quantiles.chart(cell, key, ms),
        timeline.latency(cell, key, ms),
        bystander.chart(cell, key, near),
        timeline.throughput(cell, key, answers),
    )
    return [chart for chart in found if chart is not None]


def _latency_lines(cell: Cell) -> list[Line]:
    return [*quantiles.lines(cell), *timeline.latency_lines(cell)]


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower() or "x"

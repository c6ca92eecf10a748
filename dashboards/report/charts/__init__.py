"""The charts of the report: pure functions from the cells of a run to what is drawn.

Curves are drawn by the chart library in the page. Bars with hatching and lanes are drawn as SVG
by the template: they are there without JavaScript too.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.report.cells import Cell
from dashboards.report.charts import bystander, quantiles, split, sweep, swimlane, timeline
from dashboards.report.charts.chart import Chart, Line
from dashboards.report.charts.split import SplitChart
from dashboards.report.charts.swimlane import Swimlane
from dashboards.report.format import slug


def of_workload(cells: Sequence[Cell], number: int) -> tuple[list[list[Chart]], list[Chart]]:
    """The charts of one workload: those of each of its cells, and those from load to load.

    All charts of a workload share the axes of what they share, so that two loads can be compared.
    `number` (the workload's place in the run) keeps the charts' ids apart.
    """
    ms = [y for c in cells for line in _latency_lines(c) for _, y in line.points]
    near = [v for c in cells for row in c.drawn for v in bystander.values(row).values()]
    answers = [v for c in cells for v in timeline.rates(c)]
    per_cell = [
        _of_cell(cell, key, ms, near, answers)
        for cell, key in zip(cells, _keys(cells, number), strict=True)
    ]
    return per_cell, sweep.charts(cells, f"{_key(cells, number)}-sweep", ms)


def inside(cells: Sequence[Cell], number: int) -> list[tuple[SplitChart | None, Swimlane | None]]:
    """What the instruments show of each cell of a workload: parts of the time, and lanes."""
    return [
        (split.chart(cell, key), swimlane.chart(cell, key))
        for cell, key in zip(cells, _keys(cells, number), strict=True)
    ]


def _key(cells: Sequence[Cell], number: int) -> str:
    return f"{slug(cells[0].workload)}-{number}" if cells else ""


def _keys(cells: Sequence[Cell], number: int) -> list[str]:
    key = _key(cells, number)
    return [f"{key}-{slug(cell.load.name)}-{n}" for n, cell in enumerate(cells, 1)]


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

"""Latency by percentile: how long the slowest answers take, not only the middle one."""

from __future__ import annotations

import math
from operator import attrgetter

from dashboards.report.cells import Cell, Row, censored, latency
from dashboards.report.charts.chart import Chart, Line, Option, table
from dashboards.report.charts.drawing import all_series, as_x, grid, log_axis
from dashboards.report.charts.sentences import spread
from dashboards.report.format import duration

LABELLED = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999)


def tail(quantile: float) -> float:
    """The position of a quantile on the axis, -log10(1 - q): each step is ten times rarer."""
    return -math.log10(1 - quantile)


def lines(cell: Cell) -> tuple[Line, ...]:
    """One line per profile: (position of the quantile, ms), its symbols at labelled quantiles."""
    return tuple(_line(row) for row in cell.drawn if latency(row, lambda t: t.latency_ms))


def _line(row: Row) -> Line:
    points = [(q, ms) for q, ms in latency(row, lambda t: t.latency_ms) if q < 1]
    marked = {i for i, (q, _) in enumerate(points) if any(abs(q - at) < 1e-9 for at in LABELLED)}
    return Line(row.profile, [(tail(q), ms) for q, ms in points], frozenset(marked))


def chart(cell: Cell, key: str, span: list[float]) -> Chart | None:
    """The chart of a cell; `span` holds the ms that its y axis must reach. None without answers."""
    drawn = lines(cell)
    if not drawn:
        return None
    y_axis = log_axis("latency", span)
    return Chart(
        id=f"{key}-quantiles",
        title=title(cell),
        caption="Latency by percentile: a point at 99 % means that one request in a hundred took "
        "longer. Each line ends at the last percentile that its number of requests supports.",
        option={
            "grid": grid(line.name for line in drawn),
            "xAxis": as_x(_percentiles(drawn)),
            "yAxis": y_axis,
            "series": all_series(drawn, y_axis),
        },
        x="tail",
        y="ms",
        table=table("percentile", drawn, "tail", "ms"),
    )


def title(cell: Cell) -> str:
    """What the slowest of a hundred wait; the median where a profile does not state its p99."""
    p99 = _stated(cell, "p99")
    if None not in p99.values():
        return _spread(cell, p99, "99 % of the requests")
    return _spread(cell, _stated(cell, "p50"), "Half of the requests")


def _spread(cell: Cell, stated: dict[str, float | None], share: str) -> str:
    floors = [row.profile for row in cell.drawn if censored(row)]
    return spread(stated, duration, what=f"{share} are answered within", floors=floors)


def _stated(cell: Cell, name: str) -> dict[str, float | None]:
    return {row.profile: row.median(attrgetter(f"latency_ms.{name}")) for row in cell.drawn}


def _percentiles(drawn: tuple[Line, ...]) -> Option:
    last = max(x for line in drawn for x, _ in line.points)
    ticks = [tail(q) for q in LABELLED if tail(q) <= last + 1e-9]
    return {
        "type": "value",
        "name": "share of requests",
        "min": 0,
        "max": last,
        "axisLabel": {"customValues": ticks},
        "axisTick": {"customValues": ticks},
    }

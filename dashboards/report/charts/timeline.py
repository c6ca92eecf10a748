"""Latency and throughput through the trial: saturation shows as a line that keeps climbing."""

from __future__ import annotations

import statistics

from dashboards.report.cells import Cell, Row, course, timeline
from dashboards.report.charts.chart import Chart, Line, Option, table
from dashboards.report.charts.drawing import all_series, as_x, band, grid, linear_axis, log_axis
from dashboards.report.charts.sentences import growth, throughput_title
from loadtests.analysis.badday.records import BadDay
from loadtests.analysis.summary import Instant

HEADING = "second"
X_NAME = "seconds since the measurement began"


def latency_lines(cell: Cell) -> tuple[Line, ...]:
    """One line per profile: (second, median ms of the answers that came in the slice)."""
    found = [(row, course(row)) for row in cell.drawn]
    return tuple(_line(row, n, points) for n, (row, points) in enumerate(found) if points)


def _day(cell: Cell) -> BadDay | None:
    """Its bad day, if it has one: what comes and goes then is the same in all its trials."""
    days = (trial.bad_day for row in cell.drawn for trial in row.valid)
    return next((day for day in days if day is not None), None)


def _bands(cell: Cell, y_axis: Option) -> list[Option]:
    day = _day(cell)
    found = day.disturbances if day else ()
    return [band(one.name, one.begun_s, one.ended_s, y_axis) for one in found]


def _meanwhile(cell: Cell) -> str:
    """What the bands are, for who does not see them too."""
    day = _day(cell)
    found = day.disturbances if day else ()
    told = [f"{one.name}, {one.begun_s:g} to {one.ended_s:g} s" for one in found]
    return f" Grey: the {' and the '.join(told)}." if told else ""


def _x_axis(cell: Cell) -> Option:
    return as_x(linear_axis(X_NAME, (start for start, _ in _offered(cell))))


def _line(row: Row, number: int, points: list[tuple[float, float]]) -> Line:
    # Symbols of profiles whose lines coincide must not cover each other: each starts elsewhere.
    every = max(4, len(points) // 4)
    marked = {i for i in range(len(points)) if i % every == number % every}
    return Line(row.profile, points, frozenset(marked))


def latency(cell: Cell, key: str, span: list[float]) -> Chart | None:
    """Latency through the trial; `span` holds the ms that the y axis must reach."""
    drawn = latency_lines(cell)
    if not drawn:
        return None
    curves = {line.name: [ms for _, ms in line.points] for line in drawn}
    y_axis = log_axis("median latency", span)
    return Chart(
        id=f"{key}-latency",
        title=growth(curves),
        caption="The median latency of the answers that came in each slice of the trial. A line "
        "that climbs to the end means that a queue is growing: more comes than is served."
        + _meanwhile(cell),
        option={
            "grid": grid(line.name for line in drawn),
            "xAxis": _x_axis(cell),
            "yAxis": y_axis,
            "series": [*all_series(drawn, y_axis), *_bands(cell, y_axis)],
        },
        x="seconds",
        y="ms",
        table=table(HEADING, drawn, "seconds", "ms"),
    )


def throughput(cell: Cell, key: str, span: list[float]) -> Chart | None:
    """Answers per second through the trial; `span` holds the rates that the y axis must reach."""
    found = [(row, timeline(row, lambda i: i.achieved_rps)) for row in cell.drawn]
    drawn = tuple(_line(row, n, points) for n, (row, points) in enumerate(found) if points)
    if not drawn:
        return None
    # Under closed load each profile is offered as much as it answers: one line would be false.
    shared = cell.load.mode == "open"
    if shared:
        drawn = (*drawn, Line("offered", _offered(cell), reference=True))
    y_axis = linear_axis("answers per second", span)
    return Chart(
        id=f"{key}-throughput",
        title=throughput_title(cell),
        caption="Successful answers per second"
        + (", and what was offered (thin grey)." if shared else ".")
        + _meanwhile(cell),
        option={
            "grid": grid(line.name for line in drawn),
            "xAxis": _x_axis(cell),
            "yAxis": y_axis,
            "series": [*all_series(drawn, y_axis), *_bands(cell, y_axis)],
        },
        x="seconds",
        y="rate",
        table=table(HEADING, drawn, "seconds", "rate"),
    )


def _offered(cell: Cell) -> list[tuple[float, float]]:
    slices: dict[float, list[float]] = {}
    for row in cell.drawn:
        for start, value in timeline(row, _offered_rps):
            slices.setdefault(start, []).append(value)
    return [(start, statistics.median(values)) for start, values in sorted(slices.items())]


def _offered_rps(instant: Instant) -> float:
    return instant.offered_rps


def rates(cell: Cell) -> list[float]:
    """Every rate that the throughput chart of the cell draws."""
    achieved = [v for row in cell.drawn for _, v in timeline(row, lambda i: i.achieved_rps)]
    return achieved + [value for _, value in _offered(cell)]

"""What a chart is: a sentence that says what it shows, an ECharts option, and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.report.format import duration, figure, percentile

Option = dict[str, Any]
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled series; `mark` tells which points carry a symbol (by index), None: all."""

    name: str
    points: Points
    mark: frozenset[int] | None = None
    reference: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The figures behind a chart, as text: what a reader without JavaScript has instead of it."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: `x` and `y` name the kinds of its axes, by which report.js writes their ticks.

    `title` is a finding in a sentence, `caption` says what is drawn and what is not;
    `height` is in pixels.
    """

    id: str
    title: str
    caption: str
    option: Option
    x: str
    y: str
    table: Table
    height: int = 300


def table(heading: str, lines: Sequence[Line], x: str, y: str) -> Table:
    """The table of the lines that are no reference: one row per position on the x axis."""
    drawn = [line for line in lines if not line.reference]
    at = sorted({position for line in drawn for position, _ in line.points})
    read = [dict(line.points) for line in drawn]
    return Table(
        (heading, *(line.name for line in drawn)),
        tuple((shown(x, a), *(shown(y, points.get(a)) for points in read)) for a in at),
    )


def shown(kind: str, value: float | None) -> str:
    """A figure as text by the kind of its axis: a percentile, a duration, or a plain number."""
    if kind == "tail" and value is not None:
        return percentile(round(1 - 10**-value, 9))
    return duration(value) if kind == "ms" else figure(value)

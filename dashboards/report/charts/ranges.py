"""One row per profile: a value as a dot, its interval as a bar, a prediction as a hollow mark.

Across, everything is in percent of the axis, so that a drawing fits any width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.report.charts.axes import Axis, axis, number
from dashboards.report.charts.chart import Table

# Values that differ by more than this factor have a logarithmic axis.
WIDE = 15.0


@dataclass(frozen=True, slots=True)
class Measure:
    """What a row shows: a value with its bounds, a prediction, and the text at its end."""

    profile: str
    value: float
    low: float | None
    high: float | None
    predicted: float | None
    end: str


@dataclass(frozen=True, slots=True)
class Range:
    """A row as it is drawn; places are percentages of the axis."""

    profile: str
    at: float
    low: float | None
    high: float | None
    predicted: float | None
    end: str


@dataclass(frozen=True, slots=True)
class Ranges:
    """Rows over one axis; `logarithmic` is said at it, for such an axis has no zero."""

    heading: str
    rows: tuple[Range, ...]
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool


@dataclass(frozen=True, slots=True)
class RangeChart:
    """A figure: a finding, its panels, a legend of (mark, meaning), and the figures behind it."""

    id: str
    title: str
    caption: str
    panels: tuple[Ranges, ...]
    legend: tuple[tuple[str, str], ...]
    table: Table


def ranges(heading: str, measures: Sequence[Measure]) -> Ranges:
    """The rows over an axis that holds all their marks."""
    marks = [
        v
        for m in measures
        for v in (m.value, m.low, m.high, m.predicted)
        if v is not None and v > 0
    ]
    log = bool(marks) and max(marks) > WIDE * min(marks)
    scale = axis(heading, marks, number, log=log)
    return Ranges(
        heading=heading,
        rows=tuple(
            Range(
                m.profile,
                _place(m.value, scale) or 0.0,
                _place(m.low, scale),
                _place(m.high, scale),
                _place(m.predicted, scale),
                m.end,
            )
            for m in measures
        ),
        ticks=tuple((round(100 * scale.at(value), 2), text) for value, text in scale.ticks),
        logarithmic=log,
    )


def _place(value: float | None, scale: Axis) -> float | None:
    return None if value is None else round(100 * scale.at(value), 2)

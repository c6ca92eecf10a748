"""From values to a plane: where lines, symbols and the labels at their ends stand on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.palette import look
from dashboards.report.charts.axes import Axis
from dashboards.report.charts.chart import Line, Points
from dashboards.report.charts.drawing import LABEL_PIXELS
from dashboards.report.charts.labels import offsets
from dashboards.report.charts.plane import HEIGHT, Drawn, Mark, Panel

# A plane is about so wide where there is little room.
NARROW = 300
# A label stands so far behind the end of its line.
GAP = 12
# What is drawn, as it is written in classes of the page.
MEASURED, PREDICTED, FITTED = "measured", "predicted", "fitted"
# Rings round a point: what a prediction rests on, and where a limit was hit first.
CALIBRATED, LIMITED = "calibrated", "limited"

# Each symbol round the origin; whether it is hollow is said apart.
SYMBOLS = {
    "circle": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "rect": "M-3.6-3.6h7.2v7.2h-7.2z",
    "triangle": "M0-4.6l4.6 8h-9.2z",
    "diamond": "M0-5l5 5l-5 5l-5-5z",
    "ring": "M-7.5 0a7.5 7.5 0 1 0 15 0a7.5 7.5 0 1 0-15 0z",
}


@dataclass(frozen=True, slots=True)
class Series:
    """What is drawn of a profile: a line, points or both; `label` stands at its end."""

    profile: str
    points: Points
    kind: str = MEASURED
    label: str = ""
    line: bool = True
    marked: bool = True
    words: Sequence[str] = ()


def panel(
    series: Sequence[Series],
    x: Axis,
    y: Axis,
    *,
    profile: str = "",
    heading: str = "",
    rules: Sequence[float] = (),
) -> Panel:
    """A panel of the series over two axes; `rules` are values on the x axis."""
    downs = _downs([one for one in series if one.label], x, y)
    longest = max((len(one.label) for one in series), default=0)
    widest = max(len(text) for _, text in y.ticks)
    return Panel(
        profile=profile,
        heading=heading,
        series=tuple(_drawn(one, x, y, downs.get(id(one), 0.0)) for one in series if one.points),
        rules=tuple(_across(at, x) for at in rules if x.low <= at <= x.high),
        x_name=x.name,
        y_name=y.name,
        x_ticks=tuple((_across(value, x), text) for value, text in x.ticks),
        y_ticks=tuple((_down(value, y), text) for value, text in y.ticks),
        left=round(14 + LABEL_PIXELS * widest),
        right=round(GAP + 6 + LABEL_PIXELS * longest) if longest else 14,
    )


def _drawn(one: Series, x: Axis, y: Axis, down: float) -> Drawn:
    style = look(one.profile)
    places = [(_across(a, x), _down(b, y)) for a, b in one.points]
    words = [*one.words, *[""] * (len(places) - len(one.words))]
    ended = (places[-1][0], min(places[-1][1] + down, HEIGHT - 2.0))
    return Drawn(
        kind=one.kind,
        colour=style.colour,
        dash=_dash(one.kind, style.dash),
        path="M" + "L".join(f"{a:g} {b:g}" for a, b in places) if one.line else "",
        marks=tuple(
            Mark(a, b, *_symbol(one.kind, style.symbol), text)
            for (a, b), text in zip(places, words, strict=True)
        )
        if one.marked
        else (),
        label=one.label,
        at=ended,
    )


def _dash(kind: str, own: tuple[int, ...]) -> str:
    if kind == PREDICTED:
        return "5 4"
    return "" if kind == FITTED else " ".join(map(str, own))


def _symbol(kind: str, own: str) -> tuple[str, bool]:
    """The shape of a kind's points, and whether it is hollow: a profile's own where measured."""
    if kind in (CALIBRATED, LIMITED):
        return SYMBOLS["ring"], True
    return SYMBOLS[own.removeprefix("empty").lower()], own.startswith("empty")


def _downs(labelled: Sequence[Series], x: Axis, y: Axis) -> dict[int, float]:
    """How far each label moves down so that none meets another, by the identity of its series."""
    found = [one for one in labelled if one.points]
    # What is placed here lies on a plane of hundred by hundred.
    lines = [
        Line(one.profile, [(100 * x.at(a), 100 * y.at(b)) for a, b in one.points]) for one in found
    ]
    plane = {"type": "value", "min": 0, "max": 100}
    longest = max((len(one.label) for one in found), default=0)
    near = LABEL_PIXELS * longest / NARROW
    return dict(zip(map(id, found), offsets(lines, plane, HEIGHT, near), strict=True))


def _across(value: float, x: Axis) -> float:
    return round(100 * x.at(value), 2)


def _down(value: float, y: Axis) -> float:
    return round(HEIGHT * (1 - y.at(value)), 1)

"""The parts of an ECharts option that all charts share: series, margins, axes with their ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from dashboards.palette import look
from dashboards.report.charts.chart import Line, Option
from dashboards.report.charts.labels import offsets

SYMBOL_SIZE = 7

# Margins of a plot in pixels: tick labels left and below, the axis name above.
LEFT, TOP, BOTTOM = 58, 36, 46
HEIGHT = 300

# A logarithmic axis with more steps than this has ticks at its decades only.
MOST_TICKS = 6

# Width of one character of a label, for the room that labels need at the line's end.
LABEL_PIXELS = 7.2


def series(line: Line) -> Option:
    """The ECharts line series of a profile (or of a reference line, which is thin and grey)."""
    style = look(line.name)
    option: Option = {
        "type": "line",
        "name": line.name,
        "data": [_point(line, i, x, y) for i, (x, y) in enumerate(line.points)],
        "symbol": style.symbol,
        "symbolSize": SYMBOL_SIZE,
        "showAllSymbol": True,
        "lineStyle": {"color": style.colour, "width": 2, "type": list(style.dash) or "solid"},
        "itemStyle": {"color": style.colour},
        "endLabel": {"show": True, "formatter": "{a}", "distance": 8},
        "emphasis": {"disabled": True},
    }
    if line.reference:
        option |= {"symbol": "none", "silent": True, "z": 1, "reference": True}
        option["lineStyle"] = {"width": 1, "type": [3, 3]}
    return option


def band(name: str, from_x: float, to_x: float, y_axis: Option) -> Option:
    """What went on between two positions: a pale band with its name, behind the lines."""
    top = y_axis["max"]
    return {
        "type": "line",
        "name": name,
        "data": [[from_x, top], [to_x, top]],
        "symbol": "none",
        "silent": True,
        "z": 0,
        "reference": True,
        "band": True,
        "lineStyle": {"width": 0},
        "itemStyle": {"color": look(name).colour},
        "areaStyle": {"opacity": 0.14, "origin": "start"},
        "endLabel": {"show": True, "formatter": "{a}", "distance": 4, "offset": [0, 9]},
        "emphasis": {"disabled": True},
    }


def all_series(lines: Sequence[Line], axis: Option) -> list[Option]:
    """The series of all lines of a chart of the usual height, their end labels kept apart."""
    found = [series(line) for line in lines]
    for option, down in zip(found, offsets(lines, axis, HEIGHT - TOP - BOTTOM), strict=True):
        option["endLabel"]["offset"] = [0, down]
    return found


def _point(line: Line, index: int, x: float, y: float) -> Any:
    if line.mark is None or index in line.mark or line.reference:
        return [x, y]
    return {"value": [x, y], "symbol": "none"}


def grid(names: Iterable[str]) -> Option:
    """The plot's margins: room at the right for the longest label at a line's end."""
    longest = max((len(name) for name in names), default=0)
    return {
        "left": LEFT,
        "right": round(22 + LABEL_PIXELS * longest),
        "top": TOP,
        "bottom": BOTTOM,
        "outerBoundsMode": "none",
    }


def steps(low: float, high: float) -> list[float]:
    """Positions 1, 2, 5 per decade from the last that is below `low` to the first above `high`."""
    first, last = math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1
    fine = [m * 10.0**e for e in range(first, last + 1) for m in (1, 2, 5)]
    start = max(i for i, step in enumerate(fine) if step <= low / 1.1)
    stop = min(i for i, step in enumerate(fine) if step >= high * 1.1)
    return fine[start : stop + 1]


def log_axis(name: str, values: Iterable[float]) -> Option:
    """A logarithmic axis that spans the values (those above zero); ticks at decades if many."""
    found = [value for value in values if value > 0]
    ticks = steps(min(found), max(found)) if found else [1.0, 2.0, 5.0, 10.0]
    ends = {"type": "log", "min": ticks[0], "max": ticks[-1]}
    if len(ticks) > MOST_TICKS:
        ticks = [tick for tick in ticks if math.isclose(math.log10(tick) % 1, 0, abs_tol=1e-9)]
    return _axis(name) | ends | _at(ticks)


def linear_axis(name: str, values: Iterable[float]) -> Option:
    """A linear axis from zero to the first round tick that is not below the highest value."""
    highest = max(values, default=0) or 1
    step = 10.0 ** math.floor(math.log10(highest))
    step = next(s for s in (step / 5, step / 2, step, step * 2) if highest / s <= 5.001)
    ticks = [step * i for i in range(math.ceil(highest / step - 1e-9) + 1)]
    return _axis(name) | {"type": "value", "min": 0, "max": ticks[-1]} | _at(ticks)


def _axis(name: str) -> Option:
    # The name starts at the chart's left edge: centred over the axis it would be cut off there.
    style = {"align": "left", "padding": [0, 0, 0, 4 - LEFT]}
    return {"name": name, "nameGap": 14, "nameTextStyle": style}


def _at(ticks: Sequence[float]) -> Option:
    return {
        "axisLabel": {"customValues": list(ticks)},
        "axisTick": {"customValues": list(ticks)},
        "splitLine": {"customValues": list(ticks)},
    }


def as_x(axis: Option) -> Option:
    """The axis as the horizontal one: its name stands below, in the middle."""
    own = {"nameLocation": "middle", "nameGap": 30, "nameTextStyle": {}}
    return axis | own | {"splitLine": {"show": False}}

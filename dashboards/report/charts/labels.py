"""Where the labels at the lines' ends stand: beside their line, and never on one another."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboards.report.charts.chart import Line, Option

HEIGHT = 15
"""Pixels from one label to the next."""

# A line that ends this share of the axis before the last may have others run on beside it.
EARLY = 0.03

# The lowest label stays this far above the ticks of the x axis.
FOOT = 6

# Lines that end further apart than this share of the axis have labels that cannot meet.
NEAR = 0.45


def offsets(lines: Sequence[Line], axis: Option, plot: float, near: float = NEAR) -> list[float]:
    """How many pixels each line's label moves down; `plot` is the height of the axis in pixels.

    Lines that end within the share `near` of the axis of one another have labels that may meet.
    """
    wanted = [_pixel(line.points[-1][1], axis) * plot for line in lines]
    ends = [line.points[-1][0] for line in lines]
    far = max(ends, default=0)
    placed = dict.fromkeys(range(len(lines)), 0.0)
    for group in _columns(ends, near):
        ordered = sorted(group, key=lambda i: wanted[i])
        found = dict(zip(ordered, spaced([wanted[i] for i in ordered], plot), strict=True))
        early = [i for i in group if ends[i] < far * (1 - EARLY)]
        # The whole column steps up, so that its labels stay apart.
        step = HEIGHT if any(_crossed(i, lines, axis, plot, found[i]) for i in early) else 0
        placed |= {i: round(at - step - wanted[i], 1) for i, at in found.items()}
    return [placed[i] for i in range(len(lines))]


def _crossed(own: int, lines: Sequence[Line], axis: Option, plot: float, at: float) -> bool:
    """Whether another line runs through the label that stands at `at` where its own line ends."""
    end = lines[own].points[-1][0]
    for i, line in enumerate(lines):
        after = next((y for x, y in line.points if x > end), None)
        if i != own and after is not None and abs(_pixel(after, axis) * plot - at) < HEIGHT * 0.7:
            return True
    return False


def _columns(ends: Sequence[float], near: float) -> list[list[int]]:
    """The lines by where they end, those that end near one another together."""
    width = max(ends, default=0) or 1
    groups: list[list[int]] = []
    for i in sorted(range(len(ends)), key=lambda i: ends[i]):
        if groups and ends[i] - ends[groups[-1][-1]] <= near * width:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def spaced(wanted: Sequence[float], plot: float) -> list[float]:
    """The ascending positions moved as little as HEIGHT between them asks, and into the plot."""
    clusters: list[tuple[float, int]] = []
    for at in wanted:
        clusters.append((at, 1))
        # Two clusters that touch become one, centred between them.
        while len(clusters) > 1 and _gap(*clusters[-2:]) < 0:
            (a, n), (b, m) = clusters[-2:]
            clusters[-2:] = [((a * n + b * m) / (n + m), n + m)]
    found: list[float] = []
    for centre, size in clusters:
        half = (size - 1) * HEIGHT / 2
        centre = max(half, min(centre, plot - FOOT - half))
        found += [centre - half + HEIGHT * i for i in range(size)]
    return found


def _gap(above: tuple[float, int], below: tuple[float, int]) -> float:
    return (below[0] - above[0]) - HEIGHT * (above[1] + below[1]) / 2


def _pixel(value: float, axis: Option) -> float:
    """The place of a value on the axis, 0 at the top and 1 at the bottom."""
    low, high = float(axis["min"]), float(axis["max"])
    if axis["type"] == "log":
        low, high, value = math.log(low), math.log(high), math.log(max(value, low))
    return 1 - (value - low) / (high - low)

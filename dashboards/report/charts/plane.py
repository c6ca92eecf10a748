"""What a drawing of curves is made of: small multiples, each a plane with two axes.

Across, everything is in percent of the plane, so that a drawing fits any width; down, in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.report.charts.chart import Table

HEIGHT = 220


@dataclass(frozen=True, slots=True)
class Mark:
    """A symbol at a point; `words` are for who points at it."""

    x: float
    y: float
    shape: str
    hollow: bool
    words: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A series as it is drawn: its path, its symbols, and its label with the place of that."""

    kind: str
    colour: str
    dash: str
    path: str
    marks: tuple[Mark, ...]
    label: str
    at: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Panel:
    """One plane with its axes; `profile` heads it where it is one profile's.

    `rules` are the places of vertical lines, ticks are (place, label); `left` and `right` are the
    pixels that labels need beside the plane.
    """

    profile: str
    heading: str
    series: tuple[Drawn, ...]
    rules: tuple[float, ...]
    x_name: str
    y_name: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    left: int
    right: int
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure: a finding, its panels, a legend of (kind, meaning), and the figures behind it."""

    id: str
    title: str
    caption: str
    panels: tuple[Panel, ...]
    legend: tuple[tuple[str, str], ...]
    table: Table

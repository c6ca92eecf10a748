"""The parts of the split as stacked bars: in milliseconds, and as shares of their whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboards.report.charts.drawing import linear_axis
from dashboards.report.format import NBSP, duration, percent

REMAINDER = "remainder"
# Each part in the order of a request's way, what it is, and how a sentence says that it is most.
PARTS: dict[str, tuple[str, str]] = {
    "lateness": ("due, and not yet begun by the load generator", "passes before it is begun"),
    "connect": ("opening a connection", "is spent on connecting"),
    "queue": ("sent, and waiting for a worker, thread or loop", "is spent in the queue"),
    "cpu": ("on a processor in the application", "is computing"),
    "wait": (
        "in the application, not on a processor",
        "is spent in the application without a processor",
    ),
    "return": ("what is left: from the answer’s beginning until it was here", "is the way back"),
}

Stack = tuple[str, bool, dict[str, float]]
"""A profile, whether of its slowest requests only, and their parts in ms."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar; `at` and `width` are percentages of the panel's width."""

    part: str
    at: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The split of a profile's requests, or of the slowest of them; `end` stands behind it."""

    profile: str
    slowest: bool
    segments: tuple[Segment, ...]
    end: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars that share an axis; `ticks` are (percentage of the width, label)."""

    heading: str
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]


def label(part: str) -> str:
    """A part as it is written."""
    return "CPU" if part == "cpu" else part


def whole(parts: Mapping[str, float]) -> float:
    """What is stacked: all but the remainder, which is below zero."""
    return sum(parts[name] for name in PARTS)


def in_ms(bars: Sequence[Stack]) -> Panel:
    """The bars over an axis from zero to the longest."""
    end = max(whole(parts) for *_, parts in bars) or 1.0
    drawn = tuple(
        Bar(name, slowest, _segments(parts, end), duration(whole(parts) + parts[REMAINDER]))
        for name, slowest, parts in bars
    )
    return Panel("mean time of a request", drawn, ticks(end))


def ticks(end_ms: float) -> tuple[tuple[float, str], ...]:
    """Round times on an axis from zero to `end_ms`, as (percentage of its width, label)."""
    found = linear_axis("", [end_ms])["axisLabel"]["customValues"]
    inside = [at for at in found if at <= end_ms * 1.0001]
    return tuple((round(100 * at / end_ms, 2), _round_duration(at)) for at in inside)


def _round_duration(ms: float) -> str:
    seconds = ms >= 1000
    return f"{ms / 1000 if seconds else ms:g}{NBSP}{'s' if seconds else 'ms'}" if ms else "0"


def as_shares(bars: Sequence[Stack]) -> Panel:
    """The bars stretched to one length."""
    drawn = tuple(
        Bar(name, slowest, _segments(parts, whole(parts) or 1.0), "")
        for name, slowest, parts in bars
    )
    marks = tuple((float(at), f"{at}{NBSP}%") for at in (0, 50, 100))
    return Panel("the same as shares of each one’s time", drawn, marks)


def _segments(parts: Mapping[str, float], end: float) -> tuple[Segment, ...]:
    total, at = whole(parts) or 1.0, 0.0
    found: list[Segment] = []
    for name in PARTS:
        if parts[name] > 0:
            text = f"{label(name)}: {duration(parts[name])}, {percent(parts[name] / total)}"
            width = round(100 * parts[name] / end, 3)
            found.append(Segment(name, round(100 * at / end, 3), width, text))
        at += parts[name]
    return tuple(found)

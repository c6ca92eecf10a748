"""Axes of drawings that need no script: where a value stands on one, and its ticks in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dashboards.report.charts.chart import Option
from dashboards.report.charts.drawing import linear_axis, log_axis
from dashboards.report.format import NBSP

# Steps of a decade of a logarithmic axis, the finest first.
STEPS = ((1, 2, 5), (1, 5), (1,))
MOST_TICKS = 6
# From here on a number has its thousands apart.
SEPARATED = 10_000


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from `low` to `high`; `ticks` are (value, label)."""

    name: str
    low: float
    high: float
    log: bool
    ticks: tuple[tuple[float, str], ...]

    def at(self, value: float) -> float:
        """The place of a value as a share of the axis: 0 at its beginning, 1 at its end."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, low))
        return (value - low) / (high - low)


def axis(
    name: str, values: Iterable[float], show: Callable[[float], str], *, log: bool = False
) -> Axis:
    """An axis that holds the values: from zero, or where it is logarithmic over those above it."""
    option: Option = (log_axis if log else linear_axis)(name, values)
    low, high = float(option["min"]), float(option["max"])
    ticks = _decades(low, high) if log else option["axisLabel"]["customValues"]
    return Axis(name, low, high, log, tuple((float(tick), show(tick)) for tick in ticks))


def _decades(low: float, high: float) -> list[float]:
    """The ticks of a logarithmic axis: as many steps of each decade as there is room for."""
    within = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for each in STEPS:
        every = [m * 10.0**e for e in within for m in each]
        found = [tick for tick in every if low * 0.999 <= tick <= high * 1.001]
        if len(found) <= MOST_TICKS:
            break
    return found if len(found) <= MOST_TICKS else found[::2]


def number(value: float) -> str:
    """A number in words or at a tick: 0.5, 5000, 10,000, without an exponent."""
    if value >= 1e6:
        return f"{value / 1e6:,.6g}{NBSP}million"
    return f"{value:,.10g}" if value >= SEPARATED else f"{value:.10g}"


def time(ms: float) -> str:
    """A round time of a tick, given in ms: 20 ms, 5 s."""
    return f"{ms / 1000:g}{NBSP}s" if ms >= 1000 else f"{ms:g}{NBSP}ms"

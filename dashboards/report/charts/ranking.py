"""Sentences on values of which more is better: who has the most, and who the least."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboards.report.cells import VISIBLE
from dashboards.report.charts.sentences import MANY, others
from dashboards.report.format import listed


def ranked(values: Mapping[str, float], show: Callable[[str], str]) -> str:
    """The highest first: `412 requests/s with asgi and uvloop, 39 requests/s with sync`.

    `show` writes the value of a profile. Each group lies within the factor VISIBLE of its extreme;
    whoever is in between is not named: the chart has them.
    """
    high, low = max(values.values()), min(values.values())
    best = [name for name, value in values.items() if value * VISIBLE >= high]
    if len(best) == len(values):
        return f"{show(top(values))} with {'every profile' if len(best) > 1 else best[0]}"
    worst = [n for n, value in values.items() if value <= low * VISIBLE and n not in best]
    return f"{show(top(values))} with {_who(best)}, {show(worst[0])} with {_who(worst)}"


def alike(values: Mapping[str, float]) -> bool:
    """Whether there are several, and none differs visibly from another."""
    return len(values) > 1 and max(values.values()) <= VISIBLE * min(values.values())


def top(values: Mapping[str, float]) -> str:
    """Who has the most."""
    return max(values, key=lambda name: values[name])


def _who(names: list[str]) -> str:
    return listed(names) if len(names) <= MANY else others(names)

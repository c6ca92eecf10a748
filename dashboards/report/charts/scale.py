"""From one to thousands of requests at once: in hand, memory, latency, and the first limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboards.report.charts.axes import Axis, axis, number, time
from dashboards.report.charts.chart import Table
from dashboards.report.charts.plane import Panel, Plot
from dashboards.report.charts.plot import LIMITED, MEASURED, Series, panel
from dashboards.report.charts.ranking import ranked
from dashboards.report.format import MISSING, count, duration, figure, percent
from loadtests.analysis.decisions import ScalePoint

HEADINGS = (
    "profile, asked at once",
    "in hand",
    "answers/s",
    "p50",
    "memory, MiB",
    "KiB per waiting",
    "CPU",
    "limit",
)
# What is drawn, on logarithmic axes: what it is, its value, and its ticks.
PANELS: tuple[tuple[str, Callable[[ScalePoint], float | None], Callable[[float], str]], ...] = (
    ("requests in hand", lambda p: p.in_hand, number),
    ("latency, p50", lambda p: p.p50_ms, time),
    ("memory of all its processes, MiB", lambda p: p.memory_mb, number),
    ("memory for each waiting request, KiB", lambda p: p.kb_per_waiting, number),
)


def chart(found: Sequence[ScalePoint], key: str) -> Plot:
    """The chart of one workload: a panel per quantity, a line per profile."""
    x = axis("requests asked for at once", [p.users for p in found], number, log=True)
    panels = [_panel(found, x, *what) for what in PANELS]
    return Plot(
        id=key,
        title=title(found),
        caption="All axes are logarithmic. Each line ends where its profile was asked for no more.",
        panels=tuple(one for one in panels if one is not None),
        legend=((LIMITED, "here its first limit was hit"),) if _hit(found) else (),
        table=Table(HEADINGS, tuple(_row(point) for point in found)),
    )


def title(found: Sequence[ScalePoint]) -> str:
    """How many requests each profile had in hand at most."""
    most: dict[str, float] = {}
    for point in found:
        if point.in_hand is not None:
            most[point.profile] = max(most.get(point.profile, 0.0), point.in_hand)
    asked = number(max(point.users for point in found))
    of = f"Of up to {asked} requests of “{found[0].workload}” at once"
    if not most:
        return f"{of}, how many were in hand was not measured"
    said = ranked(most, lambda name: number(round(most[name])))
    return f"{of}, a server has in hand at most {said}"


def limits(found: Sequence[ScalePoint]) -> list[tuple[str, str, str]]:
    """The limit that each profile hit first: profile, its name, and at how many requests."""
    said = []
    for profile in dict.fromkeys(point.profile for point in found):
        mine = _of(found, profile)
        text = f"was hit up to {number(mine[-1].users)} requests at once"
        hit = (profile, "no limit", text)
        for first in _first(mine):
            text = f": {first.text}" if first.text else ""
            hit = (profile, first.limit, f"at {number(first.users)} requests at once{text}")
        said.append(hit)
    return said


def _of(found: Sequence[ScalePoint], profile: str) -> list[ScalePoint]:
    return sorted((p for p in found if p.profile == profile), key=lambda p: p.users)


def _first(mine: Sequence[ScalePoint]) -> list[ScalePoint]:
    """The point at which a limit was hit first, where one was."""
    return [point for point in mine if point.limit][:1]


def _hit(found: Sequence[ScalePoint]) -> bool:
    return any(point.limit for point in found)


def _panel(
    found: Sequence[ScalePoint],
    x: Axis,
    heading: str,
    read: Callable[[ScalePoint], float | None],
    show: Callable[[float], str],
) -> Panel | None:
    series = []
    for profile in dict.fromkeys(point.profile for point in found):
        mine = _of(found, profile)
        points = [(float(p.users), value) for p in mine if (value := read(p))]
        words = [_words(p) for p in mine if read(p)]
        if points:
            series.append(Series(profile, points, MEASURED, profile, words=words))
        if hit := [(float(p.users), value) for p in _first(mine) if (value := read(p))]:
            series.append(Series(profile, hit, LIMITED, line=False))
    if not series:
        return None
    y = axis("", [value for one in series for _, value in one.points], show, log=True)
    return panel(series, x, y, heading=heading)


def _words(point: ScalePoint) -> str:
    limit = f", limit: {point.limit}" if point.limit else ""
    return f"{point.profile}, {number(point.users)} requests at once, trial {point.trial}{limit}"


def _row(point: ScalePoint) -> tuple[str, ...]:
    return (
        f"{point.profile}, {number(point.users)}",
        count(None if point.in_hand is None else round(point.in_hand)),
        figure(point.answered_rps),
        duration(point.p50_ms),
        figure(point.memory_mb),
        figure(point.kb_per_waiting),
        MISSING if point.cpu_share is None else percent(point.cpu_share),
        point.limit or MISSING,
    )

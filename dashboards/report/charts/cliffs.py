"""Latency against requests in flight: where a pool is used up, every one more is a cliff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboards.report.charts.axes import Axis, axis, number, time
from dashboards.report.charts.chart import Table
from dashboards.report.charts.plane import Panel, Plot
from dashboards.report.charts.plot import FITTED, MEASURED, Series, panel
from dashboards.report.format import MISSING, duration, figure, listed
from loadtests.analysis.decisions import Cliff

HEADINGS = ("profile", "served at once", "limit", "p50 of one", "at most in flight", "p50 of each")
BEFORE = 0.8
"""Where the axis begins, as a part of its first point: a label there has room of its own."""


def chart(found: Sequence[Cliff], key: str) -> Plot:
    """The chart of one workload: a panel per profile over shared axes, a rule at each edge."""
    x = _flights([float(n) for cliff in found for n, _ in cliff.points])
    y = axis("p50 latency", [ms for cliff in found for _, ms in cliff.points], time, log=True)
    return Plot(
        id=key,
        title=title(found),
        caption="Each symbol is a number of users who never think, so that as many requests are "
        "in flight. The thin line is the least that the highest throughput allows: what one "
        "request takes, and from the dotted line on as much more as there are more in flight.",
        panels=tuple(_panel(cliff, x, y) for cliff in found),
        legend=((MEASURED, "measured"), (FITTED, "the least possible")),
        table=Table(HEADINGS, tuple(map(_row, found))),
    )


def _flights(flights: Sequence[float]) -> Axis:
    """From the fewest on, and a little before it, where there is no part of a request."""
    found = axis("requests in flight", flights, number, log=True)
    ticks = tuple((value, text) for value, text in found.ticks if value >= min(flights))
    return replace(found, low=min(flights) * BEFORE, ticks=ticks)


def title(found: Sequence[Cliff]) -> str:
    """Whose latency climbs from how many on, and whose does not."""
    over = [f"{cliff.profile} from {figure(cliff.edge)}" for cliff in found if cliff.edge]
    free = [cliff.profile for cliff in found if not cliff.edge]
    if not over:
        most = max(cliff.points[-1][0] for cliff in found)
        return f"“{found[0].workload}” has no cliff up to {number(most)} requests in flight"
    said = f"“{found[0].workload}” climbs with the requests in flight: {listed(over)} on"
    return f"{said}; {listed(free)} {'does' if len(free) == 1 else 'do'} not" if free else said


def _panel(cliff: Cliff, x: Axis, y: Axis) -> Panel:
    measured = Series(cliff.profile, [(float(n), ms) for n, ms in cliff.points], MEASURED)
    if cliff.edge is None:
        return panel([measured], x, y, profile=cliff.profile, heading="no cliff")
    bound = Series(cliff.profile, _least(cliff, cliff.edge), FITTED, marked=False)
    heading = f"{figure(cliff.edge)} at once; {_limit(cliff)}"
    return panel(
        [bound, measured], x, y, profile=cliff.profile, heading=heading, rules=[cliff.edge]
    )


def _least(cliff: Cliff, edge: float) -> list[tuple[float, float]]:
    """R up to the edge and N · R / N* from there on: straight lines over logarithmic axes."""
    (first, alone_ms), (last, _) = cliff.points[0], cliff.points[-1]
    start = [] if edge <= first else [(float(first), alone_ms)]
    return [*start, (edge, alone_ms), (float(last), alone_ms * last / edge)]


def _limit(cliff: Cliff) -> str:
    if not cliff.limit:
        return "no pool of that size"
    return f"limit: {cliff.limit} × {number(cliff.places or 0)}"


def _row(cliff: Cliff) -> tuple[str, ...]:
    (_, alone_ms), (most, most_ms) = cliff.points[0], cliff.points[-1]
    edge = figure(cliff.edge) if cliff.edge else f"≥{number(most)}"
    limit = _limit(cliff).removeprefix("limit: ") if cliff.edge else MISSING
    return cliff.profile, edge, limit, duration(alone_ms), number(most), duration(most_ms)

"""From load to load: where throughput stops following, and what that does to latency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter

from dashboards.report.cells import Cell, censored
from dashboards.report.charts.chart import Chart, Line, Option, table
from dashboards.report.charts.drawing import all_series, as_x, grid, linear_axis, log_axis
from dashboards.report.charts.sentences import KEEPS_UP, others, rates, spread
from dashboards.report.format import duration, figure, listed, rate
from loadtests.analysis.summary import Trial

HEADINGS = {"rate": "offered/s", "users": "users"}
# Numbers of users that differ by more than this factor have a logarithmic axis.
WIDE = 15.0
Value = Callable[[Trial], float | None]


def charts(cells: Sequence[Cell], key: str, span: list[float]) -> list[Chart]:
    """The sweeps of one workload over its loads, open and closed; a single load is no sweep."""
    by_mode = [
        # A burst's mean rate is none that it ever had.
        [c for c in cells if c.load.mode == "open" and not c.load.bursts],
        [c for c in cells if c.load.mode != "open"],
    ]
    swept = [mine for mine in by_mode if len(mine) >= 2]
    # The ids of the second are kept apart from those of the first.
    keys = (key, f"{key}-users")
    return [c for mine, own in zip(swept, keys, strict=False) for c in _of_mode(mine, own, span)]


def _of_mode(swept: Sequence[Cell], key: str, span: list[float]) -> list[Chart]:
    found = [_achieved(swept, key)]
    for name, what in (
        ("p50", "half of the requests are answered"),
        ("p99", "99 % of the requests are answered"),
    ):
        found.append(_latency(swept, key, span, name, what))
    return [chart for chart in found if chart is not None]


def _lines(cells: Sequence[Cell], value: Value) -> tuple[Line, ...]:
    points: dict[str, list[tuple[float, float]]] = {}
    for cell in cells:
        for row in cell.drawn:
            if (y := row.median(value)) is not None:
                points.setdefault(row.profile, []).append((_x(cell, row.median(_offered)), y))
    return tuple(Line(name, sorted(found)) for name, found in points.items())


def _x(cell: Cell, offered: float | None) -> float:
    return offered or 0 if cell.load.mode == "open" else float(cell.load.users or 0)


def _offered(trial: Trial) -> float:
    return trial.offered_rps


def _axis(cells: Sequence[Cell], lines: Sequence[Line]) -> tuple[str, Option]:
    at = [x for line in lines for x, _ in line.points]
    if cells[0].load.mode == "open":
        return "rate", as_x(linear_axis("offered requests per second", at))
    wide = max(at) > WIDE * min(at)
    return "users", as_x((log_axis if wide else linear_axis)("users", at))


def _achieved(cells: Sequence[Cell], key: str) -> Chart | None:
    drawn = _lines(cells, lambda t: t.achieved_rps)
    if not drawn:
        return None
    kind, axis = _axis(cells, drawn)
    shown = drawn
    if kind == "rate":
        end = max(x for line in drawn for x, _ in line.points)
        shown = (*drawn, Line("all answered", [(0, 0), (end, end)], reference=True))
    highest = [y for line in shown for _, y in line.points]
    y_axis = linear_axis("answers per second", highest)
    return Chart(
        id=f"{key}-achieved",
        title=_limits(cells),
        caption="Successful answers per second at each load."
        + (" On the thin grey diagonal everything is answered." if kind == "rate" else ""),
        option={
            "grid": grid(line.name for line in shown),
            "xAxis": axis,
            "yAxis": y_axis,
            "series": all_series(shown, y_axis),
        },
        x=kind,
        y="rate",
        table=table(HEADINGS[kind], shown, kind, "rate"),
    )


def _limits(cells: Sequence[Cell]) -> str:
    best: dict[str, float] = {}
    behind: set[str] = set()
    for cell in cells:
        offered, achieved = rates(cell)
        for name, value in achieved.items():
            best[name] = max(best.get(name, 0), value)
            if cell.load.mode == "open" and value < KEEPS_UP * offered[name]:
                behind.add(name)
    if not behind:
        return spread(best, rate, what="The highest throughput is")
    parts = [f"{name} at most {rate(best[name])}" for name in best if name in behind]
    ahead = [name for name in best if name not in behind]
    return f"Answered: {listed(parts)}" + (f"; {others(ahead)} never fell behind" if ahead else "")


def _latency(
    cells: Sequence[Cell], key: str, span: list[float], name: str, what: str
) -> Chart | None:
    drawn = _lines(cells, attrgetter(f"latency_ms.{name}"))
    # A line of one point shows no course; the tables have its figure.
    if all(len(line.points) < 2 for line in drawn):
        return None
    kind, axis = _axis(cells, drawn)
    last = max(x for line in drawn for x, _ in line.points)
    at_last = {row.profile: row.median(attrgetter(f"latency_ms.{name}")) for row in cells[-1].drawn}
    floors = [row.profile for row in cells[-1].drawn if censored(row)]
    load = f"At {rate(last)}" if kind == "rate" else f"With {figure(last)} users"
    y_axis = log_axis(f"{name} latency", span)
    return Chart(
        id=f"{key}-{name}",
        title=spread(at_last, duration, what=f"{load}, {what} within", floors=floors),
        caption=f"The {name} of latency at each load.",
        option={
            "grid": grid(line.name for line in drawn),
            "xAxis": axis,
            "yAxis": y_axis,
            "series": all_series(drawn, y_axis),
        },
        x=kind,
        y="ms",
        table=table(HEADINGS[kind], drawn, kind, "ms"),
    )

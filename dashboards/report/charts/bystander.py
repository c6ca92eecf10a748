"""What a cheap request feels while the others wait, compute or block: one row per profile."""

from __future__ import annotations

from operator import attrgetter

from dashboards.report.cells import Cell, Row, bystander, bystander_censored
from dashboards.report.charts.chart import Chart, Line, Option, Table
from dashboards.report.charts.drawing import LABEL_PIXELS, as_x, grid, log_axis, series
from dashboards.report.charts.sentences import spread
from dashboards.report.format import duration

ROW_PIXELS = 44
# Filled: the usual. Hollow: one in ten is slower. A bar: where it ends.
SYMBOLS = {"p50": ("circle", 11), "p90": ("emptyCircle", 11), "max": ("rect", [3, 15])}


def values(row: Row) -> dict[str, float]:
    """p50, p90 and max of the row's bystander in ms, as far as they are stated."""
    found = {n: row.median(bystander(attrgetter(f"latency_ms.{n}"))) for n in SYMBOLS}
    return {name: value for name, value in found.items() if value is not None}


def chart(cell: Cell, key: str, span: list[float]) -> Chart | None:
    """The chart of a cell; None where no trial had a bystander that was answered."""
    rows = [row for row in cell.drawn if values(row)]
    if not rows:
        return None
    p90 = {row.profile: values(row).get("p90") for row in cell.drawn}
    names = [row.profile for row in rows]
    floors = [row.profile for row in rows if bystander_censored(row)]
    return Chart(
        id=f"{key}-bystander",
        title=spread(p90, duration, what="Nine bystanders in ten are served within", floors=floors),
        caption="A cheap request, sent now and then beside the load. The filled dot is the time "
        "within which half of them are served; the ring, nine in ten; the bar, all.",
        option={
            "grid": _grid(names),
            "xAxis": as_x(log_axis("bystander latency", span)) | {"splitLine": {"show": True}},
            "yAxis": {"type": "category", "data": names, "inverse": True},
            "series": [_series(row, n) for n, row in enumerate(rows)],
        },
        x="ms",
        y="profile",
        table=_table(rows),
        height=80 + ROW_PIXELS * len(rows),
    )


def _grid(names: list[str]) -> Option:
    left = round(18 + LABEL_PIXELS * max(len(name) for name in names))
    return grid([]) | {"left": left, "right": 34, "top": 16}


def _table(rows: list[Row]) -> Table:
    read = [values(row) for row in rows]
    return Table(
        ("bystander", *(row.profile for row in rows)),
        tuple((name, *(duration(found.get(name)) for found in read)) for name in SYMBOLS),
    )


def _points(row: Row, position: int) -> list[tuple[float, float]]:
    return [(value, position) for value in values(row).values()]


def _series(row: Row, position: int) -> Option:
    option = series(Line(row.profile, _points(row, position))) | {"endLabel": {"show": False}}
    option["data"] = [
        {
            "value": [value, position],
            "symbol": SYMBOLS[name][0],
            "symbolSize": SYMBOLS[name][1],
            # The figure that the title compares stands at its point.
            "label": {"show": name == "p90", "position": "top", "formatter": duration(value)},
        }
        for name, value in values(row).items()
    ]
    return option

"""What 1,000 requests cost each profile: processor time, and memory for the rate it served."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboards.report.charts.chart import Table
from dashboards.report.charts.ranges import Measure, RangeChart, ranges
from dashboards.report.charts.sentences import spread
from dashboards.report.format import MISSING, NBSP, figure
from loadtests.analysis.decisions import Cost

# What is drawn, each in a panel of its own.
PANELS: tuple[tuple[str, Callable[[Cost], float | None]], ...] = (
    ("CPU seconds for 1,000 requests", lambda cost: cost.cpu_s_per_1000),
    ("MiB of memory for each 1,000 requests/s", lambda cost: cost.mb_per_1000_rps),
)
HEADINGS = (
    "profile",
    "at, requests/s",
    "CPU s per 1,000",
    "memory, MiB",
    "MiB per 1,000 requests/s",
    "MiB per idle connection",
    "KiB per open connection",
    "money per million",
    "trials",
)


def chart(found: Sequence[Cost], key: str) -> RangeChart:
    """The chart of one workload's costs."""
    panels = []
    for heading, read in PANELS:
        values = [(cost.profile, value) for cost in found if (value := read(cost)) is not None]
        if values:
            measures = [Measure(name, v, None, None, None, figure(v)) for name, v in values]
            panels.append(ranges(heading, measures))
    return RangeChart(
        id=key,
        title=title(found),
        caption="Of all processes of the server, at the rate that the table names.",
        panels=tuple(panels),
        legend=(),
        table=Table(*_table(found)),
    )


def title(found: Sequence[Cost]) -> str:
    """Who needs least processor time, and who most; memory where no processor time is known."""
    workload = found[0].workload
    cpu = {cost.profile: cost.cpu_s_per_1000 for cost in found}
    if any(value is not None for value in cpu.values()):
        return spread(cpu, _seconds, what=f"1,000 requests of “{workload}” take")
    memory = {cost.profile: cost.memory_mb for cost in found}
    return spread(memory, lambda mb: f"{figure(mb)}{NBSP}MiB", what=f"“{workload}” needs memory of")


def _seconds(value: float) -> str:
    return f"{figure(value)}{NBSP}s of CPU"


def _table(found: Sequence[Cost]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The figures, without the columns that nobody has."""
    rows = [_row(cost) for cost in found]
    shown = [n for n in range(len(HEADINGS)) if any(row[n] != MISSING for row in rows)]
    return tuple(HEADINGS[n] for n in shown), tuple(tuple(row[n] for n in shown) for row in rows)


def _row(cost: Cost) -> tuple[str, ...]:
    return (
        cost.profile,
        figure(cost.rate_rps),
        figure(cost.cpu_s_per_1000),
        figure(cost.memory_mb),
        figure(cost.mb_per_1000_rps),
        figure(cost.mb_per_idle_connection),
        figure(cost.kb_per_connection),
        _money(cost),
        ", ".join(map(str, cost.trials)) or MISSING,
    )


def _money(cost: Cost) -> str:
    """In the currency of the price that was given."""
    unit = f"{NBSP}{cost.currency}" if cost.money_per_million is not None else ""
    return f"{figure(cost.money_per_million)}{unit}".strip()

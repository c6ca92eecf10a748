"""What panels ask for: selectors and expressions that follow the variables of the dashboard.

Rule: a panel's series carry the label `profile`, and so can be cut to the runs that are chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dashboards.prometheus import promql
from dashboards.prometheus.promql import GATE, RUN, labels_of, ratio

Drawn = Literal["line", "thin", "points"]

WINDOW = "$__rate_interval"
LONG = "30s"
"""The window of quantiles: the 99th of a hundred requests wants hundreds of them."""
PROFILE = ("profile",)
_ALIVE = {
    "worker": "testbed_worker_slots",
    "generator": "testbed_client_in_flight_requests",
}
"""What shows that a process is there: counters stay when theirs has ended."""
_CHOSEN = {
    "profile": 'profile=~"$profile"',
    "run": 'run=~"$run"',
    "workload": 'workload=~"$workload"',
}


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and how each of its series is called in the legend.

    Series of one profile have one colour: what stands beside a line of it is `drawn` thinner or
    as points. `instant`: of all the time shown only its end.
    """

    expression: str
    legend: str
    drawn: Drawn = "line"
    instant: bool = False


def in_runs(expression: str, legend: str, drawn: Drawn = "line") -> Query:
    """Ask for an expression at the times at which a chosen run was under way."""
    return Query(cut(expression), legend, drawn)


def cut(expression: str) -> str:
    """An expression where a chosen run was under way, and nothing elsewhere."""
    whole = f"({expression})" if " or " in expression.replace("\n", " ") else expression
    return f"{whole}\nand on (profile) {series(RUN)}"


def series(name: str, *matchers: str) -> str:
    """The selector of a metric, cut to what is chosen as far as its labels know of it."""
    chosen = [matcher for label, matcher in _CHOSEN.items() if label in labels_of(name)]
    return promql.series(name, *chosen, *matchers)


def rate(name: str, *matchers: str, by: Sequence[str] = PROFILE, window: str = WINDOW) -> str:
    """How fast a counter grows."""
    return promql.rate(series(name, *matchers), window, by)


def rate_of_each(process: str, name: str) -> str:
    """How fast a counter grows in each process that is alive; `process` is the label of its id."""
    by = ("profile", process)
    return f"{rate(name, by=by)}\nand on ({', '.join(by)}) {series(_ALIVE[process])}"


def growth(name: str, by: Sequence[str] = PROFILE) -> str:
    """By how much a counter has grown since the point before."""
    return promql.growth(series(name), WINDOW, by)


def total(name: str, *matchers: str, by: Sequence[str] = PROFILE) -> str:
    """A gauge, summed."""
    return promql.total(series(name, *matchers), by)


def peaks(name: str, *matchers: str, by: Sequence[str] = PROFILE) -> str:
    """The greatest that each gauge has been since the point before, summed."""
    return promql.total(promql.peak(series(name, *matchers), WINDOW), by)


def highest(name: str, *matchers: str, by: Sequence[str] = PROFILE) -> str:
    """The greatest of a gauge."""
    return promql.highest(series(name, *matchers), by)


def peak(name: str, by: Sequence[str] = PROFILE) -> str:
    """The greatest of a gauge, and that it has been since the point before."""
    return promql.highest(promql.peak(series(name), WINDOW), by)


def quantile(share: float, histogram: str, *matchers: str, by: Sequence[str] = PROFILE) -> str:
    """A quantile of a histogram over the last 30 seconds."""
    return promql.quantile(share, series(f"{histogram}_bucket", *matchers), LONG, by)


def mean(histogram: str, *matchers: str, by: Sequence[str] = PROFILE, window: str = WINDOW) -> str:
    """The mean of a histogram."""
    observed, count = (
        rate(f"{histogram}_{part}", *matchers, by=by, window=window) for part in ("sum", "count")
    )
    return ratio(observed, count)


def quantiles(
    histogram: str, *matchers: str, upper: int = 99, by: Sequence[str] = PROFILE
) -> tuple[Query, ...]:
    """A high percentile of a histogram, and beside it the median."""
    drawn: dict[int, Drawn] = {upper: "line", 50: "thin"}
    whose = " ".join(f"{{{{{label}}}}}" for label in by)
    return tuple(
        in_runs(quantile(percent / 100, histogram, *matchers, by=by), f"{whose} p{percent}", how)
        for percent, how in drawn.items()
    )


def tripped(*by: str) -> str:
    """1 where a gate has tripped since the point before, else 0."""
    return peak(GATE, by)

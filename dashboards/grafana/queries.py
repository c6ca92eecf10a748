"""What panels ask for: selectors and expressions that follow the variables of the dashboard.

Rule: a panel's series carry the label `profile`, and so can be cut to the runs that are chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dashboards.prometheus import promql
from dashboards.prometheus.promql import RUN, labels_of, ratio

Drawn = Literal["line", "thin", "points"]

WINDOW = "$__rate_interval"
PROFILE = ("profile",)
_QUANTILES: tuple[tuple[float, str, Drawn], ...] = ((0.99, "p99", "line"), (0.5, "p50", "thin"))
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


def rate(name: str, *matchers: str, by: Sequence[str] = PROFILE) -> str:
    """How fast a counter grows."""
    return promql.rate(series(name, *matchers), WINDOW, by)


def total(name: str, *matchers: str, by: Sequence[str] = PROFILE) -> str:
    """A gauge, summed."""
    return promql.total(series(name, *matchers), by)


def highest(name: str, *matchers: str, by: Sequence[str] = PROFILE) -> str:
    """The greatest of a gauge."""
    return promql.highest(series(name, *matchers), by)


def quantile(share: float, histogram: str, *matchers: str, by: Sequence[str] = PROFILE) -> str:
    """A quantile of a histogram."""
    return promql.quantile(share, series(f"{histogram}_bucket", *matchers), WINDOW, by)


def mean(histogram: str, *matchers: str, by: Sequence[str] = PROFILE) -> str:
    """The mean of a histogram."""
    observed, count = f"{histogram}_sum", f"{histogram}_count"
    return ratio(rate(observed, *matchers, by=by), rate(count, *matchers, by=by))


def quantiles(histogram: str, *matchers: str) -> tuple[Query, ...]:
    """The 99th percentile of a histogram, and beside it the median."""
    return tuple(
        in_runs(quantile(share, histogram, *matchers), f"{{{{profile}}}} {called}", drawn)
        for share, called, drawn in _QUANTILES
    )


def tripped(*by: str) -> str:
    """1 where a gate has tripped, be it in one generator or in several; else 0."""
    return f"clamp_max({highest('testbed_gate_tripped', by=by)}, 1)"

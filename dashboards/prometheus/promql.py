"""PromQL over the contract: an unknown metric or label is an error here, no empty panel later.

Rule: every name and every label of a query goes through `series`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from servers.metrics import METRICS

RUN = "profile:testbed_run"
GATE = "profile:testbed_gate_tripped"
OCCUPANCY = "worker:testbed_occupancy:mean5s"
RECORDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        RUN: ("profile", "run", "workload", "load"),
        GATE: ("profile", "gate"),
        OCCUPANCY: ("profile", "worker"),
    }
)
"""What recording rules add to the contract's metrics: names, and their labels."""

_PARTS = ("_bucket", "_sum", "_count")
_MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"[^"]*"')
_NAME = re.compile(r"(?:\w+_over_time\()?([\w:]+)")


class UnknownSeriesError(ValueError):
    """A name or a label that nobody serves: says which."""


def series(name: str, *matchers: str) -> str:
    """The selector of a metric. A histogram is named with its part: `…_bucket`, `_sum`, `_count`.

    `matchers` are as PromQL spells them, such as `stream="load"`.
    """
    labels = labels_of(name)
    for matcher in matchers:
        found = _MATCHER.fullmatch(matcher)
        if found is None or found[1] not in labels:
            raise UnknownSeriesError(f"{matcher!r} does not match {name}: it has {labels}")
    return f"{name}{{{', '.join(matchers)}}}" if matchers else name


def labels_of(name: str) -> tuple[str, ...]:
    """The labels of a series. Raises UnknownSeriesError where there is none of that name."""
    if name in RECORDED:
        return RECORDED[name]
    metric = METRICS.get(name)
    if metric is not None and metric.kind != "histogram":
        return metric.labels
    for part in _PARTS:
        base = METRICS.get(name.removesuffix(part))
        if name.endswith(part) and base is not None and base.kind == "histogram":
            return (*base.labels, "le") if part == "_bucket" else base.labels
    raise UnknownSeriesError(f"{name} is in neither servers.metrics nor the recording rules")


def rate(selector: str, window: str, by: Sequence[str]) -> str:
    """How fast a counter grows, summed over all other labels."""
    _require("counter", selector)
    return _over("sum", f"rate({selector}[{window}])", selector, by)


def growth(selector: str, window: str, by: Sequence[str]) -> str:
    """By how much a counter has grown, summed over all other labels."""
    _require("counter", selector)
    return _over("sum", f"increase({selector}[{window}])", selector, by)


def peak(selector: str, window: str) -> str:
    """The greatest that a gauge has been, to be aggregated: what lies between two points counts."""
    _require("gauge", selector)
    return f"max_over_time({selector}[{window}])"


def mean_over(selector: str, window: str) -> str:
    """The mean of a gauge over time, to be aggregated."""
    _require("gauge", selector)
    return f"avg_over_time({selector}[{window}])"


def total(gauge: str, by: Sequence[str]) -> str:
    """A gauge, its peak or its mean, summed over all other labels."""
    return _over("sum", gauge, gauge, by)


def highest(gauge: str, by: Sequence[str]) -> str:
    """The greatest of a gauge, of its peak or of its mean, over all other labels."""
    return _over("max", gauge, gauge, by)


def average(gauge: str, by: Sequence[str]) -> str:
    """The mean of a gauge over all other labels."""
    return _over("avg", gauge, gauge, by)


def number(gauge: str, by: Sequence[str]) -> str:
    """How many series a gauge has."""
    return _over("count", gauge, gauge, by)


def ratio(part: str, whole: str) -> str:
    """A quotient, and nothing where the divisor is zero."""
    return f"({part})\n/ (({whole}) > 0)"


def share_of(parts: str, whole: str) -> str:
    """A quotient of several series of each profile by the one of the whole profile."""
    return f"({parts})\n/ on (profile) group_left () (({whole}) > 0)"


def quantile(share: float, buckets: str, window: str, by: Sequence[str]) -> str:
    """A quantile of a histogram, and nothing where nothing was observed."""
    return f"histogram_quantile({share}, {rate(buckets, window, ('le', *by))}) >= 0"


def _over(aggregation: str, what: str, selector: str, by: Sequence[str]) -> str:
    name = _name(selector)
    foreign = [label for label in by if label not in labels_of(name)]
    if foreign:
        raise UnknownSeriesError(f"{name} has no label {foreign[0]!r}: it has {labels_of(name)}")
    return f"{aggregation} by ({', '.join(by)}) ({what})"


def _require(kind: Literal["counter", "gauge"], selector: str) -> None:
    """What is recorded is a gauge, and of a histogram every part is a counter."""
    name = _name(selector)
    metric = METRICS.get(name)
    found = "gauge" if name in RECORDED or (metric and metric.kind == "gauge") else "counter"
    if found != kind:
        raise UnknownSeriesError(f"{name} is no {kind}: it is a {found}")


def _name(selector: str) -> str:
    found = _NAME.match(selector)
    return found[1] if found else selector

"""What is asked for is what the contract serves, and what it serves is shown."""

from __future__ import annotations

import re

import pytest

from dashboards.grafana import queries
from dashboards.prometheus import promql
from dashboards.prometheus.rules import RULES
from servers.metrics import METRICS
from tests.dashboards.grafana.shown import QUERIES, Asked, selectors

NOT_SHOWN = {
    "testbed_accept_queue_limit_connections": "thousands, where tens wait: it would flatten the "
    "queue's line; that the limit was reached shows as ListenOverflows",
}
"""Metrics that no panel asks for, and why."""


def base(name: str) -> str:
    """The contract's name of a series: of a histogram's part the histogram."""
    return name if name in METRICS else re.sub("_(bucket|sum|count)$", "", name)


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_every_selector_names_a_metric_and_labels_of_the_contract(asked: Asked) -> None:
    found = selectors(asked.expression)

    assert found
    for selector in found:
        if selector.name in promql.RECORDED:
            assert set(selector.labels) <= set(promql.RECORDED[selector.name])
        else:
            metric = METRICS[base(selector.name)]
            assert set(selector.labels) <= set(metric.labels), selector
            assert (metric.kind == "histogram") == (base(selector.name) != selector.name)
            assert ("profile" in metric.labels) == ("profile" in selector.labels), selector


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_a_legend_begins_with_the_profile_where_series_are_compared(asked: Asked) -> None:
    """By that its colour is found."""
    labels = set(re.findall(r"\{\{(\w+)\}\}", asked.legend))
    grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", asked.expression))))

    assert labels <= grouped
    if "profile" in labels:
        assert asked.legend.startswith("{{profile}}")


def test_every_metric_is_shown_or_has_a_reason_not_to_be() -> None:
    expressions = [asked.expression for asked in QUERIES] + [rule.expression for rule in RULES]
    shown = {base(one.name) for expression in expressions for one in selectors(expression)}

    assert shown & METRICS.keys() | NOT_SHOWN.keys() == METRICS.keys()
    assert not shown & NOT_SHOWN.keys()
    assert promql.RECORDED.keys() <= shown


def test_a_query_is_cut_to_the_runs_that_are_chosen() -> None:
    chosen = 'profile=~"$profile", run=~"$run", workload=~"$workload"'

    simple = queries.in_runs(queries.total("testbed_workers"), "x")
    either = queries.in_runs("a\nor b", "x")

    assert simple.expression == (
        'sum by (profile) (testbed_workers{profile=~"$profile"})\n'
        f"and on (profile) profile:testbed_run{{{chosen}}}"
    )
    assert either.expression.startswith("(a\nor b)\nand on (profile) ")

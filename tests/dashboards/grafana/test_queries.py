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
    "testbed_worker_begun_requests_total": "less what is answered it is the active requests",
    "testbed_accept_queue_limit_connections": "thousands, where tens wait: it would flatten the "
    "queue's line; that the limit was reached shows as ListenOverflows",
    "testbed_event_loop_due_seconds": "a moment of the host's monotonic clock, which says nothing "
    "by itself; how long it is past is testbed_event_loop_stalled_seconds",
    "testbed_active_request_seconds_total": "its rate is the mean of the active requests, which "
    "are shown; the analysis holds Little's law against it",
    "testbed_sampled_seconds_total": "the time that the same is divided by",
    "testbed_host_cpu_seconds_total": "of the host only what a hypervisor took concerns a trial, "
    "and the analysis judges that",
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


@pytest.mark.parametrize(
    ("process", "alive"),
    [
        ("worker", "testbed_worker_slots"),
        ("generator", "testbed_client_in_flight_requests"),
    ],
)
def test_a_process_that_has_ended_is_shown_no_longer(process: str, alive: str) -> None:
    """Its counters stay, and would be a line at zero: its gauges go away with it."""
    by = f"by (profile, {process})"
    counted = [
        asked for asked in QUERIES if re.search(rf"{re.escape(by)} \(rate", asked.expression)
    ]

    assert counted
    assert METRICS[alive].kind == "gauge"
    for asked in counted:
        assert f"and on (profile, {process}) {alive}{{" in asked.expression, asked


def test_both_sides_of_the_twins_count_the_same() -> None:
    """Successes beside successes, and failures beside failures."""
    rates = [a for a in QUERIES if a.dashboard == "twins" and " per second: " in a.panel]

    counted = {a.panel: re.findall(r'(?:outcome|status_code)[!=~]+"[^"]+"', a.expression)
               for a in rates}  # fmt: skip
    assert counted == {
        "Answers per second: clients": ['outcome="completed"'],
        "Answers per second: servers": ['status_code=~"[123].."'],
        "Failures per second: clients": ['outcome="failed"'],
        "Failures per second: servers": ['status_code=~"[45].."'],
    }


def test_littles_law_takes_what_was_sent_times_the_mean_latency() -> None:
    (asked,) = [a for a in QUERIES if a.legend == "{{profile}} λ·W"]
    names = [re.sub(r"\{.*?\}", "", one.text) for one in selectors(asked.expression)]

    assert names[:4] == [
        "testbed_client_scheduled_requests_total",
        "testbed_client_requests_total",
        "testbed_client_latency_seconds_sum",
        "testbed_client_latency_seconds_count",
    ]
    assert 'outcome="dropped"' in asked.expression
    assert re.search(r"^\(sum.*\n- sum.*\)\n\* \(\(sum", asked.expression)

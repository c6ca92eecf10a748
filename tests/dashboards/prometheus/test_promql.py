"""A query that nobody could answer is an error where it is written."""

from __future__ import annotations

from collections.abc import Callable

import promql_parser
import pytest

from dashboards.prometheus import promql
from dashboards.prometheus.promql import UnknownSeriesError

HELD = "testbed_worker_hold_seconds_total"
LATENCY = "testbed_client_latency_seconds"


def test_a_selector_is_the_name_with_its_matchers() -> None:
    assert promql.series("testbed_workers") == "testbed_workers"
    assert promql.series("testbed_workers", 'profile="sync"') == 'testbed_workers{profile="sync"}'
    assert promql.series(f"{LATENCY}_bucket", 'le="+Inf"', 'stream!~"a|b"') == (
        f'{LATENCY}_bucket{{le="+Inf", stream!~"a|b"}}'
    )
    assert promql.series(promql.OCCUPANCY, 'worker="1"').endswith('{worker="1"}')


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: promql.series("testbed_workerz"), "testbed_workerz is in neither"),
        (lambda: promql.series(LATENCY), "is in neither"),
        (lambda: promql.series("testbed_workers_count"), "is in neither"),
        (lambda: promql.series("testbed_workers", 'worker="1"'), "does not match testbed_workers"),
        (lambda: promql.series(f"{LATENCY}_sum", 'le="1"'), "does not match"),
        (lambda: promql.series("testbed_workers", "profile=sync"), "does not match"),
        (lambda: promql.series("testbed_workers", 'profile=="x"'), "does not match"),
        (lambda: promql.rate("testbed_workers", "5s", ("profile",)), "is no counter"),
        (lambda: promql.growth("testbed_workers", "5s", ("profile",)), "is no counter"),
        (lambda: promql.peak(HELD, "5s"), "is no gauge"),
        (lambda: promql.mean_over(f"{LATENCY}_sum", "5s"), "is no gauge"),
        (lambda: promql.rate(promql.OCCUPANCY, "5s", ("profile",)), "is no counter"),
        (lambda: promql.rate(HELD, "5s", ("profile", "pool")), "has no label 'pool'"),
        (lambda: promql.total("testbed_workers", ("worker",)), "has no label 'worker'"),
        (lambda: promql.highest("testbed_workers", ("worker",)), "has no label 'worker'"),
        (
            lambda: promql.total(promql.peak("testbed_workers", "5s"), ("worker",)),
            "has no label 'worker'",
        ),
        (lambda: promql.average("testbed_workers", ("worker",)), "has no label 'worker'"),
        (lambda: promql.number("testbed_workers", ("worker",)), "has no label 'worker'"),
        (lambda: promql.quantile(0.5, f"{LATENCY}_sum", "5s", ()), "has no label 'le'"),
    ],
)
def test_an_unknown_name_label_or_kind_is_refused(make: Callable[[], str], said: str) -> None:
    with pytest.raises(UnknownSeriesError, match=said):
        make()


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (
            promql.rate(HELD, "5s", ("profile", "worker")),
            f"sum by (profile, worker) (rate({HELD}[5s]))",
        ),
        (promql.total("testbed_workers", ("profile",)), "sum by (profile) (testbed_workers)"),
        (promql.highest("testbed_workers", ("profile",)), "max by (profile) (testbed_workers)"),
        (
            promql.growth(HELD, "5s", ("profile",)),
            f"sum by (profile) (increase({HELD}[5s]))",
        ),
        (
            promql.highest(promql.peak("testbed_workers", "5s"), ("profile",)),
            "max by (profile) (max_over_time(testbed_workers[5s]))",
        ),
        (
            promql.total(promql.mean_over(promql.OCCUPANCY, "5s"), ("profile",)),
            f"sum by (profile) (avg_over_time({promql.OCCUPANCY}[5s]))",
        ),
        (promql.average("testbed_workers", ("profile",)), "avg by (profile) (testbed_workers)"),
        (promql.number("testbed_workers", ("profile",)), "count by (profile) (testbed_workers)"),
        (promql.ratio("a + b", "c - d"), "(a + b) / ((c - d) > 0)"),
        (
            promql.share_of("a or b", "c"),
            "(a or b) / on (profile) group_left () ((c) > 0)",
        ),
        (
            promql.quantile(0.99, f"{LATENCY}_bucket", "4s", ("profile",)),
            f"histogram_quantile(0.99, sum by (le, profile) (rate({LATENCY}_bucket[4s]))) >= 0",
        ),
    ],
)
def test_an_expression_is_what_prometheus_reads(made: str, wanted: str) -> None:
    assert made.replace("\n", " ") == wanted
    promql_parser.parse(made)

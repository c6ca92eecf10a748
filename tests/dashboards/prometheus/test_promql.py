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
    assert promql.series(promql.OCCUPIED, 'worker="1"').endswith('{worker="1"}')


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
        (lambda: promql.rate(promql.OCCUPIED, "5s", ("profile",)), "is no counter"),
        (lambda: promql.rate(HELD, "5s", ("profile", "pool")), "has no label 'pool'"),
        (lambda: promql.total("testbed_workers", ("worker",)), "has no label 'worker'"),
        (lambda: promql.highest("testbed_workers", ("worker",)), "has no label 'worker'"),
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
        (promql.ratio("a", "b"), "a / (b > 0)"),
        (promql.share_of("a", "b"), "a / on (profile) group_left () (b > 0)"),
        (
            promql.quantile(0.99, f"{LATENCY}_bucket", "4s", ("profile",)),
            f"histogram_quantile(0.99, sum by (le, profile) (rate({LATENCY}_bucket[4s]))) >= 0",
        ),
    ],
)
def test_an_expression_is_what_prometheus_reads(made: str, wanted: str) -> None:
    assert made.replace("\n", " ") == wanted
    promql_parser.parse(made)

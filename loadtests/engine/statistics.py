"""Samples into Locust's statistics: its own fields and its own merging, no call per request.

A failure counts as a request without a response time, as Locust itself counts one that has none,
so that failures never enter the latency of successes. A client that left is no failure, and has
none either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadtests.engine.tally import Tally, bucket_ns, tallies

METHOD = "GET"
MILLISECOND = 1e6


def bucket_ms(latency_ms: float) -> float:
    """The histogram bucket of a latency in milliseconds, for Locust's own bookkeeping."""
    return int(bucket_ns(round(latency_ms * MILLISECOND))) / MILLISECOND


def merge(
    rows: Any, names: Sequence[str], stats: Any, now_s: float, methods: Sequence[str] = ()
) -> None:
    """Add a recorder's rows to a `locust.stats.RequestStats`.

    `names` are those of the targets by number, and so are `methods`, by default all GET; `now_s` is
    the time of the epoch.
    """
    for tally in tallies(rows):
        method = methods[tally.target] if methods else METHOD
        _merge_one(tally, names[tally.target], method, stats, now_s)


def _merge_one(tally: Tally, name: str, method: str, stats: Any, now_s: float) -> None:
    failed = sum(tally.failures.values())
    ended = tally.completed + failed + tally.gone
    fresh = type(stats.total)(stats, name, method)
    fresh.start_time = now_s
    fresh.num_requests = ended
    fresh.num_none_requests = failed + tally.gone
    fresh.total_response_time = tally.total_ns / MILLISECOND
    fresh.last_request_timestamp = now_s
    fresh.num_reqs_per_sec = {int(now_s): ended}
    if tally.completed:
        fresh.min_response_time = tally.shortest_ns / MILLISECOND
        fresh.max_response_time = tally.longest_ns / MILLISECOND
        fresh.response_times = {ns / MILLISECOND: n for ns, n in tally.buckets.items()}
    stats.entries[(name, method)].extend(fresh)
    stats.total.extend(fresh)
    for fault, occurrences in tally.failures.items():
        for _ in range(occurrences):
            stats.log_error(method, name, fault)

"""Tallies, and what becomes of them in Locust's own statistics."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.engine.exchange import Exchange
from loadtests.engine.recorder import Recorder
from loadtests.engine.tally import SIGNIFICANT_BITS, Groups, bucket_ns, tallies
from loadtests.plan import Target
from loadtests.samples import ErrorKind, Outcome
from tests.loadtests.mini import ROOT


@given(st.integers(0, 10**12))
def test_a_bucket_is_at_most_the_value_and_within_one_percent_of_it(latency_ns: int) -> None:
    bucket = int(bucket_ns(latency_ns))

    assert bucket <= latency_ns
    assert latency_ns - bucket <= latency_ns / 2 ** (SIGNIFICANT_BITS - 1)
    assert int(bucket_ns(bucket)) == bucket


def rows_of(*fates: tuple[int, Outcome, int, int]) -> Any:
    """Rows of a chunk: (target, outcome, status, latency in ns)."""
    recorder = Recorder(origin_ns=0)
    for target, outcome, status, latency_ns in fates:
        error = ErrorKind.NONE if outcome is not Outcome.FAILED else ErrorKind.RESET
        error = ErrorKind.STATUS if status >= 400 else error
        recorder.record(Exchange(target, 5_000), outcome, 5_000 + latency_ns, status, error)
    return recorder.filling.columns()


def test_rows_are_counted_by_target_and_failures_apart() -> None:
    done, failed = Outcome.COMPLETED, Outcome.FAILED
    rows = rows_of(
        *((1, done, 200, latency_ns) for latency_ns in (1_500, 900, 2_000_000, 900)),
        (1, failed, 0, 7),
        (1, failed, 503, 7),
        (1, Outcome.CENSORED, 0, 9_000_000),
        (3, Outcome.DROPPED, 0, 0),
    )

    one, three = tallies(rows)

    assert (one.target, one.completed, one.total_ns) == (1, 4, 2_003_300)
    assert (one.shortest_ns, one.longest_ns) == (900, 2_000_000)
    assert one.buckets == {
        int(bucket_ns(900)): 2,
        int(bucket_ns(1_500)): 1,
        int(bucket_ns(2_000_000)): 1,
    }
    assert one.failures == {"reset": 1, "status 503": 1, "censored": 1}
    assert (three.target, three.completed, three.failures) == (3, 0, {"dropped": 1})


def test_a_client_that_left_is_neither_answered_nor_a_failure() -> None:
    done, gone = Outcome.COMPLETED, Outcome.GONE
    rows = rows_of(
        (0, gone, 0, 5_000_000), (0, done, 200, 900), (0, gone, 408, 7_000), (1, gone, 0, 5)
    )

    zero, one = tallies(rows)

    assert (zero.completed, zero.gone, zero.failures) == (1, 2, {})
    assert (zero.shortest_ns, zero.longest_ns) == (900, 900)
    assert (one.completed, one.gone, one.failures) == (0, 1, {})


def test_variants_of_a_kind_are_counted_as_one_and_streams_apart() -> None:
    def target(number: int, stream: str, url: str, kind: str) -> Target:
        path = url.partition("?")[0]
        return Target(number=number, stream=stream, path=path, url=url, weight=1.0, kind=kind)

    spread = "GET /wait?ms=uniform(1,3)"
    targets = [
        target(0, "load", "/hello", "GET /hello"),
        *(target(n, "load", f"/wait?ms={n}", spread) for n in (1, 2, 3)),
        target(4, "silent", "/hello", "GET /hello"),
    ]
    rows = rows_of(*((n, Outcome.COMPLETED, 200, 1_000 * n) for n in (0, 1, 2, 2, 3, 4)))
    before = rows["target"].tolist()

    grouped = Groups(targets).of(rows)

    assert {tally.target: tally.completed for tally in tallies(grouped)} == {0: 1, 1: 4, 4: 1}
    assert rows["target"].tolist() == before
    assert Groups(targets[:2]).of(rows) is rows


def test_counting_in_parts_equals_counting_at_once() -> None:
    rows = rows_of(*((n % 3, Outcome.COMPLETED, 200, n * 977) for n in range(1, 400)))

    whole = {tally.target: tally for tally in tallies(rows)}
    parts = [*tallies(rows[:100]), *tallies(rows[100:])]

    for target, tally in whole.items():
        mine = [part for part in parts if part.target == target]
        assert sum(part.completed for part in mine) == tally.completed
        assert sum(part.total_ns for part in mine) == tally.total_ns
        merged: dict[int, int] = {}
        for part in mine:
            for bucket, count in part.buckets.items():
                merged[bucket] = merged.get(bucket, 0) + count
        assert merged == tally.buckets


# Importing Locust patches a process, so its statistics are looked at in one of their own.
IN_LOCUST = """
import json
from locust.stats import RequestStats, StatsEntry
from loadtests.engine import statistics
from loadtests.engine.exchange import Exchange
from loadtests.engine.recorder import Recorder
from loadtests.samples import ErrorKind, Outcome

recorder = Recorder(0)
for n in range(1, 1001):
    recorder.record(Exchange(0, 0), Outcome.COMPLETED, n * 100_000, 200, ErrorKind.NONE)
for _ in range(3):
    recorder.record(Exchange(2, 0), Outcome.FAILED, 5, 503, ErrorKind.STATUS)
recorder.record(Exchange(2, 0), Outcome.COMPLETED, 250_000, 200, ErrorKind.NONE)
stats, names = RequestStats(), ["/wait", "/none", "/hello"]
for part in range(2):
    statistics.merge(recorder.filling.columns(), names, stats, 1_000_000.0 + part)

worker, master = stats, RequestStats()
for report in worker.serialize_stats():
    entry = StatsEntry.unserialize(report, master)
    master.entries[(entry.name, entry.method)].extend(entry)
wait, hello = master.get("/wait", "GET"), master.get("/hello", "GET")
print(json.dumps({
    "names": sorted(name for name, _ in master.entries),
    "wait": [wait.num_requests, wait.num_failures, wait.min_response_time, wait.max_response_time,
             wait.avg_response_time],
    "percentiles": [wait.get_response_time_percentile(q) for q in (0.5, 0.99)],
    "hello": [hello.num_requests, hello.num_failures, hello.median_response_time,
              hello.avg_response_time],
    "errors": [[e.name, e.error, e.occurrences] for e in worker.errors.values()],
    "per_second": sorted(wait.num_reqs_per_sec.values()),
}))
"""


@pytest.mark.slow
def test_locusts_own_merging_gives_the_right_statistics() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IN_LOCUST], cwd=ROOT, capture_output=True, text=True, check=True
    )

    found = json.loads(ended.stdout)
    assert found["names"] == ["/hello", "/wait"]
    assert found["wait"] == [2000, 0, 0.1, 100.0, pytest.approx(50.05)]
    assert found["percentiles"] == [pytest.approx(50.0, rel=0.01), pytest.approx(99.0, rel=0.01)]
    assert found["hello"] == [8, 6, pytest.approx(0.25, rel=0.01), pytest.approx(0.25)]
    assert found["errors"] == [["/hello", "status 503", 6]]
    assert found["per_second"] == [1000, 1000]

"""Tallies, and what becomes of them in Locust's own statistics."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.engine.tally import SIGNIFICANT_BITS, Tally, bucket_ns
from tests.loadtests.mini import ROOT


@given(st.integers(0, 10**12))
def test_a_bucket_is_at_most_the_value_and_within_one_percent_of_it(latency_ns: int) -> None:
    bucket = bucket_ns(latency_ns)

    assert bucket <= latency_ns
    assert latency_ns - bucket <= latency_ns / 2 ** (SIGNIFICANT_BITS - 1)
    assert bucket_ns(bucket) == bucket


def test_counting_one_by_one_equals_counting_at_once() -> None:
    values = [1_500, 900, 2_000_000, 40_000_000, 900]
    tally = Tally()
    for value in values:
        tally.complete(value)
    tally.fail("reset")

    assert (tally.completed, tally.total_ns) == (len(values), sum(values))
    assert (tally.shortest_ns, tally.longest_ns) == (900, 40_000_000)
    assert sum(tally.buckets.values()) == len(values)
    assert tally.buckets[bucket_ns(900)] == 2
    assert tally.failures == {"reset": 1}
    assert tally
    assert not Tally()


# Importing Locust patches a process, so its statistics are looked at in one of their own.
IN_LOCUST = """
import json
from locust.stats import RequestStats, StatsEntry
from loadtests.engine import statistics
from loadtests.engine.tally import Tally

one, none, two = Tally(), Tally(), Tally()
for n in range(1, 1001):
    one.complete(n * 100_000)
for _ in range(3):
    two.fail("status 503")
two.complete(250_000)
stats = RequestStats()
for part in range(2):
    statistics.merge([one, none, two], ["/wait", "/none", "/hello"], stats, 1_000_000.0 + part)

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

"""One scrape: every metric of the contract, its values, and nothing of what is gone."""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from servers.exporter.collector import StackCollector, families
from servers.metrics import BUCKETS, METRICS, MODES, SUM
from tests.servers.exporter.children import Found, child, eventually, ledger_of, scrape, series
from tests.servers.exporter.test_tcp import BACKLOG, SERVER
from tests.servers.live import free_port

linux = pytest.mark.skipif(sys.platform != "linux", reason="the rest of the systems tell less")


def exposition(folder: Path) -> list[str]:
    registry = CollectorRegistry()
    registry.register(StackCollector(folder))
    return generate_latest(registry).decode().splitlines()


def test_every_metric_is_there_in_order_with_its_help_and_kind_though_there_is_no_server(
    tmp_path: Path,
) -> None:
    lines = [line for line in exposition(tmp_path / "none") if line.startswith("#")]

    assert lines == [
        line
        for metric in METRICS.values()
        for line in (
            f"# HELP {metric.name} {metric.help}",
            f"# TYPE {metric.name} {metric.kind}",
        )
    ]


def test_the_numbers_of_a_series_become_samples() -> None:
    cells = [0.0] * (len(BUCKETS) + 2)
    cells[0], cells[3], cells[len(BUCKETS)], cells[SUM] = 2, 3, 1, 70.5
    found = {
        family.name: {
            (sample.name, *sample.labels.values()): sample.value for sample in family.samples
        }
        for family in families(
            {
                ("testbed_requests_total", ("sync", "GET", "/hello", "200")): (8,),
                ("testbed_workers", ("uvloop",)): (2,),
                ("testbed_event_loop_stall_seconds", ("uvloop", "4711")): tuple(cells),
            }
        )
        if family.samples
    }

    assert found.keys() == {
        "testbed_requests",
        "testbed_workers",
        "testbed_event_loop_stall_seconds",
    }
    assert found["testbed_requests"] == {
        ("testbed_requests_total", "sync", "GET", "/hello", "200"): 8
    }
    assert found["testbed_workers"] == {("testbed_workers", "uvloop"): 2}
    stall = found["testbed_event_loop_stall_seconds"]
    bucket = "testbed_event_loop_stall_seconds_bucket"
    assert stall["testbed_event_loop_stall_seconds_sum", "uvloop", "4711"] == 70.5
    assert stall["testbed_event_loop_stall_seconds_count", "uvloop", "4711"] == 6
    assert [stall[bucket, "uvloop", "4711", str(bound)] for bound in BUCKETS[:4]] == [2, 2, 2, 5]
    assert stall[bucket, "uvloop", "4711", str(BUCKETS[-1])] == 5
    assert stall[bucket, "uvloop", "4711", "+Inf"] == 6


@linux
def test_a_server_has_every_metric_that_is_seen_from_outside(tmp_path: Path) -> None:
    with child() as supervisor, child(SERVER, "0") as worker:
        ledger = ledger_of(tmp_path, worker.pid, workers=1, supervisor=supervisor.pid)
        ledger.cells[ledger.series("testbed_pool_waiting_requests", "threads")] = 2
        ledger.cells[ledger.series("testbed_event_loop_due_seconds")] = time.perf_counter() - 3.0
        found = scrape(StackCollector(tmp_path))

        for metric in METRICS.values():
            if metric.writer == "exporter":
                assert series(found, metric.name), metric.name
        pid, sync = str(worker.pid), {"profile": "sync"}
        of_pool = {**sync, "worker": pid, "pool": "threads"}
        assert series(found, "testbed_pool_waiting_requests", **of_pool) == [2]
        assert series(found, "testbed_pool_waiting_max_requests", **of_pool) == [2]
        assert series(found, "testbed_workers", **sync) == [1]
        assert series(found, "testbed_worker_restarts_total", **sync) == [0]
        (stalled_s,) = series(found, "testbed_event_loop_stalled_seconds", worker=pid, **sync)
        assert 3.0 <= stalled_s < 13.0
        assert series(found, "testbed_accept_queue_limit_connections", **sync) == [BACKLOG]
        assert series(found, "testbed_open_connections", worker=pid, **sync) == [0]
        for role, process in (("worker", worker), ("supervisor", supervisor)):
            of_process = {**sync, "process": str(process.pid), "role": role}
            assert series(found, "testbed_process_threads", **of_process) == [1]


@linux
def test_the_queues_current_depth_and_its_most_since_the_last_scrape(tmp_path: Path) -> None:
    def depths(found: Found) -> list[float]:
        names = ("testbed_accept_queue_connections", "testbed_accept_queue_max_connections")
        return [value for name in names for value in series(found, name, profile="sync")]

    with child(SERVER, str(port := free_port())) as worker, ExitStack() as stack:
        assert worker.stdin is not None
        assert worker.stdout is not None
        ledger_of(tmp_path, worker.pid)
        collector = StackCollector(tmp_path)
        assert depths(scrape(collector)) == [0, 0]
        for _ in range(5):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        collector._sampler.sample()
        for _ in range(3):
            worker.stdin.write("accept\n")
            worker.stdin.flush()
            assert worker.stdout.readline() == "accepted\n"
        assert depths(scrape(collector)) == [2, 5]
        assert depths(scrape(collector)) == [2, 2]


@linux
def test_the_sampler_sees_queues_that_no_scrape_would_see(tmp_path: Path) -> None:
    """A pool that fills and empties between two scrapes, watched by the real thread."""
    most = "testbed_pool_waiting_max_requests"
    with child() as worker:
        ledger = ledger_of(tmp_path, worker.pid)
        waiting = ledger.series("testbed_pool_waiting_requests", "threads")
        collector = StackCollector(tmp_path)
        collector.start()
        assert series(scrape(collector), most) == [0]
        ledger.cells[waiting] = 6
        key = ("testbed_pool_waiting_requests", ("sync", str(worker.pid), "threads"))
        assert eventually(lambda: collector._sampler._most.get(key) == 6)
        ledger.cells[waiting] = 1
        found = scrape(collector)
        assert series(found, "testbed_pool_waiting_requests") == [1]
        assert series(found, most) == [6]
        assert series(scrape(collector), most) == [1]


@linux
def test_requests_in_the_application_add_up_over_time(tmp_path: Path) -> None:
    """Of two workers; also when an answer comes of a kind that was never met before."""
    name, now = "testbed_active_request_seconds_total", 50.0
    sampled = "testbed_sampled_seconds_total"
    with child() as first, child() as second:
        one, other = (ledger_of(tmp_path, worker.pid, workers=2) for worker in (first, second))
        begun = one.series("testbed_worker_begun_requests_total")
        one.cells[begun] = 10
        one.cells[one.series("testbed_requests_total", "GET", "/hello", "200")] = 7
        other.cells[other.series("testbed_worker_begun_requests_total")] = 1
        collector = StackCollector(tmp_path)
        collector._sampler._clock = lambda: now
        assert series(scrape(collector), name, profile="sync") == [0]
        collector._sampler.sample()
        now = 50.5
        collector._sampler.sample()
        assert series(scrape(collector), name, profile="sync") == [2.0]
        one.cells[begun] += 100
        one.cells[one.series("testbed_requests_total", "GET", "/hello", "500")] = 100
        now = 51.0
        collector._sampler.sample()
        found = scrape(collector)
        assert series(found, name, profile="sync") == [4.0]
        assert series(found, sampled, profile="sync") == [1.0]


@linux
def test_of_a_worker_whose_ledger_is_broken_nobody_knows_what_is_in_hand(tmp_path: Path) -> None:
    sampled = "testbed_sampled_seconds_total"
    with child() as worker:
        ledger = ledger_of(tmp_path, worker.pid)
        collector = StackCollector(tmp_path)
        collector._sampler._clock = iter([5.0, 6.0, 7.0]).__next__
        collector.look()
        collector._sampler.sample()
        collector._sampler.sample()
        ledger._append({"name": "no_metric", "values": [], "at": 0})
        collector._sampler.sample()

        assert series(scrape(collector), sampled) == [1.0]


@linux
def test_the_time_of_all_processors_is_told_by_what_it_was_spent_on(tmp_path: Path) -> None:
    found = scrape(StackCollector(tmp_path))
    lines = Path("/proc/stat").read_text().splitlines()
    ticks = dict(zip(MODES, map(int, lines[0].split()[1:]), strict=False))
    per_second = os.sysconf("SC_CLK_TCK")

    for mode in MODES:
        (told_s,) = series(found, "testbed_host_cpu_seconds_total", mode=mode)
        assert told_s == pytest.approx(ticks[mode] / per_second, abs=5.0)
    (idle_s,) = series(found, "testbed_host_cpu_seconds_total", mode="idle")
    assert idle_s > 0


@linux
def test_a_server_that_is_gone_leaves_its_counters_and_no_workers(tmp_path: Path) -> None:
    collector = StackCollector(tmp_path)
    with child(SERVER, "0") as worker:
        ledger = ledger_of(tmp_path, worker.pid)
        ledger.cells[ledger.series("testbed_worker_requests_total")] += 3
        ledger.cells[ledger.series("testbed_pool_waiting_requests", "threads")] = 2
        before = scrape(collector)
    after = scrape(collector)

    kinds = {metric.name: metric.kind for metric in METRICS.values()}
    of_server = {key for key in before if dict(key[1]).get("profile") == "sync"}
    counters = {key for key in of_server if kinds[key[0]] == "counter"}
    left = {key for key in after if dict(key[1]).get("profile") == "sync"}
    assert left == counters | {("testbed_workers", (("profile", "sync"),))}
    assert series(after, "testbed_workers") == [0]
    assert all(after[key] >= before[key] for key in counters)
    assert series(after, "testbed_worker_requests_total") == [3]
    assert len(of_server) > len(counters) > 5

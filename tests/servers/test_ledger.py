"""The ledger: what one process writes, another reads, whatever becomes of the first."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import ledger
from servers.ledger import Ledger, LedgerError, Reader
from servers.metrics import BUCKETS, METRICS, SUM

LABELS = {"profile": "sync", "worker": "7"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return ledger.path_of(tmp_path / "stack", os.getpid())


def values(path: Path) -> dict[tuple[str, ...], tuple[float, ...]]:
    return {(s.name, *s.labels.values()): s.cells for s in Reader(path).series()}


def test_what_is_counted_is_read(path: Path) -> None:
    counts = Ledger(path, LABELS, {"workers": 2})
    route = counts.series("testbed_request_cpu_seconds_total", "/hello")
    active = counts.series("http_server_active_requests")
    queue = counts.series("testbed_request_queue_seconds", "/wait")
    counts.cells[route] += 0.25
    counts.cells[route] += 0.5
    counts.cells[active] = 3
    for seconds in (0.0001, 0.001, 1000.0):
        counts.cells[queue + bisect_left(BUCKETS, seconds)] += 1
        counts.cells[queue + SUM] += seconds

    found = values(path)

    assert found["testbed_request_cpu_seconds_total", "sync", "/hello"] == (0.75,)
    assert found["http_server_active_requests", "sync", "7"] == (3.0,)
    buckets = found["testbed_request_queue_seconds", "sync", "/wait"]
    assert buckets[-1] == pytest.approx(1000.0011)
    assert buckets[len(BUCKETS)] == 1
    assert buckets[0] == 1
    assert sum(buckets[:-1]) == 3
    assert Reader(path).about == {"workers": 2}
    assert Reader(path).owner.pid == os.getpid()


def test_a_series_is_the_same_one_again(path: Path) -> None:
    counts = Ledger(path, LABELS)
    first = counts.series("testbed_pool_slots", "threads")

    assert counts.series("testbed_pool_slots", "processes") != first
    assert counts.series("testbed_pool_slots", "threads") == first


def test_labels_must_be_those_of_the_metric(path: Path) -> None:
    with pytest.raises(ValueError, match="testbed_pool_slots has the labels"):
        Ledger(path, LABELS).series("testbed_pool_slots")


def test_a_full_ledger_counts_nothing_more_and_breaks_nothing(path: Path) -> None:
    counts = Ledger(path, LABELS)
    for number in range(3000):
        at = counts.series("testbed_request_queue_seconds", f"/{number}")
        counts.cells[at] += 1

    found = list(Reader(path).series())

    assert 500 < len(found) < 3000
    assert all(series.cells[0] == 1 and sum(series.cells) == 1 for series in found)


def test_a_ledger_outlives_a_killed_process(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path; from servers import ledger\n"
        "l = ledger.Ledger(ledger.path_of(Path(sys.argv[1]), os.getpid()),"
        " {'profile': 'asgi', 'worker': '1'})\n"
        "l.cells[l.series('testbed_worker_requests_total')] += 41\n"
        "l.cells[l.series('testbed_worker_requests_total')] += 1\n"
        "print(flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        born = ledger.born(child.pid)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()

    (path,) = tmp_path.iterdir()

    assert values(path)["testbed_worker_requests_total", "asgi", "1"] == (42.0,)
    assert (Reader(path).owner.pid, Reader(path).owner.born) == (child.pid, born)


@pytest.fixture
def hasty_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_switching")
def test_threads_lose_no_count(path: Path) -> None:
    """A cell is changed without a call in between: threads are switched at calls."""
    counts = Ledger(path, LABELS)
    total, hold = (
        counts.series("testbed_worker_requests_total"),
        counts.series("testbed_request_hold_seconds", "/cpu"),
    )
    cells = counts.cells

    def count() -> None:
        for _ in range(50_000):
            cells[total] += 1.0
            cells[hold + bisect_left(BUCKETS, 0.002)] += 1.0
            cells[hold + SUM] += 0.5

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert cells[total] == 400_000
    assert cells[hold + bisect_left(BUCKETS, 0.002)] == 400_000
    assert cells[hold + SUM] == 200_000


@pytest.mark.usefixtures("hasty_switching")
def test_threads_that_begin_series_at_once_get_one_each() -> None:
    for _ in range(50):
        counts = Ledger(None, LABELS)
        together = threading.Barrier(4)

        def begin(counts: Ledger = counts, together: threading.Barrier = together) -> None:
            together.wait()
            for number in range(20):
                counts.cells[counts.series("testbed_request_cpu_seconds_total", f"/{number}")] += 1

        threads = [threading.Thread(target=begin) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert list(counts.cells[:20]) == [4.0] * 20
        assert not any(counts.cells[20:40])


def test_a_reader_follows_a_writer_at_work(path: Path) -> None:
    """Whatever moment it looks at, it sees whole series, and counts that only grow."""
    counts = Ledger(path, LABELS)
    done = threading.Event()

    def write() -> None:
        for number in range(400):
            at = counts.series("testbed_request_cpu_seconds_total", f"/{number}")
            for _ in range(50):
                counts.cells[at] += 1
        done.set()

    writing = threading.Thread(target=write)
    writing.start()
    before = 0.0
    deadline = time.monotonic() + 30
    while not done.is_set() and time.monotonic() < deadline:
        now = sum(series.cells[0] for series in Reader(path).series())
        assert now >= before
        before = now
    writing.join()

    assert sum(series.cells[0] for series in Reader(path).series()) == 20_000


@pytest.mark.parametrize("content", [b"", b"x", b"testbed1" + bytes(400_000), b"other" * 90_000])
def test_a_file_that_is_no_ledger_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / f"1-2{ledger.SUFFIX}"
    path.write_bytes(content)

    with pytest.raises(LedgerError, match=r"1-2\.ledger: not a ledger"):
        Reader(path)


def test_a_ledger_is_never_begun_twice(path: Path) -> None:
    Ledger(path, LABELS)

    with pytest.raises(FileExistsError):
        Ledger(path, LABELS)


def test_a_process_may_have_several_ledgers(tmp_path: Path) -> None:
    paths = [ledger.path_of(tmp_path, os.getpid(), nth) for nth in range(3)]
    for path in paths:
        ledger.Ledger(path, {"profile": path.name})

    assert len(set(paths)) == 3
    readers = [ledger.Reader(path) for path in paths]
    assert {reader.owner for reader in readers} == {
        ledger.Owner(os.getpid(), ledger.born(os.getpid()))
    }
    assert [reader.labels["profile"] for reader in readers] == [path.name for path in paths]
    for reader in readers:
        reader.close()


def test_only_a_dead_servers_ledgers_are_swept(tmp_path: Path) -> None:
    mine = ledger.path_of(tmp_path, os.getpid())
    dead, other = tmp_path / "4000000-1.ledger", tmp_path / "4000001-1.ledger"
    Ledger(mine, LABELS)
    Ledger(dead, LABELS)
    dead.with_suffix(".slices").write_text("{}")
    Ledger(other, LABELS | {"profile": "asgi"})

    ledger.sweep(tmp_path, "sync", "generator")
    assert dead.exists()
    ledger.sweep(tmp_path, "sync", "worker")

    assert set(tmp_path.iterdir()) == {mine, other}


def test_every_metric_says_what_it_is() -> None:
    for metric in METRICS.values():
        assert metric.help.endswith("."), metric.name
        assert (metric.kind == "counter") == metric.name.endswith("_total"), metric.name
        base = metric.name.removesuffix("_total")
        if metric.unit in ("seconds", "bytes"):
            assert base.endswith(f"_{metric.unit}"), metric.name
        assert metric.name.startswith(("testbed_", "http_server_")), metric.name


def test_buckets_are_log_spaced_from_a_quarter_of_a_millisecond_to_a_minute() -> None:
    ratios = [b / a for a, b in itertools.pairwise(BUCKETS)]

    assert BUCKETS[0] == 0.00025
    assert BUCKETS[-1] > 60
    assert ratios == pytest.approx([1.5] * (len(BUCKETS) - 1), rel=1e-3)

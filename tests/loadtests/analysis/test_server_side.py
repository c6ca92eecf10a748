"""What the scrapes of a trial say: differences of counters, peaks of gauges, and broken files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from loadtests.analysis import scrapes, stalls
from loadtests.analysis.instruments import ServerSide, Stall
from loadtests.analysis.saved import NAMES
from loadtests.analysis.scrapes import Scrape, ScrapesError
from loadtests.analysis.server_side import server_side_of
from servers.metrics import METRICS

BUCKETS = ("0.001", "0.01", "0.1", "+Inf")


def beats(worker: int, *below: int, total: float) -> dict[str, float]:
    labels = f'profile="uvloop",worker="{worker}"'
    name = stalls.STALL
    counts = {
        f'{name}_bucket{{{labels},le="{le}"}}': float(n)
        for le, n in zip(BUCKETS, below, strict=True)
    }
    return counts | {f"{name}_sum{{{labels}}}": total, f"{name}_count{{{labels}}}": below[-1]}


def saved(path: Path, *lines: Mapping[str, float]) -> tuple[Scrape, ...]:
    """Scrapes of those samples, a second apart, as they come back from their file."""
    noise = '# HELP testbed_workers Help.\ntestbed_workers{profile="sync"} 5\n'
    texts = [noise + "".join(f"{k} {v}\n" for k, v in line.items()) for line in lines]
    packed = [json.dumps({"at_ns": n * 10**9, "text": text}) for n, text in enumerate(texts)]
    path.write_bytes(gzip.compress("\n".join(packed).encode()))
    return scrapes.read(path, NAMES)


def side(path: Path, *lines: Mapping[str, float]) -> ServerSide:
    found = server_side_of(saved(path, *lines))
    assert found is not None
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl.gz"


def test_what_is_read_is_in_the_contract() -> None:
    parts = ("_sum", "_count")
    histograms = {name + part for name, m in METRICS.items() for part in parts if m.kind[0] == "h"}

    assert set(NAMES) <= set(METRICS) | histograms


def test_only_what_is_asked_for_is_read(path: Path) -> None:
    (found,) = saved(path, {'testbed_open_connections{profile="a",worker="1"}': 3})

    assert found.series == {
        "testbed_open_connections": (({"profile": "a", "worker": "1"}, 3.0),),
    }


def test_the_accept_queue_is_at_its_most_and_not_that_of_the_time_before_the_window(
    path: Path,
) -> None:
    now, most, limit = (
        f'testbed_accept_queue_{name}{{profile="sync"}}'
        for name in ("connections", "max_connections", "limit_connections")
    )
    lines = [
        {now: 3, most: 900, limit: 2048},
        {now: 8, most: 17, limit: 2048},
        {now: 0, most: 4, limit: 2048},
    ]

    found = side(path, *lines)

    assert (found.accept_queue_max, found.accept_queue_limit) == (17, 2048)
    assert side(path, {now: 3, most: 900}).accept_queue_max == 3
    assert side(path, lines[0], {now: 2, most: 2}).accept_queue_max == 3


def test_each_pool_is_at_its_most_in_one_worker(path: Path) -> None:
    def waiting(worker: int, pool: str, kind: str = "_max") -> str:
        labels = f'profile="hybrid",worker="{worker}",pool="{pool}"'
        return f"testbed_pool_waiting{kind}_requests{{{labels}}}"

    found = side(
        path,
        {waiting(1, "threads"): 99, waiting(1, "threads", ""): 1},
        {waiting(1, "threads"): 4, waiting(2, "threads"): 7, waiting(1, "processes"): 0},
        {waiting(1, "threads"): 5},
    )

    assert found.pools == {"processes": 0, "threads": 7}


def test_the_stall_is_that_of_the_window_over_all_workers(path: Path) -> None:
    """Window: worker 1 grew by 80, 90, 98, 100; worker 2 is new with 0, 90, 100, 100."""
    baseline = 'testbed_event_loop_baseline_seconds{profile="uvloop",worker="%d"}'
    before = beats(1, 10, 10, 10, 10, total=5.0)
    after = beats(1, 90, 100, 108, 110, total=7.0) | beats(2, 0, 90, 100, 100, total=2.0)

    found = side(path, before, after | {baseline % 1: 0.0001, baseline % 2: 0.0003})

    assert found.stall == Stall(mean_ms=20.0, p90_ms=10.0, p99_ms=100.0, baseline_ms=0.3)


def test_a_stall_beyond_the_last_bucket_has_no_bound_and_no_beat_no_stall(path: Path) -> None:
    before = beats(1, 0, 0, 0, 0, total=0.0)
    far = side(path, before, beats(1, 5, 50, 80, 100, total=100.0)).stall

    assert far is not None
    assert (far.p90_ms, far.p99_ms) == (None, None)
    assert side(path, before, before).stall is None


def test_counters_are_differences_and_those_of_a_new_process_count_in_full(path: Path) -> None:
    def process(name: str, pid: int, more: str = "") -> str:
        return f'testbed_process_{name}{{profile="sync",process="{pid}",role="worker"{more}}}'

    switches, delay = "context_switches_total", "run_queue_delay_seconds_total"
    kinds = ',kind="voluntary"', ',kind="involuntary"'
    event = 'testbed_host_tcp_events_total{event="%s"}'
    restarts = 'testbed_worker_restarts_total{profile="sync"}'
    before = {
        process(switches, 1, kinds[0]): 100, process(switches, 1, kinds[1]): 7,
        process(delay, 1): 0.5, event % "ListenDrops": 40, event % "TCPSynRetrans": 2, restarts: 1,
    }  # fmt: skip
    after = {
        process(switches, 1, kinds[0]): 160, process(switches, 1, kinds[1]): 7,
        process(switches, 2, kinds[0]): 5, process(delay, 1): 0.75, process(delay, 2): 0.125,
        event % "ListenDrops": 40, event % "TCPSynRetrans": 13, restarts: 2,
    }  # fmt: skip

    found = side(path, before, after)

    assert (found.voluntary_switches, found.involuntary_switches) == (65, 0)
    assert (found.run_queue_delay_s, found.restarts) == (0.375, 1)
    assert found.tcp_events == {"TCPSynRetrans": 11}


def test_memory_and_connections_are_sums_over_processes_at_their_peak(path: Path) -> None:
    pss = 'testbed_process_proportional_memory_bytes{profile="a",process="%d",role="worker"}'
    connections = 'testbed_open_connections{profile="a",worker="%d"}'
    mib = 2**20

    found = side(
        path,
        {pss % 1: 10 * mib, pss % 2: 30 * mib, connections % 1: 5},
        {pss % 1: 35 * mib, connections % 1: 2, connections % 2: 4},
    )

    assert (found.pss_mb, found.open_connections_max) == (40.0, 6)


def test_what_was_not_served_is_not_stated(path: Path) -> None:
    found = side(path, {}, {})

    assert found == ServerSide(None, None, {}, None, None, None, None, None, None, None, {})
    assert server_side_of(scrapes.read(path.with_name("missing.gz"), NAMES)) is None


@pytest.mark.parametrize(
    "content",
    [
        b"not packed",
        gzip.compress(b"not JSON"),
        gzip.compress(b'{"at_ns": 1}'),
        gzip.compress(b'{"at_ns": 1, "text": "testbed_open_connections{ 3"}'),
        gzip.compress(b'{"at_ns": 1, "text": ""}')[:-9],
    ],
    # The packed bytes hold the time: as names they would differ from process to process.
    ids=["not packed", "not JSON", "no text", "broken text", "cut off"],
)
def test_a_broken_file_is_named(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(ScrapesError, match=r"metrics\.jsonl\.gz: no readable scrapes"):
        scrapes.read(path, NAMES)

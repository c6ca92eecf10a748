"""Measured requests that were noted, against the same requests added up one by one."""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.exporter.book import Book, Key
from servers.instruments import companions, wsgi
from servers.instruments.meter import Meter, SharedMeter
from servers.ledger import path_of
from servers.metrics import BUCKETS, SUM
from servers.rows import KIND, ROW, ROWS, add, folded
from servers.settings import Settings

HELLO, WAIT = KIND.pack(0, 40, 80, 120, 160, 161, 162, 163), KIND.pack(*range(200, 208))
OF_HELLO = ("GET", "/hello", 200)
DURATION_NS = st.integers(0, 200 * 10**9)


@given(st.lists(st.tuples(*[DURATION_NS] * 5), min_size=1, max_size=30))
def test_rows_add_up_to_what_each_of_them_is(times: list[tuple[int, ...]]) -> None:
    rows = b"".join(ROW.pack(HELLO, *one) for one in times) + bytes(ROW.size)

    more = folded(rows)

    for first, column in zip((0, 40, 80, 120), zip(*times, strict=True), strict=False):
        expected = [0] * (SUM)
        for time_ns in column:
            expected[bisect_left(BUCKETS, time_ns / 1e9)] += 1
        assert [more.get(first + bucket, 0) for bucket in range(SUM)] == expected
        assert more[first + SUM] == pytest.approx(sum(column) / 1e9)
    assert more[160] == pytest.approx(sum(cpu for *_, cpu in times) / 1e9)
    waits = (max(service - cpu, 0) for service, _, _, _, cpu in times)
    assert more[161] == pytest.approx(sum(waits) / 1e9)
    assert more[162] == len(times)
    assert more[163] == pytest.approx(sum(hold for _, _, hold, _, _ in times) / 1e9)


@given(st.tuples(*[DURATION_NS] * 5))
def test_one_row_is_added_as_many_are(times: tuple[int, int, int, int, int]) -> None:
    cells = [0.0] * 200

    add(cells, HELLO, *times)

    more = folded(ROW.pack(HELLO, *times))
    assert {at: cell for at, cell in enumerate(cells) if cell} == {
        at: cell for at, cell in more.items() if cell
    }


def test_a_bound_belongs_to_the_bucket_below_it() -> None:
    bound_ns = round(BUCKETS[3] * 1e9)

    assert folded(ROW.pack(HELLO, bound_ns, bound_ns + 1, 0, 0, 0))[3] == 1
    assert folded(ROW.pack(HELLO, bound_ns, bound_ns + 1, 0, 0, 0))[40 + 4] == 1


def test_each_kind_is_counted_in_its_own_cells_and_an_empty_row_ends_them() -> None:
    one = ROW.pack(HELLO, 1, 1, 1, 1, 1)
    more = folded(one + ROW.pack(WAIT, 1, 1, 1, 1, 1) + one + bytes(ROW.size) + one)

    assert (more[162], more[206]) == (2, 1)


@pytest.mark.parametrize("beats", [False, True])
def test_what_a_worker_notes_is_read_sooner_or_later(beats: bool, tmp_path: Path) -> None:
    """More than it has room for, and what its end leaves: nothing is lost, nothing twice."""
    meter = Meter(Settings(ledgers=str(tmp_path)), slots=1, beats=beats)
    book = Book(path_of(tmp_path, os.getpid()))
    noted = ROWS + 7
    for _ in range(noted):
        meter.begin()
        meter.measured(meter.end(OF_HELLO), 5_000_000, 1_000_000, 2_000_000, 2_000_000, 500_000)

    def measured(numbers: Iterable[tuple[Key, tuple[float, ...]]]) -> float:
        found = {name: cells for (name, _), cells in numbers}
        assert sum(found["testbed_requests_total"]) == noted
        assert sum(found["http_server_active_requests"]) == 0
        assert sum(found["testbed_request_hold_seconds"][:SUM]) == pytest.approx(
            found["testbed_worker_hold_seconds_total"][0] / 0.002
        )
        return found["testbed_worker_measured_requests_total"][0]

    book.look()
    assert measured(book.numbers()) == (ROWS if beats else noted)
    assert measured(book.last_numbers()) == noted
    meter.fold()
    for numbers in (book.numbers(), book.last_numbers()):
        assert measured(numbers) == noted
    assert meter.active() == 0


def test_nobody_waits_for_who_adds_up(tmp_path: Path) -> None:
    """A thread that waited would give the interpreter away, and its request take that long."""
    meter = SharedMeter(Settings(ledgers=str(tmp_path)), slots=2, beats=True)
    book = Book(path_of(tmp_path, os.getpid()))
    adding = threading.Event(), threading.Event()

    def add_up() -> None:
        with meter._lock:
            adding[0].set()
            assert adding[1].wait(5.0)

    other = threading.Thread(target=add_up)
    other.start()
    assert adding[0].wait(5.0)
    meter.begin()
    meter.measured(meter.end(OF_HELLO), 5_000_000, 1_000_000, 2_000_000, 2_000_000, 500_000)
    assert other.is_alive()
    adding[1].set()
    other.join()
    meter.begin()
    meter.measured(meter.end(OF_HELLO), 5_000_000, 1_000_000, 2_000_000, 2_000_000, 500_000)
    meter.fold()

    book.look()
    found = {name: cells for (name, _), cells in book.numbers()}
    assert found["testbed_worker_measured_requests_total"] == (2.0,)
    assert found["testbed_worker_hold_seconds_total"] == pytest.approx((0.004,))


@pytest.mark.parametrize(
    ("threads", "beats", "shared"), [(1, False, False), (1, True, True), (4, True, True)]
)
def test_where_another_thread_adds_up_the_meter_is_shared(
    threads: int, beats: bool, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker with a single thread for requests may have one that adds up."""
    monkeypatch.setattr(companions, "beats", lambda: beats)
    monkeypatch.setattr(companions, "start", lambda *_: None)
    app = wsgi.measured(lambda environ, start_response: [], Settings(threads=threads))

    assert isinstance(wsgi.meter_of(app), SharedMeter) is shared


def test_threads_that_note_at_once_lose_no_request(tmp_path: Path) -> None:
    meter = SharedMeter(Settings(ledgers=str(tmp_path)), slots=4, beats=True)
    book = Book(path_of(tmp_path, os.getpid()))
    each, over = 3000, threading.Event()

    def note() -> None:
        for _ in range(each):
            meter.begin()
            meter.measured(meter.end(OF_HELLO), 5_000_000, 1_000_000, 2_000_000, 2_000_000, 500_000)

    def fold() -> None:
        while not over.is_set():
            meter.fold()

    threads = [threading.Thread(target=note) for _ in range(4)]
    adding = threading.Thread(target=fold)
    for thread in (*threads, adding):
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    adding.join()
    meter.fold()

    book.look()
    found = {name: cells for (name, _), cells in book.numbers()}
    assert found["testbed_worker_measured_requests_total"] == (4.0 * each,)
    assert sum(found["testbed_request_hold_seconds"][:SUM]) == 4 * each
    assert found["testbed_worker_hold_seconds_total"] == pytest.approx((0.002 * 4 * each,))

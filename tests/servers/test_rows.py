"""Measured requests that were noted, against the same requests added up one by one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from bisect import bisect_left
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.exporter import book as book_module
from servers.exporter.book import Book
from servers.instruments import companions, wsgi
from servers.instruments.meter import Meter, SharedMeter
from servers.ledger import TURN, path_of
from servers.metrics import BUCKETS, SUM
from servers.rows import KIND, ROW, ROWS, add, folded, whole
from servers.settings import Settings

HELLO, WAIT = KIND.pack(0, 40, 80, 120, 160, 161, 162, 163), KIND.pack(*range(200, 208))
ROOT = Path(__file__).parents[2]
OF_HELLO = ("GET", "/hello", 200)
DURATION_NS = st.integers(0, 200 * 10**9)


@given(st.lists(st.tuples(*[DURATION_NS] * 5), min_size=1, max_size=30))
def test_rows_add_up_to_what_each_of_them_is(times: list[tuple[int, ...]]) -> None:
    rows = b"".join(ROW.pack(*one, HELLO) for one in times)

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

    more = folded(ROW.pack(*times, HELLO))
    assert {at: cell for at, cell in enumerate(cells) if cell} == {
        at: cell for at, cell in more.items() if cell
    }


def test_a_bound_belongs_to_the_bucket_below_it() -> None:
    bound_ns = round(BUCKETS[3] * 1e9)

    assert folded(ROW.pack(bound_ns, bound_ns + 1, 0, 0, 0, HELLO))[3] == 1
    assert folded(ROW.pack(bound_ns, bound_ns + 1, 0, 0, 0, HELLO))[40 + 4] == 1


def test_each_kind_is_counted_in_its_own_cells_and_an_empty_row_ends_them() -> None:
    one = ROW.pack(1, 1, 1, 1, 1, HELLO)
    rows = one + ROW.pack(1, 1, 1, 1, 1, WAIT) + one + bytes(ROW.size) + one
    more = folded(rows[: whole(rows)])

    assert (more[162], more[206]) == (2, 1)


def test_a_row_that_is_being_written_is_none_yet() -> None:
    """Of its kind the end is missing, or all of it."""
    one = ROW.pack(1, 1, 1, 1, 1, HELLO)
    for written in (4, ROW.size - KIND.size, ROW.size - 4):
        torn = one[:written] + bytes(ROW.size - written)
        rows = one + torn
        assert whole(rows) == ROW.size
        assert folded(rows[: whole(rows)]) == folded(one)
    assert whole(one + one) == 2 * ROW.size


class Noting:
    """A worker that measures requests, and the exporter's view of it."""

    def __init__(self, folder: Path) -> None:
        self.meter = Meter(Settings(ledgers=str(folder)), slots=1)
        self.book = Book(path_of(folder, os.getpid()))
        self.noted = 0

    def note(self, requests: int) -> None:
        for _ in range(requests):
            self.meter.begin()
            tally = self.meter.end(OF_HELLO)
            self.meter.measured(tally, 5_000_000, 1_000_000, 2_000_000, 2_000_000, 500_000)
        self.noted += requests

    def measured(self, *, last: bool = False) -> float:
        self.book.look()
        numbers = self.book.last_numbers() if last else self.book.numbers()
        found = {name: cells for (name, _), cells in numbers}
        assert sum(found["testbed_requests_total"]) == self.noted
        assert sum(found["http_server_active_requests"]) == 0
        assert sum(found["testbed_request_hold_seconds"][:SUM]) == pytest.approx(
            found["testbed_worker_hold_seconds_total"][0] / 0.002
        )
        return found["testbed_worker_measured_requests_total"][0]


@pytest.fixture
def noting(tmp_path: Path) -> Noting:
    return Noting(tmp_path)


@pytest.mark.parametrize("requests", [1, ROWS - 1, ROWS, ROWS + 7])
def test_what_a_worker_has_noted_is_read_at_once(requests: int, noting: Noting) -> None:
    """Also where more came than there is room for: nothing is lost, and nothing counts twice."""
    noting.note(requests)

    assert noting.measured() == noting.measured(last=True) == requests
    noting.meter.fold()
    assert noting.measured() == noting.measured(last=True) == requests
    assert noting.meter.active() == 0


def test_a_series_that_nobody_has_read_of_yet_is_passed_over(noting: Noting) -> None:
    noting.note(3)
    assert noting.measured() == 3
    noting.meter.measured(noting.meter.end(("GET", "/wait", 200)), 1, 1, 1, 1, 1)

    # Its own histograms are not known, what all requests share is.
    found = {name: cells for (name, _), cells in noting.book.numbers()}
    assert found["testbed_worker_measured_requests_total"] == (4.0,)


def test_a_row_that_comes_while_rows_are_copied_is_left_for_the_next_reading(
    noting: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of it may lack its times."""

    def and_then_one_more(rows: bytes) -> int:
        length = whole(rows)
        noting.note(1)
        return length

    noting.note(3)
    with monkeypatch.context() as patch:
        patch.setattr(book_module, "whole", and_then_one_more)
        assert noting.measured() == 3
    assert noting.measured() == 4


def test_of_who_is_stopped_while_it_adds_up_no_counter_falls(noting: Noting) -> None:
    """Stopped, and at last killed: what it was adding up is not told, all else is."""
    noting.note(5)
    assert noting.measured() == 5
    noting.note(2)
    cells = noting.meter.cells
    cells[TURN] += 1
    # A series that is newer than the last reading.
    noting.meter.begin()
    noting.meter.end(("GET", "/wait", 200))
    noting.book.look()

    for numbers in (noting.book.numbers(), noting.book.last_numbers()):
        found: dict[str, list[float]] = {}
        for (name, _), number in numbers:
            found.setdefault(name, []).extend(number)
        assert found["testbed_worker_measured_requests_total"] == [5.0]
        assert found["testbed_requests_total"] == [7.0, 1.0]
        assert found["http_server_active_requests"] == [0.0]
        assert sum(found["testbed_request_hold_seconds"][:SUM]) == 5
    cells[TURN] += 1
    told = {name: number for (name, _), number in noting.book.numbers()}
    assert told["testbed_worker_measured_requests_total"] == (7.0,)


WRITER = """
import sys
from pathlib import Path
from servers.instruments.meter import Meter
from servers.settings import Settings

meter = Meter(Settings(ledgers=sys.argv[1]), slots=1)
print(flush=True)
for _ in range(int(sys.argv[2])):
    meter.begin()
    tally = meter.end(("GET", "/hello", 200))
    meter.measured(tally, 5_000_000, 1_000_000, 2_000_000, 2_000_000, 500_000)
print(flush=True)
sys.stdin.read()
"""


def test_who_reads_while_another_process_writes_sees_every_request_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every moment a whole number of requests, all alike, and never fewer than before."""
    # However long the writer is kept in the middle of adding up.
    monkeypatch.setattr(book_module, "_TRIES", 20_000)
    requests = 300 * ROWS
    command = [sys.executable, "-c", WRITER, str(tmp_path), str(requests)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT) as writer:
        assert writer.stdout is not None
        assert writer.stdin is not None
        writer.stdout.readline()
        book = Book(path_of(tmp_path, writer.pid))
        seen = [0.0]
        while seen[-1] < requests:
            book.look()
            found = {name: cells for (name, _), cells in book.numbers()}
            if "testbed_worker_measured_requests_total" not in found:
                continue
            (measured,) = found["testbed_worker_measured_requests_total"]
            assert measured >= seen[-1]
            for name, time_s in (("hold", 0.002), ("queue", 0.001), ("longest_step", 0.002)):
                *buckets, total_s = found[f"testbed_request_{name}_seconds"]
                assert buckets[bisect_left(BUCKETS, time_s)] == sum(buckets) == measured
                assert total_s == pytest.approx(measured * time_s)
            assert measured <= sum(found["testbed_requests_total"])
            seen.append(measured)
        writer.stdin.close()

    assert len({*seen}) > 5, "it was read while it was written"


def test_nobody_waits_for_who_adds_up(tmp_path: Path) -> None:
    """A thread that waited would give the interpreter away, and its request take that long."""
    meter = SharedMeter(Settings(ledgers=str(tmp_path)), slots=2)
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


@pytest.mark.parametrize("threads", [1, 4])
def test_threads_share_a_meter_and_one_alone_does_not(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companions, "start", lambda *_: None)
    app = wsgi.measured(lambda environ, start_response: [], Settings(threads=threads))

    assert isinstance(wsgi.meter_of(app), SharedMeter) is (threads > 1)


def test_threads_that_note_at_once_lose_no_request(tmp_path: Path) -> None:
    meter = SharedMeter(Settings(ledgers=str(tmp_path)), slots=4)
    book = Book(path_of(tmp_path, os.getpid()))
    each = 3000

    def note() -> None:
        for _ in range(each):
            meter.begin()
            meter.measured(meter.end(OF_HELLO), 5_000_000, 1_000_000, 2_000_000, 2_000_000, 500_000)

    threads = [threading.Thread(target=note) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    book.look()
    found = {name: cells for (name, _), cells in book.numbers()}
    assert found["testbed_worker_measured_requests_total"] == (4.0 * each,)
    assert sum(found["testbed_request_hold_seconds"][:SUM]) == 4 * each
    assert found["testbed_worker_hold_seconds_total"] == pytest.approx((0.002 * 4 * each,))

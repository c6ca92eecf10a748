"""The engine's own metrics: their values before and after a load that is known."""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import pytest
import uvloop

from loadtests.engine.engine import Engine
from loadtests.engine.exchange import Exchange
from loadtests.engine.metrics import ClientMetrics, client_ledger
from loadtests.engine.recorder import Reader as Rows
from loadtests.engine.recorder import Recorder
from loadtests.plan import Target
from loadtests.samples import ErrorKind, Outcome
from servers.ledger import Ledger, Reader, path_of
from servers.metrics import BUCKETS, METRICS, SUM
from tests.loadtests.stub import OK, answering, serving

TARGETS = (
    Target(number=0, stream="load", path="/wait", url="/wait?ms=5", weight=1.0),
    Target(number=1, stream="load", path="/wait", url="/wait?ms=9", weight=1.0),
    Target(number=2, stream="bystander", path="/hello", url="/hello", weight=1.0),
    Target(number=3, stream="load", path="/hello", url="/hello", weight=1.0),
)
LOAD, ASIDE = ("load", "/wait"), ("bystander", "/hello")


class Book:
    """A ledger of this process in a folder, as another process would read it."""

    def __init__(self, folder: Path) -> None:
        self.ledger = client_ledger(folder, "uvloop")
        self.path = path_of(folder, os.getpid())

    def read(self) -> dict[tuple[str, ...], tuple[float, ...]]:
        """The numbers by the short name and the labels beside profile and generator."""
        reader = Reader(self.path)
        found = {}
        for series in reader.series():
            assert series.labels["profile"] == "uvloop"
            assert series.labels.get("generator", str(os.getpid())) == str(os.getpid())
            own = [v for k, v in series.labels.items() if k not in ("profile", "generator")]
            found[(series.name.removeprefix("testbed_client_"), *own)] = series.cells
        reader.close()
        return found

    def one(self, *key: str) -> float:
        """The number of a counter or a gauge."""
        (number,) = self.read()[key]
        return number

    def fates(self, stream: str, path: str) -> list[float]:
        """Completed, failed, dropped, censored."""
        names = [outcome.name.lower() for outcome in Outcome]
        return [self.one("requests_total", stream, path, name) for name in names]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def rows_of(*fates: tuple[int, Outcome, int | None, int]) -> Any:
    """Rows of a chunk: (target, outcome, lateness in µs or None where not sent, latency in µs)."""
    recorder = Recorder(origin_ns=0)
    for target, outcome, late_us, latency_us in fates:
        exchange = Exchange(target, 5_000_000)
        if late_us is not None:
            exchange.connect_ns = 70_000
            exchange.sent_ns = 5_000_000 + late_us * 1_000 + exchange.connect_ns
        at_ns = 5_000_000 + latency_us * 1_000
        error = ErrorKind.RESET if outcome is Outcome.FAILED else ErrorKind.NONE
        recorder.record(exchange, outcome, at_ns, 200, error)
    return recorder.filling.columns()


KNOWN = (
    (0, Outcome.COMPLETED, 10, 250),
    (0, Outcome.COMPLETED, 400, 251),
    (1, Outcome.COMPLETED, 0, 90_000_000),
    (1, Outcome.FAILED, 20, 7_000),
    (1, Outcome.FAILED, None, 7_000),
    (0, Outcome.CENSORED, 30, 2_000_000),
    (2, Outcome.COMPLETED, 5, 300),
    (2, Outcome.DROPPED, None, 0),
)


def histogram(buckets: dict[int, int], total_s: float) -> list[float]:
    """The cells of a histogram with these counts."""
    cells = [0.0] * METRICS["testbed_client_latency_seconds"].cells
    for bucket, count in buckets.items():
        cells[bucket] = float(count)
    cells[SUM] = total_s
    return cells


def test_everything_is_there_and_nothing_is_counted_before_the_load(book: Book) -> None:
    ClientMetrics(book.ledger, TARGETS)

    found = book.read()

    assert {key[0] for key in found} == {
        "scheduled_requests_total",
        "in_flight_requests",
        "connections_total",
        "requests_total",
        "latency_seconds",
        "lateness_seconds",
    }
    assert {sum(cells) for cells in found.values()} == {0.0}


def test_rows_are_counted_by_stream_and_path_and_the_bystander_apart(book: Book) -> None:
    metrics = ClientMetrics(book.ledger, TARGETS)

    metrics.merge(rows_of(*KNOWN))

    assert book.fates(*LOAD) == [3, 2, 0, 1, 0]
    assert book.fates(*ASIDE) == [1, 0, 1, 0, 0]
    assert book.fates("load", "/hello") == [0, 0, 0, 0, 0]
    found = book.read()
    # 250 µs is the first bound, and belongs to it; ninety seconds are beyond the last.
    latency = histogram({0: 1, 1: 1, len(BUCKETS): 1}, 90.000501)
    assert list(found["latency_seconds", *LOAD]) == pytest.approx(latency)
    assert list(found["latency_seconds", *ASIDE]) == pytest.approx(histogram({1: 1}, 0.0003))
    # Of all that were sent, whatever became of them; opening the connection is not lateness.
    lateness = histogram({0: 4, 2: 1}, 460e-6)
    assert list(found["lateness_seconds", *LOAD]) == pytest.approx(lateness)
    assert list(found["lateness_seconds", *ASIDE]) == pytest.approx(histogram({0: 1}, 5e-6))


def test_counting_in_parts_equals_counting_at_once(tmp_path: Path) -> None:
    books = [Book(tmp_path / name) for name in ("one", "two")]
    whole, parts = (ClientMetrics(book.ledger, TARGETS) for book in books)
    rows = rows_of(*((n % 4, Outcome(n % 3), n, n * n) for n in range(1, 2_000)))

    whole.merge(rows)
    for part in (rows[:1], rows[1:700], rows[700:700], rows[700:]):
        parts.merge(part)

    one, two = (book.read() for book in books)
    assert one.keys() == two.keys()
    for key, cells in one.items():
        assert list(two[key]) == pytest.approx(list(cells)), key
    assert sum(sum(books[0].fates(*route)) for route in {(t.stream, t.path) for t in TARGETS})


def test_what_is_offered_is_what_is_counted_and_under_way_and_never_shrinks(book: Book) -> None:
    metrics = ClientMetrics(book.ledger, TARGETS)
    metrics.merge(rows_of(*KNOWN))

    metrics.tick(in_flight=5, connections=3)
    assert book.one("scheduled_requests_total") == len(KNOWN) + 5
    assert book.one("in_flight_requests") == 5
    assert book.one("connections_total") == 3

    # Two have ended and are not among the rows yet.
    metrics.tick(in_flight=3, connections=3)
    assert book.one("scheduled_requests_total") == len(KNOWN) + 5
    assert book.one("in_flight_requests") == 3

    metrics.merge(rows_of(*KNOWN))
    metrics.tick(in_flight=0, connections=4)
    assert book.one("scheduled_requests_total") == 2 * len(KNOWN)
    assert book.one("in_flight_requests") == 0
    assert book.one("connections_total") == 4


def test_a_second_load_of_one_process_adds_to_the_first(book: Book) -> None:
    for _ in range(2):
        metrics = ClientMetrics(book.ledger, TARGETS)
        metrics.merge(rows_of(*KNOWN))
        metrics.tick(in_flight=0, connections=3)

    assert book.one("scheduled_requests_total") == 2 * len(KNOWN)
    assert book.one("connections_total") == 6
    assert book.fates(*LOAD) == [6, 4, 0, 2, 0]


def test_targets_that_come_later_are_counted_too(book: Book) -> None:
    targets: list[Target] = []
    metrics = ClientMetrics(book.ledger, targets)
    targets += TARGETS

    metrics.merge(rows_of(*KNOWN))

    assert book.fates(*LOAD) == [3, 2, 0, 1, 0]


def test_without_a_folder_nobody_sees_a_ledger(tmp_path: Path) -> None:
    ledger = client_ledger(None, "uvloop")

    ClientMetrics(ledger, TARGETS).merge(rows_of(*KNOWN))

    assert isinstance(ledger, Ledger)
    assert list(tmp_path.iterdir()) == []


def test_an_engine_under_load_is_seen_as_it_is_and_nothing_is_missing_at_the_end(
    book: Book,
) -> None:
    """Forty requests of 50 ms, then fifty, of which the cap drops ten."""
    seen: list[tuple[float, float, float]] = []

    async def scenario() -> Engine:
        async with serving(answering(OK, after_s=0.05)) as port:
            recorder = Recorder(perf_counter_ns())
            engine = Engine("127.0.0.1", port, recorder, 40)
            for target in TARGETS:
                engine.add_target(target.url)
            metrics, rows = ClientMetrics(book.ledger, TARGETS), Rows(recorder)

            def look() -> None:
                for news, _ in rows.news():
                    metrics.merge(news)
                metrics.tick(engine.in_flight, engine.connections_opened)
                ended = sum(sum(book.fates(*route)) for route in (LOAD, ASIDE))
                scheduled = book.one("scheduled_requests_total")
                seen.append((scheduled, ended, book.one("in_flight_requests")))

            for number in range(40):
                engine.issue(0 if number % 4 else 2, perf_counter_ns())
            look()
            while not await engine.settle(0.005):
                look()
            look()
            for _ in range(50):
                engine.issue(1, perf_counter_ns())
            await engine.drain(5.0)
            look()
        return engine

    engine = uvloop.run(scenario())

    assert seen[0] == (40.0, 0.0, 40.0)
    assert [scheduled for scheduled, ended, under_way in seen] == [
        ended + under_way for scheduled, ended, under_way in seen
    ]
    assert seen[-1] == (90.0, 90.0, 0.0)
    assert book.fates(*LOAD) == [70, 0, 10, 0, 0]
    assert book.fates(*ASIDE) == [10, 0, 0, 0, 0]
    assert book.one("connections_total") == engine.connections_opened == 40
    *buckets, total_s = book.read()["latency_seconds", *ASIDE]
    assert sum(buckets) == 10
    assert 10 * 0.05 <= total_s < 10 * 1.0
    below = [count for count, bound in zip(buckets, BUCKETS, strict=False) if bound < 0.05]
    assert sum(below) == 0

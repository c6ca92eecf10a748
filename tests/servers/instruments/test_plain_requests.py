"""The short ways of a plain request, against what every measured request does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import get_ident
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.engine.server_timing import parse
from servers.instruments import request as request_module
from servers.instruments import unit as unit_module
from servers.instruments.asgi import LoopRequest
from servers.instruments.meter import Meter
from servers.instruments.request import PATIENCE_NS
from servers.instruments.tallies import Tally
from servers.instruments.unit import SHORT_NS, UNITS, LoopUnit
from servers.settings import Settings

THREAD = get_ident()
MS = 1_000_000


class Client:
    """As uvicorn knows the client of one request."""

    disconnected = False

    async def receive(self) -> dict[str, object]:
        return {}


class Clocks:
    """Both clocks of a thread that runs half of the time, and how often the kernel is asked."""

    def __init__(self, now_ns: int = 10**12) -> None:
        self.now_ns, self.asked = now_ns, 0

    def wall_ns(self) -> int:
        return self.now_ns

    def cpu_ns(self) -> int:
        self.asked += 1
        return self.now_ns // 2


class Telling(Meter):
    """A meter that tells what it was told last: service, queue, hold, longest step, cpu."""

    told: tuple[int, ...] = ()

    def measured(self, tally: Tally, *times_ns: int) -> None:
        self.told = times_ns
        super().measured(tally, *times_ns)


@pytest.fixture(scope="module")
def meter() -> Telling:
    return Telling(Settings(), slots=1)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clocks]:
    found = Clocks()
    monkeypatch.setattr(request_module, "perf_counter_ns", found.wall_ns)
    monkeypatch.setattr(unit_module, "thread_time_ns", found.cpu_ns)
    yield found
    UNITS.clear()


def loop_of(meter: Meter) -> LoopUnit:
    return LoopUnit(meter, THREAD, "loop")


def begun(loop: LoopUnit, queue_ns: int = 0) -> LoopRequest:
    request = LoopRequest()
    request.begin(loop, "GET", "/hello", queue_ns, None)
    return request


@given(queue_ns=st.integers(0, 2_000 * 10**9), step_ns=st.integers(0, 5 * MS))
def test_the_short_answer_says_what_the_long_one_does(queue_ns: int, step_ns: int) -> None:
    """Of a thread that has run all the while; the second time its step is remembered."""
    meter, clocks = Meter(Settings(), slots=1), Clocks()
    loop, told = loop_of(meter), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(request_module, "perf_counter_ns", clocks.wall_ns)
        patch.setattr(unit_module, "thread_time_ns", clocks.wall_ns)
        for _ in range(2):
            request = begun(loop, queue_ns)
            clocks.now_ns += step_ns
            told.append(parse(request.answer(200, Client().receive)))
            wanted = parse(request._timing(clocks.now_ns, step_ns, step_ns))
    UNITS.clear()

    (first, again) = told
    assert first == again
    # A half is rounded up by one and to the even by the other.
    assert [abs(one - other) <= 1 for one, other in zip(first, wanted, strict=True)] == [True] * 6
    assert first.worker == int(meter.worker)
    assert (first.cpu_us, first.wait_us, first.hold_us) == (
        first.step_us,
        0,
        first.step_us,
    )
    assert abs(first.step_us * 1000 - step_ns) <= 500
    assert abs(first.queue_us * 1000 - queue_ns) <= 500


def test_no_more_answers_are_remembered_than_there_is_room_for(
    meter: Telling, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_module, "_REMEMBERED", 3)
    loop = loop_of(meter)
    for us in range(10):
        request = begun(loop)
        clocks.now_ns += us * 1000
        assert parse(request.answer(200, Client().receive)).step_us == us

    assert sorted(loop.short) == [0, 1, 2]


def test_short_steps_count_whole_and_the_kernel_is_asked_four_times_in_a_millisecond(
    meter: Telling, clocks: Clocks
) -> None:
    loop = loop_of(meter)
    for _ in range(100):
        request = begun(loop)
        clocks.now_ns += 10_000
        request.answer(200, Client().receive)
        request.end()

    assert 3 <= clocks.asked <= 4
    assert meter.told == (10_000, 0, 10_000, 10_000, 10_000)


def test_of_a_longer_step_the_kernel_is_asked(meter: Telling, clocks: Clocks) -> None:
    """The processor had been given to others for half of the time."""
    request = begun(loop_of(meter), 5 * MS)
    clocks.now_ns += 8 * MS
    told = parse(request.answer(200, Client().receive))
    clocks.now_ns += 2 * MS
    request.end()

    assert told == (5_000, 4_000, 4_000, 8_000, 8_000, int(meter.worker))
    assert meter.told == (10 * MS, 5 * MS, 10 * MS, 10 * MS, 5 * MS)


def test_what_its_thread_did_before_counts_for_at_most_a_quarter_of_a_millisecond(
    meter: Telling,
) -> None:
    """Real clocks: after requests that are short, one that blocks."""
    loop = loop_of(meter)
    most_ns = 0
    for _ in range(5):
        until_ns = time.perf_counter_ns() + 2 * MS
        while time.perf_counter_ns() < until_ns:
            begun(loop).end()
        before_ns = time.thread_time_ns()
        request = begun(loop)
        time.sleep(0.02)
        request.end()
        spent_ns = time.thread_time_ns() - before_ns
        *_, hold_ns, _, cpu_ns = meter.told
        assert hold_ns >= 20 * MS
        most_ns = max(most_ns, cpu_ns - spent_ns)

    assert most_ns <= SHORT_NS


def test_steps_add_up_and_the_thread_is_given_back_in_between(
    meter: Telling, clocks: Clocks
) -> None:
    request = begun(loop_of(meter))
    clocks.now_ns += 100_000
    request.pause()
    assert UNITS[THREAD].running is None
    clocks.now_ns += 50 * MS
    request.resume()
    assert UNITS[THREAD].running is request
    clocks.now_ns += 200_000
    told = parse(request.answer(200, Client().receive))
    request.end()

    assert told == (0, 300, 50_000, 300, 200, int(meter.worker))
    assert meter.told == (50_300_000, 0, 300_000, 200_000, 300_000)
    assert UNITS[THREAD].running is None


def test_a_client_that_has_left_before_a_short_answer_is_seen_by_each_servers_own_word(
    meter: Telling, clocks: Clocks
) -> None:
    def left(receive: object) -> int:
        request = begun(loop_of(meter), PATIENCE_NS)
        clocks.now_ns += 10_000
        request.answer(200, receive)
        return request.left_ns

    gone, there = Client(), Client()
    gone.disconnected = True
    assert left(gone.receive) == clocks.now_ns
    assert left(there.receive) == 0
    for closed in (False, True):
        receiver = SimpleNamespace(protocol=SimpleNamespace(_closed=closed))
        assert bool(left(SimpleNamespace(__self__=receiver))) is closed
    # Who serves otherwise says nothing.
    assert left(lambda: None) == 0


@pytest.mark.parametrize(("queue_ms", "step_ms", "asked"), [(9, 0.9, 0), (9, 1.1, 1), (0, 10.1, 1)])
def test_only_a_client_that_has_waited_long_is_asked_for(
    queue_ms: float, step_ms: float, asked: int, meter: Telling, clocks: Clocks
) -> None:
    """In the queue and since then."""
    looks: list[object] = []

    class Looking(LoopRequest):
        def look_for(self, client: object) -> None:
            looks.append(client)

    request = Looking()
    request.begin(loop_of(meter), "GET", "/hello", int(queue_ms * MS), None)
    clocks.now_ns += int(step_ms * MS)
    request.answer(200, "client")

    assert looks == ["client"] * asked


@pytest.mark.parametrize("step_ns", [10_000, 10 * MS])
@pytest.mark.parametrize("status", [200, 422, 0])
def test_a_request_of_one_step_is_counted_once_and_measured_once(
    status: int, step_ns: int, clocks: Clocks
) -> None:
    meter = Meter(Settings(), slots=1)
    meter.begin()
    request = begun(loop_of(meter), 3 * MS)
    clocks.now_ns += step_ns
    if status:
        request.answer(status, Client().receive)
    request.end()
    meter.fold()

    cells, series = meter.cells, meter.ledger.series
    labels = ("GET", "/hello", str(status or ""))
    assert meter.active() == 0
    assert cells[series("testbed_requests_total", *labels)] == 1
    assert cells[series("testbed_worker_measured_requests_total")] == 1
    assert cells[series("testbed_worker_hold_seconds_total")] == pytest.approx(step_ns / 1e9)
    assert request.ended
    assert UNITS[THREAD].running is None

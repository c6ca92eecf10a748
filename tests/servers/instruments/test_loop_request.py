"""The short ways of a request on a loop, against what every measured request does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import get_ident
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.engine.server_timing import parse
from servers.instruments import loop_request, thread_clock
from servers.instruments import request as request_module
from servers.instruments.loop_request import Loop, LoopRequest
from servers.instruments.meter import Meter
from servers.instruments.request import RUNNING, MeasuredRequest
from servers.instruments.thread_clock import SHORT_NS, KernelClock
from servers.settings import Settings

THREAD = get_ident()
MS = 1_000_000


class Client:
    """As uvicorn knows the client of one request."""

    disconnected = False

    async def receive(self) -> dict[str, object]:
        return {}


class Clocks:
    """Both clocks of a thread that runs all the while; it counts how often the kernel is asked."""

    def __init__(self, now_ns: int = 10**12) -> None:
        self.now_ns, self.asked = now_ns, 0

    def wall_ns(self) -> int:
        return self.now_ns

    def cpu_ns(self) -> int:
        self.asked += 1
        return self.now_ns // 2


@pytest.fixture(scope="module")
def meter() -> Meter:
    return Meter(Settings(), slots=1, beats=True)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clocks]:
    found = Clocks()
    for module in (loop_request, request_module):
        monkeypatch.setattr(module, "perf_counter_ns", found.wall_ns)
    monkeypatch.setattr(loop_request, "thread_time_ns", found.cpu_ns)
    yield found
    RUNNING.pop(THREAD, None)


def begun(loop: Loop, queue_ns: int = 0) -> LoopRequest:
    request = LoopRequest()
    request.begin_on(loop, "GET", "/hello", queue_ns, None)
    return request


@given(queue_ns=st.integers(0, 2_000 * 10**9), step_ns=st.integers(0, SHORT_NS))
def test_the_short_answer_says_what_the_long_one_does(queue_ns: int, step_ns: int) -> None:
    meter, clocks = Meter(Settings(), slots=1), Clocks()
    with pytest.MonkeyPatch.context() as patch:
        for module in (loop_request, request_module):
            patch.setattr(module, "perf_counter_ns", clocks.wall_ns)
        for module in (loop_request, thread_clock):
            patch.setattr(module, "thread_time_ns", clocks.wall_ns)
        patch.setattr(meter, "clock", lambda thread: KernelClock())
        short = begun(Loop(meter, THREAD), queue_ns)
        long = MeasuredRequest()
        long.begin(meter, THREAD, "GET", "/hello", queue_ns, None)
        clocks.now_ns += step_ns
        told = parse(short.answer_to(Client().receive, 200))
        wanted = parse(long.answer(200).encode())

    # A half is rounded up by one and to the even by the other.
    assert [abs(one - other) <= 1 for one, other in zip(told, wanted, strict=True)] == [True] * 6
    assert told.worker == int(meter.worker)
    assert (told.cpu_us, told.wait_us, told.hold_us) == (told.step_us, 0, told.step_us)
    assert abs(told.step_us * 1000 - step_ns) <= 500
    assert abs(told.queue_us * 1000 - queue_ns) <= 500


def test_short_steps_count_whole_and_the_kernel_is_asked_four_times_in_a_millisecond(
    meter: Meter, clocks: Clocks
) -> None:
    loop = Loop(meter, THREAD)
    for _ in range(100):
        request = begun(loop)
        clocks.now_ns += 10_000
        request.answer_to(Client().receive, 200)
        request.end()

    assert 3 <= clocks.asked <= 4
    assert request._cpu_ns == 0, "the short way notes it without"


def test_of_a_longer_step_the_kernel_is_asked(meter: Meter, clocks: Clocks) -> None:
    """The processor had been given to others for half of the time."""
    request = begun(Loop(meter, THREAD), 5 * MS)
    clocks.now_ns += 8 * MS
    told = parse(request.answer_to(Client().receive, 200))
    clocks.now_ns += 2 * MS
    request.end()

    assert told == (5_000, 4_000, 4_000, 8_000, 8_000, int(meter.worker))
    assert (request._cpu_ns, request._hold_ns, request._longest_ns) == (5 * MS, 10 * MS, 10 * MS)


def test_what_its_thread_did_before_counts_for_at_most_a_quarter_of_a_millisecond(
    meter: Meter,
) -> None:
    """Real clocks: after requests that are short, one that blocks."""
    loop = Loop(meter, THREAD)
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
        assert request._hold_ns >= 20 * MS
        most_ns = max(most_ns, request._cpu_ns - spent_ns)

    assert most_ns <= SHORT_NS


def test_steps_add_up_and_the_thread_is_given_back_in_between(meter: Meter, clocks: Clocks) -> None:
    request = begun(Loop(meter, THREAD))
    clocks.now_ns += 100_000
    request.pause()
    assert RUNNING[THREAD] is None
    clocks.now_ns += 50 * MS
    request.resume()
    assert RUNNING[THREAD] is request
    clocks.now_ns += 200_000
    told = parse(request.answer_to(Client().receive, 200))
    request.end()

    assert told == (0, 300, 50_000, 300, 200, int(meter.worker))
    assert (request._cpu_ns, request._hold_ns) == (300_000, 300_000)
    assert RUNNING[THREAD] is None


def test_a_client_that_has_left_before_a_short_answer_is_seen_by_each_servers_own_word(
    meter: Meter, clocks: Clocks
) -> None:
    def left(receive: object) -> int:
        request = begun(Loop(meter, THREAD))
        clocks.now_ns += 10_000
        request.answer_to(receive, 200)
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


@pytest.mark.parametrize("step_ns", [10_000, 10 * MS])
@pytest.mark.parametrize("status", [200, 422, 0])
def test_a_request_of_one_step_is_counted_once_and_measured_once(
    status: int, step_ns: int, clocks: Clocks
) -> None:
    meter = Meter(Settings(), slots=1, beats=True)
    meter.begin()
    request = begun(Loop(meter, THREAD), 3 * MS)
    clocks.now_ns += step_ns
    if status:
        request.answer_to(Client().receive, status)
    request.end()
    meter.fold()

    cells, series = meter.cells, meter.ledger.series
    labels = ("GET", "/hello", str(status or ""))
    assert meter.active() == 0
    assert cells[series("testbed_requests_total", *labels)] == 1
    assert cells[series("testbed_worker_measured_requests_total")] == 1
    assert cells[series("testbed_worker_hold_seconds_total")] == pytest.approx(step_ns / 1e9)
    assert request.ended
    assert RUNNING[THREAD] is None

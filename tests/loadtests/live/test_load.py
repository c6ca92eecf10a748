"""The load on a twin, for real: what two engines send, what they see under way, and their end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from loadtests.live.controls import Controls
from loadtests.live.load import Load
from loadtests.live.seen import Seen
from loadtests.plan import Address
from loadtests.workload import Request
from tests.loadtests.stub import OK, answering, serving_aside

pytestmark = pytest.mark.slow


class Pair:
    """Two loads on two servers that answer after a while."""

    def __init__(self, ports: list[int]) -> None:
        self.origin_ns = time.perf_counter_ns()
        self.loads = [Load(Address(port), self.origin_ns, "uvloop") for port in ports]

    def begin(self, controls: Controls) -> None:
        start_ns = time.perf_counter_ns() + 20_000_000
        for load in self.loads:
            load.begin(controls, "seed", start_ns)

    def news_after(self, seconds: float) -> list[list[Seen]]:
        time.sleep(seconds)
        return [load.news() for load in self.loads]


def paired(stack: ExitStack, after_s: float) -> Pair:
    ports = [stack.enter_context(serving_aside(answering(OK, after_s))) for _ in range(2)]
    pair = Pair(ports)
    for load in pair.loads:
        stack.callback(load.end)
    return pair


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5.0
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_both_get_the_same_requests_at_the_same_moments() -> None:
    with ExitStack() as stack:
        pair = paired(stack, 0.0)
        pair.begin(Controls(rate=100, work_ms=7))
        left, right = pair.news_after(0.8)

    both = min(len(left), len(right))
    assert both > 40
    meant = [
        sorted((one.intended_ms, one.path) for one in seen)[: both - 5] for seen in (left, right)
    ]
    assert meant[0] == meant[1]
    assert {one.path for one in left} == {"/wait", "/hello"}
    assert [one.aside for one in left] == [one.path == "/hello" for one in left]


def test_what_is_under_way_is_known_until_it_ends() -> None:
    with ExitStack() as stack:
        pair = paired(stack, 0.4)
        load = pair.loads[0]
        load.once(Request(path="/wait", params={"ms": 400}), time.perf_counter_ns())
        eventually(lambda: len(load.waiting()) == 1)

        (waiting,) = load.waiting()
        assert (waiting.aside, waiting.counts) == (False, False)
        assert load.news() == []
        eventually(lambda: load.waiting() == [])
        (seen,) = load.news()
        assert seen.intended_ms == waiting.intended_ms
        assert (seen.ok, seen.counts) == (True, False)


def test_another_load_takes_its_place_and_a_stop_is_one() -> None:
    with ExitStack() as stack:
        pair = paired(stack, 0.0)
        pair.begin(Controls(rate=200))
        pair.news_after(0.2)
        pair.begin(Controls(rate=200, workload="block"))
        pair.news_after(0.1)
        (later, _) = pair.news_after(0.3)
        assert {one.path for one in later} == {"/blocking", "/hello"}

        for load in pair.loads:
            load.stop()
        pair.news_after(0.1)
        assert pair.news_after(0.3) == [[], []]


def test_closed_users_wait_for_their_answers_and_stop_too() -> None:
    with ExitStack() as stack:
        pair = paired(stack, 0.05)
        load = pair.loads[0]
        pair.begin(Controls(mode="closed", users=30))
        (seen, _) = pair.news_after(1.5)
        assert 25 <= len([one for one in seen if not one.aside]) <= 60

        load.stop()
        eventually(lambda: load.waiting() == [])
        load.news()
        assert pair.news_after(1.3)[0] == []


def test_it_ends_at_once_also_where_nothing_answers() -> None:
    with ExitStack() as stack:
        port = stack.enter_context(serving_aside(answering(OK, 30.0)))
        load = Load(Address(port), time.perf_counter_ns(), "uvloop")
        load.begin(Controls(rate=300), "seed", time.perf_counter_ns())
        eventually(lambda: len(load.waiting()) > 20)
        began, threads = time.monotonic(), threading.active_count()

        load.end()

        assert time.monotonic() - began < 1.0
        assert threading.active_count() == threads - 1

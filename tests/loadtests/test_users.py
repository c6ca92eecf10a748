"""Closed users in a time that is a number: when they begin, think and send, and on what."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from loadtests.engine import users
from loadtests.engine.users import ClosedUser, crowd
from loadtests.plan import Target, UserStream

HELLO = Target(number=0, stream="load", path="/hello", url="/hello", weight=1.0)
LATENCY_S = 0.5


class Clock:
    """An event loop whose time passes only from one call to the next, and an engine on it.

    Every request takes `LATENCY_S`, and `fails` says of its number whether it fails. `sent` has its
    time and the connections that it might use.
    """

    def __init__(self, fails: Callable[[int], bool] = lambda _: False) -> None:
        self.now_s = 0.0
        self.sent: list[tuple[float, Any]] = []
        self._fails = fails
        self._due: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = itertools.count()

    def call_later(self, after_s: float, call: Callable[..., None], *with_: Any) -> None:
        heapq.heappush(self._due, (self.now_s + after_s, next(self._number), call, with_))

    def issue(self, target: int, intended_ns: int, then: Callable[..., None], pool: Any) -> None:
        assert target == HELLO.number
        assert intended_ns == round(self.now_s * 1e9)
        completed = not self._fails(len(self.sent))
        self.sent.append((self.now_s, pool))
        done_ns = round((self.now_s + LATENCY_S) * 1e9)
        self.call_later(LATENCY_S, then, completed, done_ns)

    def run_until(self, end_s: float) -> None:
        while self._due and self._due[0][0] < end_s:
            self.now_s, _, call, with_ = heapq.heappop(self._due)
            call(*with_)

    def by_user(self) -> list[list[float]]:
        """When each user sent requests, in the order in which they began."""
        found: dict[int, list[float]] = {}
        for at_s, pool in self.sent:
            found.setdefault(id(pool), []).append(at_s)
        return list(found.values())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    use(clock, monkeypatch)
    return clock


def use(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: clock)
    monkeypatch.setattr(users, "perf_counter_ns", lambda: round(clock.now_s * 1e9))


def begin(
    clock: Clock, count: int, think_s: float, begin_s: float, shares: int = 1
) -> list[ClosedUser]:
    stream = UserStream(name="load", users=count, think_s=think_s, targets=(HELLO,))
    engine: Any = clock
    return [u for n in range(shares) for u in crowd(stream, engine, 7, n, shares, begin_s)]


def by_second(times: list[float]) -> Counter[int]:
    return Counter(int(at_s) for at_s in times)


def test_ten_thousand_users_begin_evenly_over_what_they_are_given(clock: Clock) -> None:
    """1,000 a second ± 5 standard deviations: no accept queue of 2,048 overflows."""
    begin(clock, 10_000, think_s=0.0, begin_s=10.0)

    clock.run_until(10.0)

    first = [times[0] for times in clock.by_user()]
    assert len(first) == 10_000
    assert set(by_second(first)) == set(range(10))
    assert all(850 < number < 1150 for number in by_second(first).values())


def test_a_first_pause_is_a_part_of_the_think_time_and_all_others_are_whole(clock: Clock) -> None:
    begin(clock, 3_000, think_s=60.0, begin_s=10.0)

    clock.run_until(131.5)

    gaps = [[b - a - LATENCY_S for a, b in itertools.pairwise(times)] for times in clock.by_user()]
    first = [pauses[0] for pauses in gaps]
    assert min(first) < 2.0
    assert max(first) > 58.0
    assert sum(first) / len(first) == pytest.approx(30.0, abs=3.0)
    assert all(whole == pytest.approx(60.0) for pauses in gaps for whole in pauses[1:])
    # From then on they come evenly: 3,000 users every 60.5 s.
    later = [at_s for at_s, _ in clock.sent if 10.0 <= at_s < 130.0]
    assert len(later) / 120.0 == pytest.approx(3_000 / 60.5, rel=0.05)


def test_without_a_warm_up_users_begin_at_a_phase_of_their_think_time(clock: Clock) -> None:
    begin(clock, 1_000, think_s=20.0, begin_s=0.0)

    clock.run_until(60.0)

    assert clock.sent[0][0] < 1.0
    assert 19.0 < clock.by_user()[999][0] < 20.0
    assert clock.by_user()[0][1] - clock.by_user()[0][0] == pytest.approx(20.0 + LATENCY_S)


def test_a_user_who_does_not_think_sends_when_answered(clock: Clock) -> None:
    begin(clock, 1, think_s=0.0, begin_s=1.0)

    clock.run_until(5.0)

    (times,) = clock.by_user()
    assert [b - a for a, b in itertools.pairwise(times)] == pytest.approx([0.5] * (len(times) - 1))
    assert len(times) >= 8


def test_a_user_whose_request_failed_pauses_however_little_it_thinks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(fails=lambda number: number == 0)
    use(clock, monkeypatch)
    begin(clock, 1, think_s=0.0, begin_s=1.0)

    clock.run_until(3.0)

    first, second, third = clock.by_user()[0][:3]
    assert second - first == pytest.approx(LATENCY_S + users.AFTER_FAILURE_S)
    assert third - second == pytest.approx(LATENCY_S)


def test_each_user_keeps_connections_of_its_own(clock: Clock) -> None:
    begin(clock, 5, think_s=1.0, begin_s=1.0)

    clock.run_until(10.0)

    assert len(clock.by_user()) == 5
    assert min(map(len, clock.by_user())) > 3


def test_a_user_that_is_stopped_sends_no_more(clock: Clock) -> None:
    found = begin(clock, 2, think_s=0.0, begin_s=1.0)
    clock.run_until(3.0)
    sent = len(clock.sent)

    for user in found:
        user.stop()
    clock.run_until(10.0)

    assert sent > 5
    assert len(clock.sent) == sent


def test_processes_share_the_users_and_begin_at_moments_of_their_own(clock: Clock) -> None:
    begin(clock, 11, think_s=60.0, begin_s=10.0, shares=3)

    clock.run_until(10.0)

    first = [times[0] for times in clock.by_user()]
    assert len(first) == len(set(first)) == 11

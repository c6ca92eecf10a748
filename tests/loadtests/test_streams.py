"""Streams of arrivals, the dispatcher that keeps them, and the alarm that wakes it."""

from __future__ import annotations

import asyncio
import math
import random
import statistics
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import pytest
import uvloop

from loadtests.engine.alarm import LoopTimer, TimerFile
from loadtests.engine.dispatcher import Dispatcher
from loadtests.engine.schedule import make
from loadtests.engine.streams import Arrivals, Replay
from loadtests.plan import ArrivalStream, Target

HELLO = Target(number=0, stream="load", path="/hello", url="/hello", weight=1.0)
LOOPS = [uvloop.new_event_loop, asyncio.new_event_loop]


def stream(rate: float, arrivals: str = "poisson") -> ArrivalStream:
    return ArrivalStream(name="load", arrivals=arrivals, rate=rate, targets=(HELLO,))


def first(count: int, arrivals: Arrivals) -> list[int]:
    times = []
    for _ in range(count):
        times.append(arrivals.at_ns)
        arrivals.take()
    return times


def test_an_endless_poisson_stream_has_its_rate_and_its_variation() -> None:
    times = first(20_000, Arrivals(stream(100.0), 0, random.Random(1)))
    gaps = [(b - a) / 1e9 for a, b in zip(times, times[1:], strict=False)]  # noqa: RUF007

    assert statistics.fmean(gaps) == pytest.approx(0.01, rel=4 / math.sqrt(20_000))
    assert statistics.stdev(gaps) / statistics.fmean(gaps) == pytest.approx(1.0, abs=0.03)


def test_constant_streams_of_many_users_do_not_march_in_step() -> None:
    """A hundred users at 1/s: Locust's own pacing sends nearly all within one twentieth."""
    rng = random.Random(2)
    starts = [Arrivals(stream(1.0, "constant"), 0, rng).at_ns / 1e9 for _ in range(100)]

    fullest = max(sum(1 for s in starts if slot / 20 <= s < (slot + 1) / 20) for slot in range(20))
    assert all(0.0 <= start < 1.0 for start in starts)
    assert fullest <= 16


def test_processes_deal_a_schedule_out_like_cards() -> None:
    schedule = make((stream(200.0),), 3, 0.0, 2.0)

    shares = [Replay(schedule, 1_000, number, 3) for number in range(3)]

    dealt = []
    for share in shares:
        more = True
        while more:
            at_ns = share.at_ns
            _, more = share.take()
            dealt.append(at_ns - 1_000)
    assert sorted(dealt) == list(schedule.intended_ns)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


class Issued:
    """An engine that only notes what it is asked for."""

    def __init__(self) -> None:
        self.requests: list[tuple[int, int]] = []

    def issue(self, target: int, intended_ns: int) -> None:
        del target
        self.requests.append((intended_ns, perf_counter_ns()))


@pytest.mark.parametrize("new_loop", LOOPS, ids=["uvloop", "asyncio"])
@pytest.mark.parametrize("spin", [False, True], ids=["asleep", "spinning"])
def test_nothing_is_issued_early_or_twice_or_out_of_order(
    new_loop: Callable[[], asyncio.AbstractEventLoop], spin: bool
) -> None:
    issued: Any = Issued()
    one, other = (make((stream(rate),), seed, 0.0, 0.3) for rate, seed in ((300.0, 1), (50.0, 2)))
    origin_ns = 0

    async def scenario() -> None:
        nonlocal origin_ns
        dispatcher = Dispatcher(issued, asyncio.get_running_loop(), spin=spin)
        origin_ns = perf_counter_ns() + 20_000_000
        dispatcher.add(Replay(one, origin_ns))
        dispatcher.add(Replay(other, origin_ns))
        await dispatcher.done.wait()
        dispatcher.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(scenario())

    intended = [at_ns - origin_ns for at_ns, _ in issued.requests]
    assert intended == sorted([*one.intended_ns, *other.intended_ns])
    assert all(sent_ns >= at_ns for at_ns, sent_ns in issued.requests)


def test_a_stream_that_is_removed_issues_no_more() -> None:
    issued: Any = Issued()

    async def scenario() -> tuple[int, int]:
        dispatcher = Dispatcher(issued, asyncio.get_running_loop())
        kept = Arrivals(stream(200.0, "constant"), perf_counter_ns(), random.Random(1))
        gone = Arrivals(stream(2_000.0, "constant"), perf_counter_ns(), random.Random(1))
        dispatcher.add(kept)
        dispatcher.add(gone)
        await asyncio.sleep(0.1)
        dispatcher.remove(gone)
        before = len(issued.requests)
        await asyncio.sleep(0.1)
        dispatcher.close()
        return before, len(issued.requests) - before

    before, after = uvloop.run(scenario())

    assert before > 50
    assert 0 < after <= 25


@pytest.mark.parametrize("kind", [TimerFile, LoopTimer])
@pytest.mark.parametrize("new_loop", LOOPS, ids=["uvloop", "asyncio"])
def test_an_alarm_never_rings_early_and_forgets_an_earlier_setting(
    kind: Any, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    rung: list[int] = []

    async def scenario() -> int:
        bell = asyncio.Event()

        def ring() -> None:
            rung.append(perf_counter_ns())
            bell.set()

        alarm = kind(asyncio.get_running_loop(), ring)
        at_ns = perf_counter_ns() + 7_300_000
        alarm.set(at_ns - 5_000_000)
        alarm.set(at_ns)
        await asyncio.wait_for(bell.wait(), 5.0)
        alarm.close()
        return at_ns

    with asyncio.Runner(loop_factory=new_loop) as runner:
        at_ns = runner.run(scenario())

    assert len(rung) == 1
    assert rung[0] >= at_ns

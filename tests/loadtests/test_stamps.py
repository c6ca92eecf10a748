"""Which requests are asked for their split, and which are captured: no clock, no server."""

from __future__ import annotations

import math
import random

import pytest

from loadtests.engine.schedule import make
from loadtests.engine.stamps import FOREVER, Captures, Stamps
from loadtests.plan import ArrivalStream, Target

SECOND_NS = 1_000_000_000
HELLO = Target(number=0, stream="load", path="/hello", url="/hello", weight=1.0)


def times(rps: float, seconds: float, from_s: float = 100.0) -> list[int]:
    """A request every 1/rps seconds."""
    return [round((from_s + n / rps) * SECOND_NS) for n in range(round(rps * seconds))]


def asked(stamps: Stamps, at: list[int], is_open: bool) -> list[int]:
    """The times of those that are asked."""
    return [at_ns for at_ns in at if stamps.take(at_ns, is_open)]


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
@pytest.mark.parametrize("rps", [3.0, 800.0])
def test_every_request_is_asked_at_moderate_rates(rps: float, is_open: bool) -> None:
    stamps = Stamps(1_000.0, random.Random(1), rps if is_open else 0.0)
    at = times(rps, 5.0)

    assert asked(stamps, at, is_open) == at


def test_open_streams_of_exactly_the_limit_are_asked_throughout() -> None:
    """Poisson arrivals crowd and thin out; their rate is the planned one."""
    stream = ArrivalStream(name="load", arrivals="poisson", rate=1_000.0, targets=(HELLO,))
    at = list(make((stream,), 3, 0.0, 5.0).intended_ns)

    assert asked(Stamps(1_000.0, random.Random(1), 1_000.0), at, True) == at


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
def test_a_limit_of_nothing_asks_nobody_from_the_first_on(is_open: bool) -> None:
    stamps = Stamps(0.0, random.Random(1), 0.0)

    assert asked(stamps, times(500.0, 2.0), is_open) == []


def test_the_part_of_open_streams_does_not_follow_their_crowds() -> None:
    """A part that shrinks after a rush would ask less when queues are long."""
    stamps = Stamps(1_000.0, random.Random(1), 4_000.0)
    parts = set()
    for at_ns in times(20_000.0, 0.5) + times(400.0, 3.0, from_s=101.0):
        stamps.take(at_ns, True)
        parts.add(stamps.share)

    assert parts == {0.25}


def test_a_random_part_is_asked_above() -> None:
    at = times(4_000.0, 10.0)

    found = asked(Stamps(1_000.0, random.Random(1), 4_000.0), at, True)

    # Of 40,000 a quarter, with a deviation of 87.
    assert len(found) == pytest.approx(10_000, abs=4 * 87)
    gaps = {b - a for a, b in zip(found, found[1:], strict=False)}  # noqa: RUF007
    assert len(gaps) > 10, "every fourth one is not random"


def test_the_part_of_closed_users_follows_their_measured_rate() -> None:
    stamps = Stamps(1_000.0, random.Random(1))

    fast = asked(stamps, times(20_000.0, 5.0), False)
    slow = asked(stamps, times(500.0, 20.0, from_s=105.0), False)

    # Until its first measure is in, it asks all: a twentieth of a second.
    first = [at_ns for at_ns in fast if at_ns < 100.1 * SECOND_NS]
    assert len(first) < 1_200
    settled = [at_ns for at_ns in fast if at_ns >= 101 * SECOND_NS]
    assert len(settled) / 4.0 == pytest.approx(1_000.0, abs=4 * math.sqrt(1_000.0 / 4.0))
    late = [at_ns for at_ns in slow if at_ns >= 115 * SECOND_NS]
    assert len(late) == 5_000


def test_one_slow_answer_hardly_moves_the_part_of_closed_users() -> None:
    stamps = Stamps(1_000.0, random.Random(1))
    asked(stamps, times(4_000.0, 10.0), False)
    before = stamps.share

    asked(stamps, times(4_000.0, 0.1, from_s=110.25), False)

    assert before == pytest.approx(0.25, rel=0.01)
    assert stamps.share == pytest.approx(before, rel=0.15)


def test_open_streams_and_closed_users_share_one_limit() -> None:
    stamps = Stamps(1_000.0, random.Random(1), 2_000.0)
    for one, two in zip(times(2_000.0, 5.0), times(2_000.0, 5.0), strict=True):
        stamps.take(one, True)
        stamps.take(two, False)

    assert stamps.share == pytest.approx(0.25, rel=0.01)


def test_open_streams_that_come_and_go_change_the_part() -> None:
    stamps = Stamps(1_000.0, random.Random(1))
    shares = [stamps.share]
    for rps in (2_000.0, 2_000.0, -2_000.0, -2_000.0):
        stamps.add_open(rps)
        shares.append(stamps.share)

    assert shares == [1.0, 0.5, 0.25, 0.5, 1.0]


def test_the_seed_alone_decides_who_of_an_open_stream_is_asked() -> None:
    at = times(5_000.0, 1.0)

    one, same, other = (
        asked(Stamps(1_000.0, random.Random(seed), 5_000.0), at, True) for seed in (1, 1, 2)
    )

    assert one == same
    assert one != other


def test_captures_are_named_by_the_seed_and_the_intended_time_and_then_are_used_up() -> None:
    captures = Captures(from_ns=5_000, count=2, seed=0xABCDEF)
    assert captures.from_ns == 5_000

    lines = [captures.take(at_ns) for at_ns in (5_001, 2**62)]

    assert lines == [
        b"traceparent: 00-00000000000000000000000000abcdef-0000000000001389-01\r\n",
        b"traceparent: 00-00000000000000000000000000abcdef-4000000000000000-01\r\n",
    ]
    assert captures.from_ns == FOREVER
    assert Captures(from_ns=5_000, count=0, seed=1).from_ns == FOREVER


@pytest.mark.parametrize("is_open", [True, False])
def test_without_a_limit_every_request_is_asked(is_open: bool) -> None:
    stamps = Stamps(math.inf, random.Random(1), open_rps=50_000.0 if is_open else 0.0)

    assert all(stamps.take(number * 20_000, is_open) for number in range(5_000))

"""The engine against servers that behave, and against servers that do not."""

from __future__ import annotations

import asyncio
import random
import re
import socket
from dataclasses import dataclass
from time import perf_counter_ns, time_ns
from typing import Any

import numpy as np
import pytest
import uvloop

from loadtests.engine.dispatcher import Dispatcher
from loadtests.engine.engine import Engine
from loadtests.engine.recorder import Recorder
from loadtests.engine.schedule import make
from loadtests.engine.server_timing import NOT_MEASURED, Split
from loadtests.engine.stamps import Captures, Stamps
from loadtests.engine.streams import Replay
from loadtests.engine.users import crowd
from loadtests.plan import ArrivalStream, Target, UserStream
from loadtests.samples import NEVER, ErrorKind, Outcome
from tests.loadtests.stub import OK, Behaviour, answering, answering_once, noting, serving

HELLO = Target(number=0, stream="load", path="/hello", url="/hello", weight=1.0)


@dataclass
class Bench:
    """An engine on a port, and what it records."""

    port: int
    cap: int = 100
    stamped_rps: float = 0.0
    captures: Captures | None = None

    def __post_init__(self) -> None:
        self.recorder = Recorder(perf_counter_ns())
        stamps = Stamps(self.stamped_rps, random.Random(1))
        self.engine = Engine("127.0.0.1", self.port, self.recorder, self.cap, stamps, self.captures)
        self.engine.add_target("/hello")

    def issue(self, count: int = 1) -> None:
        for _ in range(count):
            self.engine.issue(0, perf_counter_ns())

    def rows(self) -> Any:
        """The samples as a structured array."""
        self.recorder.close()
        return np.concatenate([chunk.columns() for chunk in self.recorder.full])


async def send(behave: Behaviour, count: int = 1, cap: int = 100, drain_s: float = 0.5) -> Any:
    """Send `count` requests one after another's issue; the samples of all."""
    async with serving(behave) as port:
        bench = Bench(port, cap)
        bench.issue(count)
        await bench.engine.drain(drain_s)
    return bench.rows()


@pytest.mark.parametrize(
    ("behave", "outcome", "error", "status"),
    [
        (answering(OK), Outcome.COMPLETED, ErrorKind.NONE, 200),
        (answering_once(OK), Outcome.COMPLETED, ErrorKind.NONE, 200),
        (
            answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
            Outcome.COMPLETED,
            ErrorKind.NONE,
            200,
        ),
        (
            answering_once(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"),
            Outcome.COMPLETED,
            ErrorKind.NONE,
            200,
        ),
        (
            answering(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
            Outcome.FAILED,
            ErrorKind.STATUS,
            503,
        ),
        (
            answering_once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"),
            Outcome.FAILED,
            ErrorKind.TRUNCATED,
            0,
        ),
        (answering_once(b"no HTTP at all\r\n\r\n"), Outcome.FAILED, ErrorKind.MALFORMED, 0),
        (answering_once(b""), Outcome.FAILED, ErrorKind.RESET, 0),
        (answering(b""), Outcome.CENSORED, ErrorKind.NONE, 0),
    ],
    ids=[
        "kept open",
        "closed",
        "chunked",
        "until close",
        "status",
        "truncated",
        "garbage",
        "closed unanswered",
        "never answered",
    ],
)
def test_every_kind_of_answer_has_its_fate(
    behave: Behaviour, outcome: Outcome, error: ErrorKind, status: int
) -> None:
    sample = uvloop.run(send(behave))

    assert list(sample["outcome"]) == [outcome]
    assert list(sample["error"]) == [error]
    assert list(sample["status"]) == [status]


def test_a_refused_connection_is_a_failure_that_was_never_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        async def scenario() -> Any:
            bench = Bench(port)
            bench.issue()
            await bench.engine.drain(0.5)
            return bench.rows()

        sample = uvloop.run(scenario())

    assert list(sample["outcome"]) == [Outcome.FAILED]
    assert list(sample["error"]) == [ErrorKind.REFUSED]
    assert list(sample["sent_ns"]) == [NEVER]


def test_over_the_cap_an_arrival_is_dropped_and_counted() -> None:
    sample = uvloop.run(send(answering(OK, after_s=0.05), count=5, cap=3))

    fates = [Outcome(outcome) for outcome in sample["outcome"]]
    assert fates.count(Outcome.DROPPED) == 2
    assert fates.count(Outcome.COMPLETED) == 3


def test_a_request_that_never_ends_is_censored_with_its_age() -> None:
    sample = uvloop.run(send(answering(b""), drain_s=0.2))

    age_s = (sample["done_ns"][0] - sample["intended_ns"][0]) / 1e9
    assert list(sample["outcome"]) == [Outcome.CENSORED]
    assert 0.19 <= age_s < 5.0


def test_a_connection_is_reused_only_when_its_answer_has_ended() -> None:
    async def scenario() -> tuple[Any, int]:
        async with serving(answering(OK)) as port:
            bench = Bench(port)
            for _ in range(3):
                bench.issue()
                assert await bench.engine.settle(1.0)
            bench.issue(2)
            await bench.engine.drain(0.5)
        return bench.rows(), bench.engine.connections_opened

    sample, opened = uvloop.run(scenario())

    assert list(sample["outcome"]) == [Outcome.COMPLETED] * 5
    assert sorted(sample["reused"]) == [0, 0, 1, 1, 1]
    assert opened == 2


def test_replay_keeps_the_intended_times_whatever_the_answers_do() -> None:
    stream = ArrivalStream(name="load", arrivals="poisson", rate=400.0, targets=(HELLO,))
    schedule = make((stream,), 5, 0.0, 0.5)

    async def scenario() -> Any:
        async with serving(answering(OK, after_s=0.1)) as port:
            bench = Bench(port, cap=1000)
            dispatcher = Dispatcher(bench.engine, asyncio.get_running_loop())
            dispatcher.add(Replay(schedule, bench.recorder.origin_ns))
            await dispatcher.done.wait()
            dispatcher.close()
            await bench.engine.drain(2.0)
        return bench.rows()

    sample = uvloop.run(scenario())

    assert sorted(sample["intended_ns"]) == list(schedule.intended_ns)
    assert set(sample["outcome"]) == {Outcome.COMPLETED}
    early = [
        sent < intended
        for sent, intended in zip(sample["sent_ns"], sample["intended_ns"], strict=True)
    ]
    assert not any(early)


def test_a_closed_user_never_has_two_requests_under_way() -> None:
    under_way = 0
    most = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        while True:
            await reader.readuntil(b"\r\n\r\n")
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            under_way -= 1
            writer.write(OK)

    async def scenario() -> Any:
        async with serving(behave) as port:
            bench = Bench(port)
            stream = UserStream(name="load", users=3, think_s=0.0, targets=(HELLO,))
            users = crowd(stream, bench.engine, seed=1)
            await asyncio.sleep(0.3)
            for user in users:
                user.stop()
            await bench.engine.drain(1.0)
        return bench.rows()

    sample = uvloop.run(scenario())

    assert most == 3
    assert set(sample["outcome"]) == {Outcome.COMPLETED}
    assert len(sample) > 6


def test_a_user_who_thinks_keeps_its_connection_open_for_itself() -> None:
    """Ten connections idle at once, though one was enough for as many requests in a row."""
    accepted = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)

    async def scenario() -> Any:
        async with serving(behave) as port:
            bench = Bench(port)
            stream = UserStream(name="load", users=10, think_s=0.1, targets=(HELLO,))
            users = crowd(stream, bench.engine, seed=1, begin_s=0.2)
            async with asyncio.timeout(10.0):
                while bench.recorder.recorded < 40:
                    await asyncio.sleep(0.01)
            assert await bench.engine.settle(5.0)
            for user in users:
                user.stop()
            await bench.engine.drain(1.0)
        return bench.rows()

    sample = uvloop.run(scenario())

    assert accepted == 10
    assert np.count_nonzero(sample["reused"] == 0) == 10


async def one_by_one(
    behave: Behaviour, count: int, stamped_rps: float = 0.0, captures: Captures | None = None
) -> Any:
    """Send `count` requests on one connection; the samples of all."""
    async with serving(behave) as port:
        bench = Bench(port, stamped_rps=stamped_rps, captures=captures)
        for _ in range(count):
            bench.issue()
            assert await bench.engine.settle(5.0)
        await bench.engine.drain(0.5)
    return bench.rows()


def test_a_request_that_is_not_asked_for_its_split_carries_nothing_more() -> None:
    heads: list[bytes] = []

    uvloop.run(one_by_one(noting(heads, OK), 2))

    assert len(heads) == 2
    assert re.sub(rb":[0-9]+", b":80", heads[0]) == (
        b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAccept: */*\r\n\r\n"
    )
    assert heads[1] == heads[0]


def test_a_stamp_is_the_last_header_and_the_time_of_sending() -> None:
    heads: list[bytes] = []
    before_us = time_ns() // 1000

    rows = uvloop.run(one_by_one(noting(heads, OK), 3, stamped_rps=1_000.0))

    stamps = [re.search(rb"\r\nX-Request-Start: t=([0-9]{16})\r\n\r\n$", head) for head in heads]
    sent_us = [int(stamp[1]) for stamp in stamps if stamp]
    assert len(sent_us) == 3
    assert before_us <= sent_us[0] <= sent_us[1] <= sent_us[2] <= time_ns() // 1000
    for one, other in ((0, 1), (1, 2)):
        apart_us = (rows["sent_ns"][other] - rows["sent_ns"][one]) / 1_000
        assert sent_us[other] - sent_us[one] == pytest.approx(apart_us, abs=20_000)


def with_timing(status: str, timing: str, body: str = "ok", length: int = 2) -> bytes:
    return (f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{timing}\r\n\r\n{body}").encode()


TIMING = (
    "server-timing: queue;dur=1.5, cpu;dur=0.25, wait;dur=3, hold;dur=4, step;dur=2, "
    'worker;desc="7"'
)
SPLIT = Split(1_500, 250, 3_000, 4_000, 2_000, 7)


def split_of(row: Any) -> Split:
    # In a row 0 is not measured, and 1 is no time at all.
    queue, cpu, wait, hold, step = (int(row[name]) - 1 for name in Split._fields[:5])
    return Split(queue, cpu, wait, hold, step, int(row["worker"]))


@pytest.mark.parametrize(
    ("behave", "outcome", "split"),
    [
        (answering(with_timing("200 OK", TIMING)), Outcome.COMPLETED, SPLIT),
        (answering(with_timing("500 Oh", TIMING)), Outcome.FAILED, SPLIT),
        (
            answering(with_timing("200 OK", "Server-Timing: x;dur=")),
            Outcome.COMPLETED,
            NOT_MEASURED,
        ),
        (answering(OK), Outcome.COMPLETED, NOT_MEASURED),
        (
            answering_once(with_timing("200 OK", TIMING, length=9)),
            Outcome.FAILED,
            NOT_MEASURED,
        ),
        (answering_once(b""), Outcome.FAILED, NOT_MEASURED),
        (answering(b""), Outcome.CENSORED, NOT_MEASURED),
    ],
    ids=["completed", "status", "broken", "without", "truncated", "unanswered", "censored"],
)
def test_the_split_is_in_the_sample_where_an_answer_brought_it(
    behave: Behaviour, outcome: Outcome, split: Split
) -> None:
    async def scenario() -> Any:
        async with serving(behave) as port:
            bench = Bench(port, stamped_rps=1_000.0)
            bench.issue()
            await bench.engine.drain(0.3)
        return bench.rows()

    rows = uvloop.run(scenario())

    assert list(rows["outcome"]) == [outcome]
    assert split_of(rows[0]) == split


def test_a_split_is_never_that_of_an_earlier_answer_on_the_connection() -> None:
    answers = iter([with_timing("200 OK", TIMING), OK, with_timing("200 OK", TIMING)])

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)

    rows = uvloop.run(one_by_one(behave, 3, stamped_rps=1_000.0))

    assert [split_of(row) for row in rows] == [SPLIT, NOT_MEASURED, SPLIT]
    assert list(rows["reused"]) == [0, 1, 1]


def test_who_was_not_asked_is_not_measured_whatever_the_answer_says() -> None:
    rows = uvloop.run(one_by_one(answering(with_timing("200 OK", TIMING)), 2))

    assert [split_of(row) for row in rows] == [NOT_MEASURED] * 2


def test_the_first_requests_from_a_time_on_are_captured_and_stamped_too() -> None:
    heads: list[bytes] = []
    intended = [1_000, 2_000, 3_000, 4_000]

    async def scenario() -> None:
        async with serving(noting(heads, OK)) as port:
            bench = Bench(port, captures=Captures(from_ns=2_000, count=2, seed=255))
            for at_ns in intended:
                bench.engine.issue(0, at_ns)
                assert await bench.engine.settle(5.0)
            await bench.engine.drain(0.5)

    uvloop.run(scenario())

    wanted = (
        rb"\r\ntraceparent: 00-0{30}ff-([0-9a-f]{16})-01\r\nX-Request-Start: t=[0-9]{16}\r\n\r\n$"
    )
    found = [re.search(wanted, head) for head in heads]
    assert [one and int(one[1], 16) for one in found] == [None, 2_000, 3_000, None]
    assert b"X-Request-Start" not in heads[0] + heads[3]


def test_what_is_dropped_uses_up_no_capture() -> None:
    heads: list[bytes] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        await asyncio.sleep(0.05)
        writer.write(OK)

    async def scenario() -> Any:
        async with serving(behave) as port:
            bench = Bench(port, cap=1, captures=Captures(from_ns=0, count=2, seed=1))
            bench.issue(3)
            assert await bench.engine.settle(5.0)
            bench.issue()
            await bench.engine.drain(5.0)
        return bench.rows()

    rows = uvloop.run(scenario())

    assert sorted(rows["outcome"]) == [Outcome.COMPLETED] * 2 + [Outcome.DROPPED] * 2
    assert [b"traceparent" in head for head in heads] == [True, True]

"""The engine against servers that behave, and against servers that do not."""

from __future__ import annotations

import asyncio
import socket
from time import perf_counter_ns

import pytest
import uvloop

from loadtests.engine.dispatcher import Users, replay
from loadtests.engine.engine import Engine
from loadtests.engine.recorder import Recorder
from loadtests.engine.schedule import make
from loadtests.plan import ArrivalStream, Target, UserStream
from loadtests.sample_writer import Chunk
from loadtests.samples import NEVER, ErrorKind, Outcome
from tests.loadtests.stub import OK, Behaviour, answering, answering_once, serving

HELLO = Target(number=0, stream="load", path="/hello", url="/hello", weight=1.0)


def rows(recorder: Recorder) -> Chunk:
    recorder.close()
    (chunk,) = recorder.full
    return chunk


async def send(behave: Behaviour, count: int = 1, cap: int = 100, drain_s: float = 0.5) -> Chunk:
    """Send `count` requests one after another's issue; the samples of all."""
    async with serving(behave) as port:
        recorder = Recorder(perf_counter_ns())
        engine = Engine("127.0.0.1", port, (HELLO,), recorder, cap)
        for _ in range(count):
            engine.issue(0, perf_counter_ns())
        await engine.drain(drain_s)
    return rows(recorder)


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

    assert list(sample.outcome) == [outcome]
    assert list(sample.error) == [error]
    assert list(sample.status) == [status]


def test_a_refused_connection_is_a_failure_that_was_never_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        async def scenario() -> Chunk:
            recorder = Recorder(perf_counter_ns())
            engine = Engine("127.0.0.1", port, (HELLO,), recorder, 10)
            engine.issue(0, perf_counter_ns())
            await engine.drain(0.5)
            return rows(recorder)

        sample = uvloop.run(scenario())

    assert list(sample.outcome) == [Outcome.FAILED]
    assert list(sample.error) == [ErrorKind.REFUSED]
    assert list(sample.sent_ns) == [NEVER]


def test_over_the_cap_an_arrival_is_dropped_and_counted() -> None:
    sample = uvloop.run(send(answering(OK, after_s=0.05), count=5, cap=3))

    fates = [Outcome(outcome) for outcome in sample.outcome]
    assert fates.count(Outcome.DROPPED) == 2
    assert fates.count(Outcome.COMPLETED) == 3


def test_a_request_that_never_ends_is_censored_with_its_age() -> None:
    sample = uvloop.run(send(answering(b""), drain_s=0.2))

    age_s = (sample.done_ns[0] - sample.intended_ns[0]) / 1e9
    assert list(sample.outcome) == [Outcome.CENSORED]
    assert 0.19 <= age_s < 5.0


def test_a_connection_is_reused_only_when_its_answer_has_ended() -> None:
    async def scenario() -> tuple[Chunk, int]:
        async with serving(answering(OK)) as port:
            recorder = Recorder(perf_counter_ns())
            engine = Engine("127.0.0.1", port, (HELLO,), recorder, 10)
            for _ in range(3):
                engine.issue(0, perf_counter_ns())
                assert await engine.settle(1.0)
            engine.issue(0, perf_counter_ns())
            engine.issue(0, perf_counter_ns())
            await engine.drain(0.5)
        return rows(recorder), engine.connections_opened

    sample, opened = uvloop.run(scenario())

    assert list(sample.outcome) == [Outcome.COMPLETED] * 5
    assert sorted(sample.reused) == [0, 0, 1, 1, 1]
    assert opened == 2


def test_replay_keeps_the_intended_times_whatever_the_answers_do() -> None:
    stream = ArrivalStream(name="load", arrivals="poisson", rate=400.0, targets=(HELLO,))
    schedule = make((stream,), 5, 0.0, 0.5)

    async def scenario() -> Chunk:
        async with serving(answering(OK, after_s=0.1)) as port:
            origin_ns = perf_counter_ns()
            recorder = Recorder(origin_ns)
            engine = Engine("127.0.0.1", port, (HELLO,), recorder, 1000)
            await replay(schedule, engine, origin_ns)
            await engine.drain(2.0)
        return rows(recorder)

    sample = uvloop.run(scenario())

    assert sorted(sample.intended_ns) == list(schedule.intended_ns)
    assert set(sample.outcome) == {Outcome.COMPLETED}
    early = [
        sent < intended for sent, intended in zip(sample.sent_ns, sample.intended_ns, strict=True)
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

    async def scenario() -> Chunk:
        async with serving(behave) as port:
            recorder = Recorder(perf_counter_ns())
            engine = Engine("127.0.0.1", port, (HELLO,), recorder, 100)
            stream = UserStream(name="load", users=3, think_s=0.0, targets=(HELLO,))
            Users(stream, engine, 1, perf_counter_ns() + 300_000_000)
            await asyncio.sleep(0.3)
            await engine.drain(1.0)
        return rows(recorder)

    sample = uvloop.run(scenario())

    assert most == 3
    assert set(sample.outcome) == {Outcome.COMPLETED}
    assert len(sample) > 6

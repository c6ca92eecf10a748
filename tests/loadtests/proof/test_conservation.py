"""Whatever a server does, every request has exactly one fate."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from collections import Counter
from time import perf_counter_ns

import numpy as np
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.engine.engine import Engine
from loadtests.engine.recorder import Recorder
from loadtests.samples import NEVER, Outcome
from tests.loadtests.stub import OK, serving

FAULTS: dict[str, bytes | None] = {
    "answer": OK,
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "closing": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "until the end": b"HTTP/1.1 200 OK\r\n\r\nok",
    "error": b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
    "truncated": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
    "broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "garbage": bytes(range(1, 200)),
    "half a header": b"HTTP/1.1 200 OK\r\nContent-Le",
    "large header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "two answers": OK + OK,
    "continue first": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "silence": None,
    "reset": None,
    "hang up": b"",
}
STAYS_OPEN = {"answer", "chunked", "error", "silence", "two answers", "continue first"}
SUCCEEDS = {"answer", "chunked", "closing", "until the end", "large header", "two answers"} | {
    "continue first"
}


async def misbehave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str) -> bool:
    """Do to one request what the fault says; whether the connection stays open."""
    await reader.readuntil(b"\r\n\r\n")
    if fault == "reset":
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    if fault == "silence":
        await asyncio.sleep(60)
    writer.write(FAULTS[fault] or b"")
    await writer.drain()
    return fault in STAYS_OPEN


async def load(faults: list[str], cap: int, spread_ms: int) -> tuple[np.ndarray, int]:
    """One request per fault, some together and some apart; the samples."""
    turns = itertools.cycle(faults)

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await misbehave(reader, writer, next(turns)):
            pass

    async with serving(behave) as port:
        recorder = Recorder(perf_counter_ns())
        engine = Engine("127.0.0.1", port, recorder, cap)
        engine.add_target("/hello")
        for number, _ in enumerate(faults):
            engine.issue(0, perf_counter_ns())
            if number % 3 == 2:
                await asyncio.sleep(spread_ms / 1000)
        await engine.drain(0.15)
        left = engine.in_flight
    recorder.close()
    return np.concatenate([chunk.columns() for chunk in recorder.full]), left


@settings(max_examples=40, deadline=None)
@given(
    faults=st.lists(st.sampled_from(sorted(FAULTS)), min_size=1, max_size=30),
    cap=st.integers(1, 40),
    spread_ms=st.integers(0, 4),
)
def test_every_request_has_exactly_one_fate(faults: list[str], cap: int, spread_ms: int) -> None:
    rows, left = uvloop.run(load(faults, cap, spread_ms))

    assert left == 0
    assert len(rows) == len(faults)
    fates = Counter(Outcome(value) for value in rows["outcome"])
    assert sum(fates.values()) == len(faults)
    dropped = rows[rows["outcome"] == Outcome.DROPPED]
    assert set(dropped["sent_ns"]) <= {NEVER}
    answered = rows[rows["outcome"] == Outcome.COMPLETED]
    assert (answered["done_ns"] >= answered["sent_ns"]).all()
    assert (answered["sent_ns"] >= answered["intended_ns"]).all()
    assert set(answered["status"]) <= {200}


def test_each_fault_alone_has_the_fate_it_should_have() -> None:
    for fault in FAULTS:
        rows, _ = uvloop.run(load([fault], 10, 0))
        if fault in SUCCEEDS:
            expected = Outcome.COMPLETED
        else:
            expected = Outcome.CENSORED if fault == "silence" else Outcome.FAILED
        # A chunk that is not one, or a header cut off, ends with the connection.
        assert [Outcome(value) for value in rows["outcome"]] == [expected], fault

"""Each client that is no ordinary one: what the server sees of it, and what is recorded."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.engine.request import body_of
from loadtests.engine.stamps import Stamps
from tests.loadtests.stub import OK, answering
from tests.loadtests.visits import Asked, visited


class Seen:
    """A server that notes when bytes came, and when the other side had gone; it may answer."""

    def __init__(self, answer: bytes = b"", length: int = 0) -> None:
        self._answer, self._length = answer, length
        self.data = b""
        self.came: list[tuple[float, int]] = []
        self.closed_after_s = 0.0
        self.connections = 0

    async def behave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        began, data = perf_counter(), b""
        while more := await reader.read(65_536):
            data += more
            self.came.append((perf_counter() - began, len(more)))
            _, head_ended, body = data.partition(b"\r\n\r\n")
            if self._answer and head_ended and len(body) >= self._length:
                writer.write(self._answer)
        self.closed_after_s = perf_counter() - began
        self.data += data


def test_a_slow_sender_takes_as_long_as_its_body_needs(tmp_path: Path) -> None:
    seen = Seen(OK, length=500)
    client = {"kind": "slow-sender", "bytes_per_s": 1000.0}
    [row] = visited(seen.behave, [Asked(client, "/upload", "POST", 500)], tmp_path)

    head, _, body = seen.data.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /upload HTTP/1.1\r\n")
    assert b"\r\nContent-Length: 500" in head
    assert body == body_of(500)
    # 100 bytes every 0.1 s, the first of them at once: the last after 0.4 s.
    assert [size for _, size in seen.came[-4:]] == [100] * 4
    assert seen.came[-1][0] >= 0.39
    assert (row["outcome"], row["status"], row["attempts"]) == ("completed", 200, 1)
    assert 390 <= row["done_ms"] < 1000


def test_a_slow_sender_without_a_body_is_slow_with_its_head(tmp_path: Path) -> None:
    seen = Seen(OK)
    [row] = visited(seen.behave, [Asked({"kind": "slow-sender", "bytes_per_s": 200.0})], tmp_path)

    assert seen.data.startswith(b"GET /hello HTTP/1.1\r\n")
    assert {size for _, size in seen.came[:-1]} == {20}
    assert row["outcome"] == "completed"
    assert row["done_ms"] >= 1000.0 * (len(seen.data) - 20) / 200.0


def test_a_slow_sender_that_is_refused_early_has_its_answer(tmp_path: Path) -> None:
    refusal = b"HTTP/1.1 408 Too Slow\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(refusal)

    [row] = visited(refuse, [Asked({"kind": "slow-sender", "bytes_per_s": 20.0})], tmp_path)

    assert (row["outcome"], row["error"], row["status"]) == ("failed", "status", 408)
    assert row["done_ms"] < 1000


def test_a_slow_reader_holds_its_server_back(tmp_path: Path) -> None:
    """Of an answer larger than all buffers the server is rid only as fast as it is read."""
    size = 300_000
    took: list[float] = []

    async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        began = perf_counter()
        writer.transport.get_extra_info("socket").setsockopt(1, 7, 4096)  # SOL_SOCKET, SO_SNDBUF
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
        writer.transport.set_write_buffer_limits(0)
        await writer.drain()
        took.append(perf_counter() - began)

    client = {"kind": "slow-reader", "bytes_per_s": 600_000.0}
    slow, quick = visited(large, [Asked(client), Asked(None)], tmp_path, gap_s=0.02)

    assert (slow["outcome"], quick["outcome"]) == ("completed", "completed")
    assert 395 <= slow["done_ms"] < 1500
    assert quick["done_ms"] < slow["done_ms"] / 2
    assert max(took) > 0.3


@pytest.mark.parametrize(("sends", "bytes_"), [("nothing", b""), ("half a line", b"GET /hell")])
def test_a_silent_client_holds_its_connection_and_leaves(
    tmp_path: Path, sends: str, bytes_: bytes
) -> None:
    seen = Seen(OK)
    client = {"kind": "silent", "for_s": 0.3, "sends": sends}
    [row] = visited(seen.behave, [Asked(client)], tmp_path)

    assert seen.data == bytes_
    assert 0.28 <= seen.closed_after_s < 0.6
    assert (row["outcome"], row["error"], row["status"]) == ("gone", "none", 0)
    assert 290 <= row["done_ms"] < 600


def test_a_silent_client_that_is_hung_up_on_says_so(tmp_path: Path) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")

    [row] = visited(hang_up, [Asked({"kind": "silent", "for_s": 5.0})], tmp_path)

    assert (row["outcome"], row["status"]) == ("gone", 408)
    assert row["done_ms"] < 1000


def test_a_vanishing_client_sends_all_and_closes(tmp_path: Path) -> None:
    seen = Seen()
    [row] = visited(seen.behave, [Asked({"kind": "vanishing", "after_ms": 150.0})], tmp_path)

    assert seen.data.endswith(b"\r\n\r\n")
    assert 0.13 <= seen.closed_after_s < 0.4
    assert (row["outcome"], row["error"]) == ("gone", "none")
    assert row["sent_ms"] < 100 < 149 <= row["done_ms"]


@pytest.mark.parametrize(
    ("client", "stamped"),
    [
        ({"kind": "vanishing", "after_ms": 50.0}, True),
        ({"kind": "retrying", "patience_ms": 50.0, "attempts": 2}, True),
        ({"kind": "slow-sender", "bytes_per_s": 2000.0}, False),
    ],
)
def test_who_may_leave_before_its_answer_is_measured_by_the_server(
    client: dict[str, object], stamped: bool, tmp_path: Path
) -> None:
    """Or nothing would tell what was done for it; how slowly somebody sends is no time of its."""
    seen = Seen()
    every = Stamps(1e6, random.Random(0))
    visited(seen.behave, [Asked(client)], tmp_path, drain_s=0.5, stamps=every)

    assert (b"X-Request-Start: t=" in seen.data) == stamped


def test_a_vanishing_client_takes_an_answer_that_comes_before(tmp_path: Path) -> None:
    [row] = visited(answering(OK), [Asked({"kind": "vanishing", "after_ms": 5000.0})], tmp_path)

    assert (row["outcome"], row["status"]) == ("completed", 200)


def test_a_retrying_client_asks_again_on_a_new_connection_until_its_patience_ends(
    tmp_path: Path,
) -> None:
    seen = Seen()
    client = {"kind": "retrying", "patience_ms": 100.0, "attempts": 3}
    [row] = visited(seen.behave, [Asked(client)], tmp_path)

    assert seen.connections == 3
    assert seen.data.count(b"GET /hello HTTP/1.1\r\n") == 3
    assert (row["outcome"], row["attempts"]) == ("gone", 3)
    # A timer of uvloop may be early by almost a millisecond, three of them by three.
    assert 297 <= row["done_ms"] < 1000


def test_a_retrying_client_stops_when_it_is_answered(tmp_path: Path) -> None:
    turns = iter([1.0, 0.0])

    async def second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(next(turns))
        writer.write(OK)

    client = {"kind": "retrying", "patience_ms": 100.0, "attempts": 5}
    [row] = visited(second, [Asked(client)], tmp_path)

    assert (row["outcome"], row["attempts"], row["status"]) == ("completed", 2, 200)
    # From the first intended time: what somebody has waited who has tried twice.
    assert 99 <= row["done_ms"] < 800


def test_a_retrying_client_tries_again_where_it_is_refused(tmp_path: Path) -> None:
    client = {"kind": "retrying", "patience_ms": 500.0, "attempts": 3}
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    [row] = visited(answering(busy), [Asked(client)], tmp_path)

    assert (row["outcome"], row["status"], row["attempts"]) == ("failed", 503, 3)


class Jobs:
    """A server of deferred work: accepts, and says for some polls that it is not done."""

    def __init__(self, states: list[str], *, keeps_alive: bool) -> None:
        self._states = iter(states)
        self._close = b"" if keeps_alive else b"Connection: close\r\n"
        self.asked: list[bytes] = []
        self.connections = 0

    async def behave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head.partition(b" HTTP/")[0])
            if head.startswith(b"POST"):
                self._answer(writer, b"202 Accepted\r\nLocation: /jobs/7", {"id": 7})
            else:
                self._answer(writer, b"200 OK", {"state": next(self._states)})
            if self._close:
                return

    def _answer(self, writer: asyncio.StreamWriter, status: bytes, record: object) -> None:
        body = json.dumps(record).encode()
        head = b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n" % (status, self._close, len(body))
        writer.write(head + body)


@pytest.mark.parametrize(("keeps_alive", "connections"), [(True, 1), (False, 4)])
def test_a_polling_client_knows_when_it_was_accepted_and_when_delivered(
    tmp_path: Path, keeps_alive: bool, connections: int
) -> None:
    jobs = Jobs(["waiting", "running", "done"], keeps_alive=keeps_alive)
    client = {"kind": "polling", "every_ms": 60.0}
    [row] = visited(jobs.behave, [Asked(client, "/jobs", "POST")], tmp_path)

    assert jobs.asked == [b"POST /jobs", *[b"GET /jobs/7"] * 3]
    assert jobs.connections == connections
    assert (row["outcome"], row["attempts"]) == ("completed", 4)
    assert row["accepted_ms"] < 60
    assert row["accepted_ms"] + 180 <= row["done_ms"] < 600


@pytest.mark.parametrize(
    ("states", "outcome", "error"),
    [(["failed"], "failed", "undelivered"), (["waiting"] * 99, "censored", "none")],
)
def test_accepted_work_that_is_not_delivered_keeps_when_it_was_accepted(
    tmp_path: Path, states: list[str], outcome: str, error: str
) -> None:
    jobs = Jobs(states, keeps_alive=True)
    client = {"kind": "polling", "every_ms": 20.0}
    [row] = visited(jobs.behave, [Asked(client, "/jobs", "POST")], tmp_path, drain_s=0.3)

    assert (row["outcome"], row["error"]) == (outcome, error)
    assert row["accepted_ms"] < row["done_ms"]


def test_a_full_queue_is_a_failure_that_is_told(tmp_path: Path) -> None:
    full = b"HTTP/1.1 503 Full\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
    client = {"kind": "polling", "every_ms": 20.0}
    [row] = visited(answering(full), [Asked(client, "/jobs", "POST")], tmp_path)

    assert (row["outcome"], row["status"], row["accepted_ms"]) == ("failed", 503, None)


def test_where_nobody_listens_each_is_refused_and_a_retrying_client_as_often_as_it_tries(
    tmp_path: Path,
) -> None:
    retrying = {"kind": "retrying", "patience_ms": 500.0, "attempts": 4}
    silent = {"kind": "silent", "for_s": 1.0}
    rows = visited(None, [Asked(retrying), Asked(silent)], tmp_path, gap_s=0.02)

    assert [(row["outcome"], row["error"]) for row in rows] == [("failed", "refused")] * 2
    assert [row["attempts"] for row in rows] == [4, 1]
    assert [row["sent_ns"] for row in rows] == [None, None]


EVERYBODY = [
    None,
    {"kind": "slow-sender", "bytes_per_s": 2000.0},
    {"kind": "slow-reader", "bytes_per_s": 1000.0},
    {"kind": "silent", "for_s": 0.05},
    {"kind": "silent", "for_s": 0.05, "sends": "half a line"},
    {"kind": "vanishing", "after_ms": 10.0},
    {"kind": "retrying", "patience_ms": 15.0, "attempts": 3},
    {"kind": "polling", "every_ms": 10.0},
]
ANSWERS = [
    OK,
    b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 202 Later\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
    b"garbage\r\n\r\n",
    b"",
    None,
]


@settings(max_examples=25, deadline=None)
@given(
    clients=st.lists(st.integers(0, len(EVERYBODY) - 1), min_size=1, max_size=25),
    answers=st.lists(st.integers(0, len(ANSWERS) - 1), min_size=1, max_size=8),
    cap=st.integers(1, 30),
)
def test_whoever_asks_and_whatever_the_server_does_every_request_has_one_fate(
    tmp_path_factory: pytest.TempPathFactory, clients: list[int], answers: list[int], cap: int
) -> None:
    turns = iter(answers * 1000)

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            answer = ANSWERS[next(turns)]
            if answer is None:
                await asyncio.sleep(60)
            elif answer != b"":
                writer.write(answer)
            else:
                return

    asked = [
        Asked(EVERYBODY[one], method="POST" if one == len(EVERYBODY) - 1 else "GET")
        for one in clients
    ]
    folder = tmp_path_factory.mktemp("mixed")
    rows = visited(behave, asked, folder, drain_s=0.1, cap=cap, gap_s=0.001)

    assert len(rows) == len(clients)
    fates = Counter(row["outcome"] for row in rows)
    assert fates.total() == sum(
        fates[fate] for fate in ("completed", "failed", "dropped", "censored", "gone")
    )
    for row in rows:
        assert (row["sent_ns"] is None) >= (row["outcome"] == "dropped")
        assert row["outcome"] != "completed" or 200 <= row["status"] < 400
        assert row["done_ns"] >= row["intended_ns"]

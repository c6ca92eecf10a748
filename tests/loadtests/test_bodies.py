"""What is sent: methods and bodies, stamped and captured or not."""

from __future__ import annotations

import asyncio
import random
import re
from time import perf_counter_ns

import pytest
import uvloop

from loadtests.engine.engine import Engine
from loadtests.engine.recorder import Recorder
from loadtests.engine.request import Template, body_of
from loadtests.engine.stamps import Captures, Stamps
from loadtests.plan import ArrivalStream, Target
from loadtests.workload import Request, Workload
from tests.loadtests.proof.drive import drive, plan
from tests.loadtests.stub import OK, Behaviour, serving, serving_aside

Requests = list[tuple[bytes, bytes]]


def reading(requests: Requests) -> Behaviour:
    """Read heads with the bodies that they announce, and answer each."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)\r\n", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            requests.append((head, body))
            writer.write(OK)

    return behave


async def _send(url: str, method: str, body_bytes: int, stamps: float, captured: int) -> Requests:
    requests: Requests = []
    async with serving(reading(requests)) as port:
        engine = Engine(
            "127.0.0.1", port, Recorder(0), 10,
            Stamps(stamps, random.Random(1)), Captures(0, captured, 7),
        )  # fmt: skip
        engine.add_target(url, "a.name", method, body_bytes)
        for _ in range(2):
            engine.issue(0, perf_counter_ns())
            await engine.settle(5.0)
        await engine.drain(1.0)
    return requests


def send(
    url: str, method: str, body_bytes: int, *, stamps: float = 0.0, captured: int = 0
) -> Requests:
    requests: Requests = uvloop.run(_send(url, method, body_bytes, stamps, captured))
    return requests


@pytest.mark.parametrize("body_bytes", [0, 1, 1000, 1_048_576])
@pytest.mark.parametrize("stamps", [0.0, 1000.0])
def test_a_post_sends_the_body_that_it_announces(body_bytes: int, stamps: float) -> None:
    """A mebibyte too, which no socket takes at once."""
    for head, body in send("/upload", "POST", body_bytes, stamps=stamps):
        assert head.startswith(b"POST /upload HTTP/1.1\r\nHost: a.name\r\n")
        assert f"\r\nContent-Length: {body_bytes}\r\n".encode() in head
        assert body == body_of(body_bytes)
        assert (b"X-Request-Start: t=" in head) == bool(stamps)


def test_a_get_has_no_body_and_says_nothing_of_one() -> None:
    assert (
        send("/hello", "GET", 0)
        == [(b"GET /hello HTTP/1.1\r\nHost: a.name\r\nAccept: */*\r\n\r\n", b"")] * 2
    )


def test_a_target_with_a_per_cent_sign_is_sent_as_it_is() -> None:
    for head, _ in send("/hello?a=%20%d%%", "POST", 9, stamps=1000.0, captured=1):
        assert head.startswith(b"POST /hello?a=%20%d%% HTTP/1.1\r\n")
        assert re.search(rb"\r\nX-Request-Start: t=\d{16}\r\n\r\n$", head)


def test_only_what_is_captured_has_a_trace() -> None:
    first, second = send("/upload", "POST", 10, captured=1)

    assert re.search(rb"\r\ntraceparent: 00-0{31}7-[0-9a-f]{16}-01\r\nX-Request-Start: ", first[0])
    assert b"traceparent" not in second[0]
    assert first[1] == second[1] == body_of(10)


def test_a_body_is_as_long_as_it_should_be_and_always_the_same() -> None:
    assert [len(body_of(n)) for n in (0, 1, 19, 20, 21, 4096)] == [0, 1, 19, 20, 21, 4096]
    assert body_of(4096) == body_of(5000)[:4096]
    assert b"%" not in body_of(100)
    assert Template("/", "h", "POST", 3).unasked().endswith(b"\r\n\r\n" + body_of(3))


def test_a_plan_says_what_is_sent() -> None:
    upload = Target(
        number=0, stream="load", path="/upload", url="/upload", weight=1.0, method="POST",
        body_bytes=50,
    )  # fmt: skip
    stream = ArrivalStream(name="load", arrivals="constant", rate=40.0, targets=(upload,))
    requests: Requests = []
    with serving_aside(reading(requests)) as port:
        wanted = plan(port, rate=1.0, warmup_s=0.1, measure_s=0.5)
        driven = drive(wanted.model_copy(update={"arrivals": (stream,)}))

    assert len(requests) == len(driven.rows) >= 20
    assert {body for _, body in requests} == {body_of(50)}


def test_requests_that_differ_by_their_bodies_alone_are_two_and_say_how_large_these_are() -> None:
    sizes = (0, 1_000, 100_000)
    requests = tuple(Request(path="/upload", body_bytes=size) for size in sizes)

    workload = Workload(name="uploads", requests=requests)

    assert [request.line for request in workload.requests] == [
        "POST /upload", "POST /upload with 1,000 bytes", "POST /upload with 100,000 bytes",
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"must differ, got: POST /upload with 1,000 bytes"):
        Workload(name="twice", requests=(requests[1], requests[1]))

"""Answers that nobody reads: an event loop makes no more of them than it gets rid of."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from typing import Any

import psutil
import pytest

from servers import contract, starlette_app
from servers.budget import Budget
from servers.settings import Settings
from tests.contract.clients import http_scope, living
from tests.servers.live import Live, running
from tests.servers.raw import TIMEOUT_S, answer_on, head

EVENTS, EVENT_BYTES = 64, 65_536
TARGET = f"/stream?events={EVENTS}&interval_ms=0&bytes={EVENT_BYTES}"
READERS, BYSTANDERS = 20, 100
KIB_EACH = 512
"""What a server may keep for each: some events of 64 KiB, and far less than the 4 MiB of all."""


@contextmanager
def unread(port: int) -> Iterator[socket.socket]:
    """A connection over which so much has been asked for and nothing is read."""
    with socket.socket() as connection:
        connection.settimeout(TIMEOUT_S)
        # A kernel keeps little of small segments for a small buffer.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1_400)
        connection.connect(("127.0.0.1", port))
        connection.sendall(head("GET", TARGET, {"Connection": "close"}))
        yield connection


def resident_kib(live: Live) -> float:
    """The memory of a server and its workers."""
    main = psutil.Process(live.pid)
    found = [main, *main.children(recursive=True)]
    return sum(float(one.memory_info().rss) for one in found) / 1024


def whole() -> bytes:
    """The body of such an answer."""
    numbers = range(1, EVENTS + 1)
    return b"".join(contract.event(number, EVENTS, EVENT_BYTES) for number in numbers)


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.parametrize("profile", ["asgi", "uvloop", "hybrid", "gunicorn-asgi"])
def test_a_loop_keeps_little_for_readers_that_do_not_read(profile: str) -> None:
    with running(profile, Budget(workers=1)) as live, ExitStack() as stack:
        for _ in range(BYSTANDERS):
            assert live.get("/hello").status == 200
        before = resident_kib(live)
        readers = [stack.enter_context(unread(live.port)) for _ in range(READERS)]
        # With each of these the loop goes round, and might make another event for every reader.
        for _ in range(BYSTANDERS):
            assert live.get("/hello").status == 200
        kept = (resident_kib(live) - before) / READERS
        bodies = [answer_on(reader).body for reader in readers]

    assert kept < KIB_EACH, f"{kept:.0f} KiB for each"
    # And none has lost anything: they had been waited for.
    assert bodies == [whole()] * READERS


def test_no_event_is_made_before_the_one_before_it_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`send` is where a server holds its application back: one event is made for each of them."""
    made: list[int] = []
    taken: list[tuple[int, int]] = []

    def event(number: int, events: int, size: int) -> bytes:
        made.append(number)
        return b"x" * size

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError("unreachable: the client stays")

    async def send(message: MutableMapping[str, Any]) -> None:
        # A loop that goes round meanwhile makes none ahead.
        for _ in range(5):
            await asyncio.sleep(0)
        if message.get("body"):
            taken.append((len(made), len(message["body"])))

    async def asked() -> None:
        app = starlette_app.create_app(Settings(threads=1, pool_processes=1))
        async with living(app):
            await app(http_scope("GET", TARGET, {}), receive, send)

    monkeypatch.setattr(contract, "event", event)
    asyncio.run(asked())
    assert taken == [(number, EVENT_BYTES) for number in range(1, EVENTS + 1)]

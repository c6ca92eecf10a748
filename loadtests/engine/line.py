"""A connection that its client uses in its own time: as slowly, or for as short, as it likes."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from time import perf_counter_ns
from typing import NamedTuple

import httptools

from loadtests.engine.connection import FRAMING
from loadtests.samples import ErrorKind

PIECE = 65_536
SEGMENT = 1_400
"""Bytes of a segment to a client that is far away.

A kernel keeps ten or more segments for a reader that does not read: some 40 kB of these, but more
than two megabytes of those that this machine sends to itself, and then a server is soon rid of any
answer.
"""
TICK_S = 0.1
"""Who is slow sends and reads so often, or less often where that would be less than a byte."""


class Answer(NamedTuple):
    """What came of a request: a status above 0, or an error and what the status was by then."""

    status: int
    error: ErrorKind
    at_ns: int
    headers: dict[bytes, bytes]
    body: bytes
    reusable: bool = False


class Line:
    """One connection, and one answer after another. Whoever opens it closes it."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, host: str, port: int, receive_bytes: int = 0) -> Line:
        """Connect; with a receive buffer of about so many bytes, where that is above 0.

        Whoever has a small one is far away: it is sent small segments, where the system can.
        Raises OSError.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        raw = socket.socket(family, socket.SOCK_STREAM)
        try:
            raw.setblocking(False)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if receive_bytes:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
                with suppress(OSError):
                    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
            await asyncio.get_running_loop().sock_connect(raw, (host, port))
        except BaseException:
            raw.close()
            raise
        return cls(raw)

    def close(self) -> None:
        """Close it; what has come and was not read is thrown away."""
        self._raw.close()

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises OSError."""
        await self._loop.sock_sendall(self._raw, data)

    async def trickle(self, data: bytes, bytes_per_s: float) -> None:
        """Send all of it, no faster than that. Raises OSError."""
        piece = max(1, round(bytes_per_s * TICK_S))
        due = self._loop.time()
        for start in range(0, len(data), piece):
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            await self.send(data[start : start + piece])
            due += len(data[start : start + piece]) / bytes_per_s

    async def answer(self, bytes_per_s: float = 0.0) -> Answer:
        """Read one answer to its end, no faster than that where it is above 0."""
        piece = max(1, min(PIECE, round(bytes_per_s * TICK_S))) if bytes_per_s else PIECE
        reply = _Reply()
        due = self._loop.time()
        while not reply.complete:
            try:
                data = await self._loop.sock_recv(self._raw, piece)
            except OSError:
                return reply.cut(perf_counter_ns(), ended=False)
            at_ns = perf_counter_ns()
            if not data:
                return reply.cut(at_ns, ended=True)
            try:
                reply.feed(data)
            except httptools.HttpParserError:
                return Answer(0, ErrorKind.MALFORMED, at_ns, reply.headers, b"")
            if bytes_per_s and not reply.complete:
                due += len(data) / bytes_per_s
                await asyncio.sleep(max(0.0, due - self._loop.time()))
        return reply.whole(at_ns)

    async def silence(self) -> int:
        """Read until the other side closes, and return the status that it told; 0 for none."""
        reply = _Reply()
        try:
            while data := await self._loop.sock_recv(self._raw, PIECE):
                reply.feed(data)
        except (OSError, httptools.HttpParserError):
            pass
        return reply.status


class _Reply:
    """What the parser says of one answer."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.on_header = self.headers.__setitem__
        self.complete = False
        self._begun = False
        self._body: list[bytes] = []
        self.on_body = self._body.append
        self._parser = httptools.HttpResponseParser(self)
        self._keep_alive = False

    def feed(self, data: bytes) -> None:
        """Parse what has come. Raises HttpParserError."""
        self._parser.feed_data(data)

    @property
    def status(self) -> int:
        """The status, once its line has come; 0 before."""
        return int(self._parser.get_status_code()) if self._begun else 0

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._begun = True

    def on_message_complete(self) -> None:
        """Called by the parser; an answer that only says that one will come is not it."""
        if self._parser.get_status_code() < 200:
            self._begun = False
            self.headers.clear()
            return
        self._keep_alive = self._parser.should_keep_alive()
        self.complete = True

    def whole(self, at_ns: int) -> Answer:
        """The answer, which has been read to its end."""
        body = b"".join(self._body)
        return Answer(
            self.status, ErrorKind.NONE, at_ns, self.headers, body, reusable=self._keep_alive
        )

    def cut(self, at_ns: int, *, ended: bool) -> Answer:
        """What it is when no more comes: `ended` by a close, which ends an answer of no length."""
        if not self._begun:
            return Answer(0, ErrorKind.RESET, at_ns, self.headers, b"")
        if ended and not any(name.lower() in FRAMING for name in self.headers):
            return self.whole(at_ns)
        return Answer(0, ErrorKind.TRUNCATED, at_ns, self.headers, b"")

"""One HTTP/1.1 connection: a request at a time, an answer parsed to its end.

Rule 1: an answer ends at its Content-Length or last chunk; only an answer with neither ends at
the close of the connection.
Rule 2: a connection that the server will close is closed here at once. Since version 26 gunicorn
waits up to two seconds for its client to close first, and serves nobody meanwhile.
"""

from __future__ import annotations

import asyncio
from time import perf_counter_ns
from typing import Any, Protocol

import httptools

from loadtests.engine.exchange import Exchange
from loadtests.samples import ErrorKind


class Owner(Protocol):
    """Who owns a connection, and is told what became of the exchange on it."""

    def finished(
        self, connection: Connection, exchange: Exchange, status: int, error: ErrorKind, at_ns: int
    ) -> None:
        """An exchange ended: with an answer (status above 0), or without one."""

    def lost(self, connection: Connection) -> None:
        """The connection is gone and carries no exchange."""


class Connection(asyncio.Protocol):
    """A client's side of one connection. `exchange` is the one under way, or None."""

    __slots__ = (
        "_complete",
        "_framed",
        "_headers_done",
        "_keep_alive",
        "_parser",
        "_status",
        "_transport",
        "exchange",
        "owner",
    )

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.exchange: Exchange | None = None
        self._transport: Any = None
        self._parser = httptools.HttpResponseParser(self)
        self._framed = self._headers_done = self._complete = self._keep_alive = False
        self._status = 0

    def send(self, exchange: Exchange, request: bytes) -> None:
        """Write a request; its exchange is under way until the owner is told that it finished."""
        self.exchange = exchange
        self._framed = self._headers_done = False
        exchange.sent_ns = perf_counter_ns()
        self._transport.write(request)

    def abort(self) -> None:
        """Drop the connection without a word."""
        self.exchange = None
        if self._transport is not None:
            self._transport.abort()

    @property
    def closing(self) -> bool:
        """Whether no request can be sent any more."""
        return self._transport is None or self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by the event loop. The arrival counts, not the end of the parsing."""
        at_ns = perf_counter_ns()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()
            self._end(0, ErrorKind.MALFORMED, at_ns)
            return
        if self._complete:
            self._complete = False
            self._answered(at_ns)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        at_ns = perf_counter_ns()
        if self.exchange is None:
            self.owner.lost(self)
        elif self._headers_done and not self._framed and exc is None:
            self._end(self._parser.get_status_code(), ErrorKind.NONE, at_ns)
        else:
            kind = ErrorKind.TRUNCATED if self._headers_done else ErrorKind.RESET
            self._end(0, kind, at_ns)

    def on_header(self, name: bytes, _value: bytes) -> None:
        """Called by the parser."""
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._framed = True

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._headers_done = True

    def on_message_complete(self) -> None:
        """Called by the parser, which forgets the answer when this returns."""
        self._status = self._parser.get_status_code()
        self._keep_alive = self._parser.should_keep_alive()
        self._complete = True

    def _answered(self, at_ns: int) -> None:
        if 100 <= self._status < 200:
            self._headers_done = False
            return
        if not self._keep_alive:
            self._transport.close()
        self._end(self._status, ErrorKind.NONE, at_ns)

    def _end(self, status: int, error: ErrorKind, at_ns: int) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            self.owner.finished(self, exchange, status, error, at_ns)

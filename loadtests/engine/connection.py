"""One HTTP/1.1 connection: a request at a time, an answer parsed to its end.

Rule 1: an answer ends at its Content-Length or last chunk; only an answer with neither ends at
the close of the connection.
Rule 2: a connection that the server will close is closed here at once. Since version 26 gunicorn
waits up to two seconds for its client to close first, and serves nobody meanwhile.
Rule 3: what runs for every answer is short. A generator that is slow measures itself.
"""

from __future__ import annotations

import asyncio
import os
from time import perf_counter_ns, time_ns
from typing import Any, Protocol

import httptools

from loadtests.engine.exchange import Exchange
from loadtests.samples import ErrorKind

NO_ERROR = ErrorKind.NONE
FRAMING = (b"content-length", b"transfer-encoding")


class Owner(Protocol):
    """Who owns a connection, and is told what became of the exchange on it."""

    def finished(self, connection: Connection, status: int, error: ErrorKind, at_ns: int) -> None:
        """Its exchange ended: with an answer (status above 0), or without one."""

    def lost(self, connection: Connection) -> None:
        """The connection is gone and carries no exchange."""


class Connection(asyncio.Protocol):
    """A client's side of one connection, which carries `exchange` while it is `busy`.

    It is `open` as long as another request can be sent, and waits for it in `pool`. `headers` are
    those of the answer under way, or of the last one.
    """

    __slots__ = (
        "_at_ns",
        "_awaited",
        "_complete",
        "_descriptor",
        "_feed",
        "_keep_alive",
        "_parser",
        "_status",
        "_transport",
        "busy",
        "exchange",
        "headers",
        "on_header",
        "on_headers_complete",
        "open",
        "owner",
        "pool",
    )

    def __init__(self, owner: Owner, exchange: Exchange, pool: list[Connection]) -> None:
        self.owner = owner
        self.exchange = exchange
        self.pool = pool
        self.busy = self.open = False
        self.headers: dict[bytes, bytes] = {}
        # The parser calls these for every answer: methods of a built-in type cost no frame.
        self.on_header = self.headers.__setitem__
        self._awaited = {"headers"}
        self.on_headers_complete = self._awaited.clear
        self._transport: Any = None
        self._complete = self._keep_alive = False
        self._at_ns = self._status = 0
        self._descriptor = -1
        self._parser = httptools.HttpResponseParser(self)
        self._feed = self._parser.feed_data

    def send(self) -> None:
        """Write the request of `exchange`; the owner will be told how it ended.

        One that is asked for its split gets its stamp, for which it has room: the time in
        microseconds since the epoch, of the clock that the server reads too, since two drift apart.
        """
        self.busy = True
        self._awaited.add("headers")
        self.headers.clear()
        exchange = self.exchange
        request = exchange.request
        exchange.sent_ns = perf_counter_ns()
        if exchange.asked:
            request = request % (time_ns() // 1000)
        # A loop writes at the end of its round, behind all that is done in it meanwhile.
        try:
            written = os.write(self._descriptor, request)
        except OSError:
            written = 0
        if written < len(request):
            self._transport.write(request[written:])

    def abort(self) -> None:
        """Drop the connection without a word."""
        self.busy = self.open = False
        if self._transport is not None:
            self._transport.abort()

    def ready(self) -> bool:
        """Whether another request can be sent: its descriptor must not be somebody else's yet."""
        return self.open and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = transport
        self._descriptor = transport.get_extra_info("socket").fileno()
        self.open = True

    def eof_received(self) -> None:
        """Called by the event loop, which closes the connection then."""
        self.open = False

    def data_received(self, data: bytes) -> None:
        """Called by the event loop. The arrival counts, not the end of the parsing."""
        self._at_ns = perf_counter_ns()
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self.open = False
            self._transport.abort()
            self._end(0, ErrorKind.MALFORMED, self._at_ns)
            return
        # Not in the parser's own call: what comes behind the answer is not the next one's.
        if self._complete:
            self._complete = False
            if not self._keep_alive:
                self.open = False
                self._transport.close()
            if self.busy:
                self.busy = False
                self.owner.finished(self, self._status, NO_ERROR, self._at_ns)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        at_ns = perf_counter_ns()
        self.open = False
        if not self.busy:
            self.owner.lost(self)
        elif self._awaited:
            self._end(0, ErrorKind.RESET, at_ns)
        elif exc is None and not any(name.lower() in FRAMING for name in self.headers):
            self._end(self._parser.get_status_code(), NO_ERROR, at_ns)
        else:
            self._end(0, ErrorKind.TRUNCATED, at_ns)

    def on_message_complete(self) -> None:
        """Called by the parser, which forgets the answer when this returns."""
        status = self._parser.get_status_code()
        if status < 200:
            self._awaited.add("headers")
            return
        self._status = status
        self._keep_alive = self._parser.should_keep_alive()
        self._complete = True

    def _end(self, status: int, error: ErrorKind, at_ns: int) -> None:
        if self.busy:
            self.busy = False
            self.owner.finished(self, status, error, at_ns)

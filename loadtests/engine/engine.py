"""The engine: owns the connections, sends what is issued, records every fate.

It runs on an event loop in a native thread of the Locust process.
Rule 1: a request is sent when it is issued; nothing that happens to others delays it.
Rule 2: over `max_in_flight` an arrival is dropped and counted, never queued.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Coroutine
from time import perf_counter_ns
from typing import Any

from loadtests.engine.connection import Connection
from loadtests.engine.exchange import Exchange
from loadtests.engine.recorder import Recorder
from loadtests.samples import ErrorKind, Outcome

OWN_FAULTS = (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM)
"""What the system says when it is the generator that has nothing left."""


class Engine:
    """Sends requests to one server, each on a connection that carries nothing else meanwhile."""

    def __init__(self, host: str, port: int, recorder: Recorder, max_in_flight: int) -> None:
        self._host, self._port = host, port
        self._heads: list[bytes] = []
        self._recorder = recorder
        self._max_in_flight = max_in_flight
        self._idle: list[Connection] = []
        self._connections: set[Connection] = set()
        self._under_way: set[Exchange] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self.connections_opened = 0

    def add_target(self, url: str, host: str | None = None) -> None:
        """Add a request target under the next number, from 0 on; `host` is for its Host header."""
        name = host or f"{self._host}:{self._port}"
        head = f"GET {url} HTTP/1.1\r\nHost: {name}\r\nAccept: */*\r\nX-Request-Start: t="
        self._heads.append(head.encode())
        self._recorder.add_target()

    def issue(
        self, target: int, intended_ns: int, then: Callable[[bool], None] | None = None
    ) -> None:
        """Send one request now. `then` is told, when its fate is known, whether it completed."""
        exchange = Exchange(target, intended_ns, then)
        if len(self._under_way) >= self._max_in_flight:
            self._lose(exchange, Outcome.DROPPED, ErrorKind.NONE)
            return
        self._under_way.add(exchange)
        while self._idle:
            connection = self._idle.pop()
            if not connection.closing:
                exchange.reused = True
                exchange.connect_ns = 0
                connection.send(exchange, self._heads[target])
                return
        self._start(self._open(exchange))

    @property
    def in_flight(self) -> int:
        """How many requests have been issued and have no fate yet."""
        return len(self._under_way)

    async def settle(self, deadline_s: float) -> bool:
        """Wait until nothing is under way; False where that lasts longer than `deadline_s`."""
        if self._under_way:
            self._empty.clear()
            try:
                await asyncio.wait_for(self._empty.wait(), deadline_s)
            except TimeoutError:
                return False
        return True

    async def drain(self, deadline_s: float) -> None:
        """End: settle, censor what has not, with its age, and close every connection."""
        if not await self.settle(deadline_s):
            self._censor()
        for task in self._connecting:
            task.cancel()
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)

    def _censor(self) -> None:
        for exchange in list(self._under_way):
            exchange.then = None
            self._lose(exchange, Outcome.CENSORED, ErrorKind.NONE)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _open(self, exchange: Exchange) -> None:
        started_ns = perf_counter_ns()
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(self), self._host, self._port
            )
        except OSError as error:
            self._lose(exchange, Outcome.FAILED, _kind(error))
            return
        self.connections_opened += 1
        self._connections.add(connection)
        exchange.connect_ns = perf_counter_ns() - started_ns
        if connection.closing:
            self._lose(exchange, Outcome.FAILED, ErrorKind.RESET)
        else:
            connection.send(exchange, self._heads[exchange.target])

    def finished(
        self, connection: Connection, exchange: Exchange, status: int, error: ErrorKind, at_ns: int
    ) -> None:
        """Called by a connection: its exchange has ended."""
        self._under_way.discard(exchange)
        if connection.closing:
            self._connections.discard(connection)
        else:
            self._idle.append(connection)
        if error is ErrorKind.NONE and status < 400:
            self._recorder.complete(exchange, at_ns, status)
            completed = True
        else:
            error = error or ErrorKind.STATUS
            self._recorder.fail(exchange, Outcome.FAILED, at_ns, status, error)
            completed = False
        if exchange.then is not None:
            exchange.then(completed)
        if not self._under_way:
            self._empty.set()

    def lost(self, connection: Connection) -> None:
        """Called by a connection: it is gone, and carried nothing."""
        self._connections.discard(connection)

    def _lose(self, exchange: Exchange, outcome: Outcome, error: ErrorKind) -> None:
        """An exchange that no connection carries has come to its end."""
        self._under_way.discard(exchange)
        self._recorder.fail(exchange, outcome, perf_counter_ns(), 0, error)
        if exchange.then is not None:
            exchange.then(False)
        if not self._under_way:
            self._empty.set()


def _kind(error: OSError) -> ErrorKind:
    if error.errno in OWN_FAULTS:
        return ErrorKind.GENERATOR
    if isinstance(error, ConnectionRefusedError):
        return ErrorKind.REFUSED
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return ErrorKind.RESET
    return ErrorKind.UNREACHABLE

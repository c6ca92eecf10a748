"""The engine: keeps the schedule, owns the connections, records every fate.

It runs on an event loop in a native thread of the Locust process.
Rule 1: an arrival is sent at its intended time or as soon after it as the loop comes round;
nothing that happens to other requests delays it, and lateness never shifts the schedule.
Rule 2: over `max_in_flight` an arrival is dropped and counted, never queued.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from time import perf_counter_ns
from typing import Any

from loadtests.engine.connection import Connection
from loadtests.engine.exchange import Exchange
from loadtests.engine.recorder import Recorder
from loadtests.plan import Target
from loadtests.samples import ErrorKind, Outcome


class Engine:
    """Sends requests to one server, each on a connection that carries nothing else meanwhile."""

    def __init__(
        self,
        host: str,
        port: int,
        targets: tuple[Target, ...],
        recorder: Recorder,
        max_in_flight: int,
    ) -> None:
        self._host, self._port = host, port
        lines = f" HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: */*\r\n\r\n"
        self._requests = [f"GET {target.url}{lines}".encode() for target in targets]
        self._recorder = recorder
        self._max_in_flight = max_in_flight
        self._idle: list[Connection] = []
        self._connections: set[Connection] = set()
        self._under_way: set[Exchange] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self.connections_opened = 0

    def issue(
        self, target: int, intended_ns: int, then: Callable[[bool], None] | None = None
    ) -> None:
        """Send one request now. `then` is told, when its fate is known, whether it completed."""
        exchange = Exchange(target, intended_ns, then)
        if len(self._under_way) >= self._max_in_flight:
            self._fate(exchange, Outcome.DROPPED, perf_counter_ns(), 0, ErrorKind.NONE)
            return
        self._under_way.add(exchange)
        while self._idle:
            connection = self._idle.pop()
            if not connection.closing:
                exchange.reused = True
                exchange.connect_ns = 0
                connection.send(exchange, self._requests[target])
                return
        self._start(self._open(exchange))

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
        at_ns = perf_counter_ns()
        for exchange in list(self._under_way):
            exchange.then = None
            self._fate(exchange, Outcome.CENSORED, at_ns, 0, ErrorKind.NONE)
        self._under_way.clear()

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
            self._under_way.discard(exchange)
            kind = _kind(error)
            self._fate(exchange, Outcome.FAILED, perf_counter_ns(), 0, kind)
            return
        self.connections_opened += 1
        self._connections.add(connection)
        exchange.connect_ns = perf_counter_ns() - started_ns
        if connection.closing:
            self._under_way.discard(exchange)
            self._fate(exchange, Outcome.FAILED, perf_counter_ns(), 0, ErrorKind.RESET)
        else:
            connection.send(exchange, self._requests[exchange.target])

    def finished(
        self, connection: Connection, exchange: Exchange, status: int, error: ErrorKind, at_ns: int
    ) -> None:
        """Called by a connection: its exchange has ended."""
        self._under_way.discard(exchange)
        if connection.closing:
            self._connections.discard(connection)
        else:
            self._idle.append(connection)
        if error is ErrorKind.NONE and status >= 400:
            error = ErrorKind.STATUS
        outcome = Outcome.COMPLETED if error is ErrorKind.NONE else Outcome.FAILED
        self._fate(exchange, outcome, at_ns, status, error)

    def lost(self, connection: Connection) -> None:
        """Called by a connection: it is gone, and carried nothing."""
        self._connections.discard(connection)

    def _fate(
        self, exchange: Exchange, outcome: Outcome, at_ns: int, status: int, error: ErrorKind
    ) -> None:
        self._recorder.record(exchange, outcome, at_ns, status, error)
        if exchange.then is not None:
            exchange.then(outcome is Outcome.COMPLETED)
        if not self._under_way:
            self._empty.set()


def _kind(error: OSError) -> ErrorKind:
    if isinstance(error, ConnectionRefusedError):
        return ErrorKind.REFUSED
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return ErrorKind.RESET
    return ErrorKind.UNREACHABLE

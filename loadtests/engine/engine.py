"""The engine: owns the connections, sends what is issued, records every fate.

It runs on an event loop in a native thread of the Locust process.
Rule 1: a request is sent when it is issued; nothing that happens to others delays it.
Rule 2: over `max_in_flight` an arrival is dropped and counted, never queued.
Rule 3: the counts may be read from other threads; all else is the loop's own.
"""

from __future__ import annotations

import asyncio
import errno
import random
from time import perf_counter_ns

from loadtests.engine.connection import NO_ERROR, Connection
from loadtests.engine.exchange import Exchange, Then
from loadtests.engine.recorder import Recorder
from loadtests.engine.request import Template
from loadtests.engine.server_timing import split_of
from loadtests.engine.stamps import Captures, Stamps
from loadtests.samples import ErrorKind, Outcome

COMPLETED = Outcome.COMPLETED
OWN_FAULTS = (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM)
"""What the system says when it is the generator that has nothing left."""


class Engine:
    """Sends requests to one server, each on a connection that carries nothing else meanwhile.

    `stamps` and `captures` say which are asked for their split and for their course; without
    them none is.
    """

    def __init__(
        self,
        host: str,
        port: int,
        recorder: Recorder,
        max_in_flight: int,
        stamps: Stamps | None = None,
        captures: Captures | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._templates: list[Template] = []
        self._asked: list[bytes] = []
        self._unasked: list[bytes] = []
        self.recorder = recorder
        self._record = recorder.record
        self._max_in_flight = max_in_flight
        self._stamps = stamps or Stamps(0.0, random.Random(0))
        self._captures = captures or Captures(0, 0, 0)
        self._idle: list[Connection] = []
        self._connections: set[Connection] = set()
        self._connecting: dict[asyncio.Task[None], Exchange] = {}
        self._empty = asyncio.Event()
        self.thread: int | None = None
        """The system's id of the thread that it runs in, once it does."""
        self.in_flight = 0
        """How many requests have been issued and have no fate yet."""
        self.connections_opened = 0

    def add_target(
        self, url: str, host: str | None = None, method: str = "GET", body_bytes: int = 0
    ) -> None:
        """Add a request target under the next number, from 0 on.

        `host` is for its Host header. POST sends a body, which may be empty and is always the same.
        """
        template = Template(url, host or f"{self._host}:{self._port}", method, body_bytes)
        self._templates.append(template)
        self._asked.append(template.asked())
        self._unasked.append(template.unasked())

    def issue(
        self,
        target: int,
        intended_ns: int,
        then: Then | None = None,
        pool: list[Connection] | None = None,
    ) -> None:
        """Send one request now. `then`, of closed users, is called when its fate is known.

        It takes an idle connection of `pool`, by default that of all open streams, or a new one,
        which waits there afterwards.
        """
        stamps = self._stamps
        if stamps.skip:
            stamps.skip -= 1
            asked = False
        else:
            asked = stamps.take(intended_ns, then is None)
        if self.in_flight >= self._max_in_flight:
            self.in_flight += 1
            self._lose(Exchange(target, intended_ns, then), Outcome.DROPPED, ErrorKind.NONE)
            return
        self.in_flight += 1
        request = self._asked[target] if asked else self._unasked[target]
        if intended_ns >= self._captures.from_ns:
            asked = True
            request = self._templates[target].asked(self._captures.take(intended_ns))
        idle = self._idle if pool is None else pool
        while idle:
            connection = idle.pop()
            if connection.ready():
                exchange = connection.exchange
                exchange.target = target
                exchange.intended_ns = intended_ns
                exchange.then = then
                exchange.request = request
                exchange.asked = asked
                exchange.connect_ns = 0
                exchange.reused = True
                connection.send()
                return
        self._connect(Exchange(target, intended_ns, then, request, asked), idle)

    @property
    def address(self) -> tuple[str, int]:
        """Where the server listens."""
        return self._host, self._port

    def under_way(self) -> list[tuple[int, int]]:
        """The target and the intended time of every request that has no fate yet."""
        sent = (one.exchange for one in self._connections if one.busy)
        exchanges = (*sent, *self._connecting.values())
        return [(one.target, one.intended_ns) for one in exchanges]

    async def settle(self, deadline_s: float) -> bool:
        """Wait until nothing is under way; False where that lasts longer than `deadline_s`."""
        if self.in_flight:
            self._empty.clear()
            try:
                await asyncio.wait_for(self._empty.wait(), deadline_s)
            except TimeoutError:
                return False
        return True

    async def drain(self, deadline_s: float) -> None:
        """End: settle, censor what has not, with its age, and close every connection."""
        await self.settle(deadline_s)
        for task, exchange in list(self._connecting.items()):
            task.cancel()
            self._censor(exchange)
        for connection in list(self._connections):
            busy = connection.busy
            connection.abort()
            if busy:
                self._censor(connection.exchange)
        await asyncio.sleep(0)

    def _censor(self, exchange: Exchange) -> None:
        exchange.then = None
        self._lose(exchange, Outcome.CENSORED, ErrorKind.NONE)

    def _connect(self, exchange: Exchange, pool: list[Connection]) -> None:
        task = asyncio.get_running_loop().create_task(self._open(exchange, pool))
        self._connecting[task] = exchange
        task.add_done_callback(lambda task: self._connecting.pop(task, None))

    async def _open(self, exchange: Exchange, pool: list[Connection]) -> None:
        started_ns = perf_counter_ns()
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(self, exchange, pool), self._host, self._port
            )
        except OSError as error:
            self._lose(exchange, Outcome.FAILED, kind_of(error))
            return
        self.connections_opened += 1
        self._connections.add(connection)
        exchange.connect_ns = perf_counter_ns() - started_ns
        # From here on the connection knows of the exchange, and this task no longer does.
        task = asyncio.current_task()
        assert task is not None
        self._connecting.pop(task)
        if connection.ready():
            connection.send()
        else:
            self._connections.discard(connection)
            self._lose(exchange, Outcome.FAILED, ErrorKind.RESET)

    def finished(self, connection: Connection, status: int, error: ErrorKind, at_ns: int) -> None:
        """Called by a connection: its exchange has ended."""
        self.in_flight -= 1
        exchange = connection.exchange
        if connection.open:
            connection.pool.append(connection)
        else:
            self._connections.discard(connection)
        completed = error is NO_ERROR and status < 400
        split = split_of(connection.headers) if exchange.asked and status else None
        if completed:
            self._record(exchange, COMPLETED, at_ns, status, error, split)
        else:
            kind = error or ErrorKind.STATUS
            self._record(exchange, Outcome.FAILED, at_ns, status, kind, split)
        # Last, for what follows may use the connection and its exchange again.
        if exchange.then is not None:
            exchange.then(completed, at_ns)
        if not self.in_flight:
            self._empty.set()

    def lost(self, connection: Connection) -> None:
        """Called by a connection: it is gone, and carried nothing."""
        self._connections.discard(connection)

    def _lose(self, exchange: Exchange, outcome: Outcome, error: ErrorKind) -> None:
        """An exchange that no connection carries has come to its end."""
        self.in_flight -= 1
        at_ns = perf_counter_ns()
        self._record(exchange, outcome, at_ns, 0, error)
        if exchange.then is not None:
            exchange.then(False, at_ns)
        if not self.in_flight:
            self._empty.set()


def kind_of(error: OSError) -> ErrorKind:
    """What the system's word means for a request that could not be sent."""
    if error.errno in OWN_FAULTS:
        return ErrorKind.GENERATOR
    if isinstance(error, ConnectionRefusedError):
        return ErrorKind.REFUSED
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return ErrorKind.RESET
    return ErrorKind.UNREACHABLE

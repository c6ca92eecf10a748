"""A server with one slot and a fixed service time, in a process of its own.

`python -m tests.loadtests.proof.one_slot SERVICE_MS` prints its port, serves until it is ended, and
then prints how late it answered (p99, in milliseconds): what a busy host did to it.
A request that arrives at `a` is answered at max(a, end of the one before it) + S: Lindley's
recursion, which is exact, so that what a generator measures can be held against it.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

import uvloop

from tests.loadtests.stub import OK


class Slot:
    """The one slot: answers wait here for their time."""

    def __init__(self, service_ns: int) -> None:
        self._service_ns = service_ns
        self._free_ns = 0
        self.late_ns: list[int] = []
        self._waiting: deque[tuple[int, Any]] = deque()
        self._loop = asyncio.get_running_loop()
        self._poll()

    def take(self, transport: Any) -> None:
        """A request has arrived."""
        self._free_ns = max(perf_counter_ns(), self._free_ns) + self._service_ns
        self._waiting.append((self._free_ns, transport))

    def _poll(self) -> None:
        """Look at the clock in every round: a host takes up to a millisecond to wake a sleeper."""
        self._loop.call_soon(self._poll)
        while self._waiting and self._waiting[0][0] <= perf_counter_ns():
            due_ns, transport = self._waiting.popleft()
            transport.write(OK)
            self.late_ns.append(perf_counter_ns() - due_ns)


class Connection(asyncio.Protocol):
    """Counts the requests that come in; their content does not matter."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        for _ in range(data.count(b"\r\n\r\n")):
            self._slot.take(self._transport)


async def serve(service_ms: float) -> None:
    """Serve until the process is asked to end."""
    slot = Slot(round(service_ms * 1e6))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(slot), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    server.close()
    late_ns = sorted(slot.late_ns) or [0]
    print(late_ns[int(0.99 * (len(late_ns) - 1))] / 1e6, flush=True)


@dataclass
class Running:
    """The server in a process of its own; `late_ms` is known when it has ended."""

    port: int
    late_ms: float = 0.0


@contextlib.contextmanager
def running(service_ms: float) -> Iterator[Running]:
    """Serve while the block runs."""
    argv = [sys.executable, "-m", "tests.loadtests.proof.one_slot", str(service_ms)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            server = Running(int(process.stdout.readline()))
            yield server
        finally:
            process.terminate()
        server.late_ms = float(process.stdout.readline())


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1])))

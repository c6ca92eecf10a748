"""Servers that take turns under a closed load: what each answers, over what the first one does.

All of them run all the while, and those whose turn it is not are idle. A turn is some hundred
requests, a few hundredths of a second: what the machine does meanwhile is the same for all, and a
ratio is one of turns that followed each other. What differs from process to process, the layout of
its memory above all, is not: so there are several sets of fresh processes.
"""

from __future__ import annotations

import os
import random
import selectors
import socket
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, time_ns

from loadtests.plan import Address
from loadtests.run import host
from loadtests.run.child import Child
from loadtests.run.world import RealWorld

SETS, ROUNDS = 9, 30
REQUESTS, CONNECTIONS = 200, 8
PATIENCE_S, READY_S, STOP_S = 10.0, 20.0, 3.0
_HEAD = b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n"
_ENDS, _GOOD = (b'{"message":"hello"}', b"hello"), b"HTTP/1.1 200"


@dataclass(frozen=True, slots=True)
class Contender:
    """A server on `port`: its command and what that adds to the environment.

    `share` of its requests carry a stamp. `beside` is a command that runs as long as it does, and
    the port where that answers `/metrics`.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    port: int
    share: float = 0.0
    beside: tuple[Sequence[str], int] | None = None


class Clients:
    """Connections to one server, each with one request under way."""

    def __init__(self, port: int, share: float) -> None:
        self._port, self._share = port, share
        self._draws = random.Random(1)
        self._ready = selectors.DefaultSelector()
        for _ in range(CONNECTIONS):
            self._connect()

    def turn(self, requests: int = REQUESTS) -> float:
        """The seconds until so many were answered; SystemExit where one is not answered well."""
        found: dict[socket.socket, bytes] = {}
        began = perf_counter()
        unsent, unanswered = requests - CONNECTIONS, requests
        for key in list(self._ready.get_map().values()):
            self._ask(key.data)
        while unanswered:
            for key, _ in self._readable():
                connection: socket.socket = key.data
                if not (read := connection.recv(65_536)):
                    raise SystemExit(f"error: port {self._port} closes before it has answered")
                answer = found.pop(connection, b"") + read
                if not answer.endswith(_ENDS):
                    found[connection] = answer
                    continue
                if not answer.startswith(_GOOD):
                    raise SystemExit(f"error: /hello on port {self._port} answers {answer!r}")
                unanswered -= 1
                if b"connection: close" in answer.lower():
                    self._ready.unregister(connection)
                    connection.close()
                    connection = self._connect()
                if unsent > 0:
                    unsent -= 1
                    self._ask(connection)
        return perf_counter() - began

    def close(self) -> None:
        """Close the connections."""
        for key in list(self._ready.get_map().values()):
            key.data.close()
        self._ready.close()

    def _readable(self) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._ready.select(PATIENCE_S)
        if not ready:
            raise SystemExit(f"error: /hello on port {self._port} is not answered any more")
        return ready

    def _ask(self, connection: socket.socket) -> None:
        stamped = self._share and self._draws.random() < self._share
        stamp = b"X-Request-Start: t=%d\r\n" % (time_ns() // 1000) if stamped else b""
        connection.sendall(_HEAD + stamp + b"\r\n")

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), PATIENCE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ready.register(connection, selectors.EVENT_READ, connection)
        return connection


def rate(contender: Contender) -> float:
    """How many requests a second a server of its kind answers, roughly."""
    with _served({"only": contender}) as clients:
        turns = [clients["only"].turn() for _ in range(ROUNDS)]
    return REQUESTS / statistics.median(turns)


def ratios(contenders: Mapping[str, Contender]) -> dict[str, list[float]]:
    """By contender but the first: a median ratio of throughputs for each set."""
    first, *others = contenders
    found: dict[str, list[float]] = {name: [] for name in others}
    draws = random.Random(1)
    for _ in range(SETS):
        with _served(contenders) as clients:
            turns = [_round(clients, draws) for _ in range(ROUNDS)]
        for name, ratio in found.items():
            ratio.append(statistics.median(took[first] / took[name] for took in turns))
    return found


def _round(clients: Mapping[str, Clients], draws: random.Random) -> dict[str, float]:
    order = draws.sample(list(clients), len(clients))
    return {name: clients[name].turn() for name in order}


@contextmanager
def _served(contenders: Mapping[str, Contender]) -> Iterator[dict[str, Clients]]:
    """Fresh processes, each server on the same processor and all else on another."""
    world, (server_cpus, own_cpus) = RealWorld(), host.split_cpus()
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, one in contenders.items():
            server = world.start(one.argv, one.env, logs / f"{name}.log", server_cpus)
            stack.callback(server.stop, STOP_S)
            _await_ready(world, server, one.port, "/hello")
            if one.beside is not None:
                command, port = one.beside
                beside = world.start(command, {}, logs / f"{name}-beside.log", own_cpus)
                stack.callback(beside.stop, STOP_S)
                _await_ready(world, beside, port, "/metrics")
        if own_cpus is not None:
            before = os.sched_getaffinity(0)
            os.sched_setaffinity(0, own_cpus)
            stack.callback(os.sched_setaffinity, 0, before)
        clients = {
            name: stack.enter_context(closing(Clients(one.port, one.share)))
            for name, one in contenders.items()
        }
        for each in clients.values():
            each.turn()
        yield clients


def _await_ready(world: RealWorld, server: Child, port: int, path: str) -> None:
    """Until it answers, or the benchmark ends with its log."""
    deadline_ns = world.now_ns() + int(READY_S * 1e9)
    while (answer := world.fetch(Address(port), path)) is None or answer[0] != 200:
        if server.poll() is not None or world.now_ns() > deadline_ns:
            raise SystemExit(f"error: {path} is not served\n{server.tail()}")
        world.sleep(0.05)

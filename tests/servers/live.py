"""Real servers for tests: started on a free port, asked until ready, and ended as a group."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from servers.budget import NOTHING, Budget, Dependencies
from servers.profiles import PROFILES, Instruments

READY_S = 60
STOP_S = 15
PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client saw: the status, the headers by lower-case name, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Live:
    """A server that answers on 127.0.0.1; `pid` is its main process and its group."""

    port: int
    pid: int
    log: IO[bytes] | None = None

    def logged(self) -> str:
        """What it has logged so far."""
        assert self.log is not None
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), size, 0).decode("utf-8", "replace")

    def get(self, target: str, timeout: float = 15) -> Answer:
        """Ask once, on a connection of its own."""
        return ask(self.port, "GET", target, {"Connection": "close"}, timeout=timeout)

    def facts(self) -> dict[str, Any]:
        """What `/parity` says of whichever worker answers."""
        found: dict[str, Any] = json.loads(self.get("/parity").body)
        return found

    def facts_of_workers(self, processes: int) -> list[dict[str, Any]]:
        """What `/parity` says of each of so many workers."""
        found: list[dict[str, Any]] = []
        # A worker that has answered is stopped, so that the next to answer is another one.
        try:
            while len(found) < processes:
                found.append(self.facts())
                os.kill(found[-1]["pid"], signal.SIGSTOP)
        finally:
            for facts in found:
                os.kill(facts["pid"], signal.SIGCONT)
        return found


def ask(
    port: int,
    method: str,
    target: str,
    headers: dict[str, str],
    body: bytes | Iterable[bytes] | None = None,
    timeout: float = 60,
) -> Answer:
    """Send one request on a new connection and read the whole answer; pieces become chunks."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    finally:
        connection.close()


def _own_ports() -> Iterator[int]:
    """Ports for this process of the suite alone, below those that the kernel gives away itself."""
    first = 20_000 + 3_000 * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 4)
    # A second suite on this machine most likely begins elsewhere.
    begin = os.getpid() % 3_000
    return itertools.cycle(first + (begin + number) % 3_000 for number in range(3_000))


_OWN_PORTS = _own_ports()
_ONE_AT_A_TIME = threading.Lock()


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens, and which nobody else is given meanwhile.

    A port that the kernel chose could be given to another test before its server listens.
    """
    with _ONE_AT_A_TIME:
        for port in _OWN_PORTS:
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                return port
    raise AssertionError("unreachable: the ports begin anew")


@contextmanager
def running(
    name: str,
    budget: Budget | None = None,
    extra: Sequence[str] = (),
    instruments: Instruments = "on",
    ledgers: Path | None = None,
    dependencies: Dependencies = NOTHING,
) -> Iterator[Live]:
    """Serve a profile while the block runs; `extra` arguments are put behind its own."""
    profile, budget, port = PROFILES[name], budget or Budget(), free_port()
    command = [*profile.command(port, budget), *extra]
    folder = str(ledgers) if ledgers else None
    environment = profile.environment(budget, instruments, folder, dependencies)
    with launched(command, environment, port) as live:
        yield live


@contextmanager
def launched(command: Sequence[str], environment: dict[str, str], port: int) -> Iterator[Live]:
    """Run any command that serves on `port`; a `RuntimeError` carries its log if it does not."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            live = Live(port, process.pid, log)
            _wait_until_ready(live, process, log)
            yield live
        finally:
            _stop(process)


@contextmanager
def together(servers: Mapping[str, AbstractContextManager[Live]]) -> Iterator[dict[str, Live]]:
    """Start servers at once and end them at once; where one does not start, the others end too."""
    with ThreadPoolExecutor(len(servers)) as pool, ExitStack() as all_ended:
        ends = {name: ExitStack() for name in servers}
        all_ended.callback(lambda: list(pool.map(ExitStack.close, ends.values())))
        starts = {name: pool.submit(ends[name].enter_context, one) for name, one in servers.items()}
        wait(starts.values())
        yield {name: start.result() for name, start in starts.items()}


def _wait_until_ready(live: Live, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            if live.get("/healthz", timeout=2).status == 200:
                return
        time.sleep(PAUSE_S)
    state = f"ended with {process.returncode}" if process.poll() is not None else "is not ready"
    log.seek(0)
    tail = log.read()[-2_000:].decode("utf-8", "replace")
    raise RuntimeError(f"the server {state} after at most {READY_S} s, its log ends with:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # The group outlives a main process that was killed, so it is ended in any case.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

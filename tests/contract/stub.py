"""A service that answers its connections badly: one behaviour for each, in the order they come."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
ANSWERS = {
    "ok": OK,
    "500": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    "404": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    "garbage": b"\x00\xff this is no HTTP\r\n\r\n",
    "half": b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{",
    "close": b"",
    "reset": b"",
}
ENDS = {"garbage", "half", "close", "reset"}
_NOW = struct.pack("ii", 1, 0)


@dataclass
class Stub:
    """What listens on `port`, and the request lines that it has read."""

    port: int
    asked: list[str] = field(default_factory=list)

    @property
    def root(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def stub(*behaviours: str) -> Iterator[Stub]:
    """Listen while the block runs; the last behaviour is that of all further connections.

    A behaviour is a key of `ANSWERS`; or "silent": it reads, and never answers; or "drops": it
    answers, and never comes to an end.
    """
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        found = Stub(listener.getsockname()[1])
        threads = [threading.Thread(target=_accept, args=(listener, behaviours, found, over))]
        threads[0].start()
        try:
            yield found
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            threads[0].join()


def _accept(
    listener: socket.socket, behaviours: Sequence[str], found: Stub, over: threading.Event
) -> None:
    serving: list[threading.Thread] = []
    number = 0
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        behaviour = behaviours[min(number, len(behaviours) - 1)]
        number += 1
        serving.append(threading.Thread(target=_serve, args=(connection, behaviour, found, over)))
        serving[-1].start()
    for one in serving:
        one.join()


def _serve(connection: socket.socket, behaviour: str, found: Stub, over: threading.Event) -> None:
    connection.settimeout(0.05)
    with connection:
        while not over.is_set():
            try:
                read = connection.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                return
            if not read:
                return
            found.asked.append(read.split(b"\r\n")[0].decode("latin-1"))
            if behaviour == "silent":
                continue
            if behaviour == "drops":
                _drip(connection, over)
                return
            connection.sendall(ANSWERS[behaviour])
            if behaviour == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)
            if behaviour in ENDS:
                return


def _drip(connection: socket.socket, over: threading.Event) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not over.wait(0.02):
            connection.sendall(b" ")

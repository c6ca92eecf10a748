"""Clients that behave as no library does: on a bare socket."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from tests.servers.live import Answer

TIMEOUT_S = 60


def head(method: str, target: str, headers: dict[str, str], *, measured: bool = True) -> bytes:
    """The head of a request; where it is measured with the stamp of now."""
    stamp = {"X-Request-Start": f"t={time.time_ns() // 1000}"} if measured else {}
    lines = [f"{name}: {value}" for name, value in {"Host": "x", **stamp, **headers}.items()]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode()


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A connection to the server, which is closed when the block ends."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
        yield connection


def pushed(connection: socket.socket, pieces: Iterable[bytes]) -> int:
    """Send until the server takes no more, or there is no more: how many bytes that were."""
    sent = 0
    with suppress(ConnectionError):
        for piece in pieces:
            connection.sendall(piece)
            sent += len(piece)
    return sent


def answer_on(connection: socket.socket) -> Answer:
    """Read one answer."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    names = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, names, response.read())


def until(connection: socket.socket, text: bytes) -> bytes:
    """Read until a text has come."""
    found = b""
    while text not in found:
        piece = connection.recv(65_536)
        assert piece, f"closed before {text!r}, after {found!r}"
        found += piece
    return found

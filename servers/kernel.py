"""What the kernel knows of this process's TCP sockets: their state, not what was asked for."""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys

# The type under `socket.socket`: gevent replaces the latter with one that changes the flags.
from _socket import socket as RawSocket  # noqa: N812
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

# struct tcp_info: eight bytes, then words. Of a listening socket the kernel puts the limit of
# the accept queue into tcpi_sacked, the sixth word.
_SACKED_OFFSET = 8 + 4 * 5


def accept_limit() -> int | None:
    """How many connections may wait to be accepted; null where the kernel does not tell."""
    if sys.platform != "linux":
        return None
    with _tcp_sockets() as sockets:
        limits = []
        for listener in filter(_listens, sockets):
            info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SACKED_OFFSET + 4)
            limits.append(int(struct.unpack_from("=I", info, _SACKED_OFFSET)[0]))
    return min(limits, default=None)


def accepted_without_delay() -> bool | None:
    """Whether every accepted connection has TCP_NODELAY; null if there is none."""
    with _tcp_sockets() as sockets:
        ports = {_port(listener) for listener in sockets if _listens(listener)}
        accepted = [one for one in sockets if _port(one) in ports and not _listens(one)]
        options = [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in accepted]
    return all(options) if options else None


@contextmanager
def _tcp_sockets() -> Iterator[list[RawSocket]]:
    # Duplicates, so that closing these leaves the server's own descriptors open.
    with ExitStack() as stack:
        found = []
        for descriptor in _descriptors():
            # A descriptor may be closed by another thread between listing and reading.
            with suppress(OSError):
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    duplicate = RawSocket(fileno=os.dup(descriptor))
                    stack.callback(duplicate.close)
                    if _is_tcp(duplicate):
                        found.append(duplicate)
        yield found


def _descriptors() -> list[int]:
    folder = Path("/proc/self/fd") if sys.platform == "linux" else Path("/dev/fd")
    return sorted(int(name) for name in os.listdir(folder))


def _is_tcp(one: RawSocket) -> bool:
    internet = one.family in (socket.AF_INET, socket.AF_INET6)
    return internet and one.type == socket.SOCK_STREAM


def _listens(one: RawSocket) -> bool:
    return bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _port(one: RawSocket) -> int:
    return int(one.getsockname()[1])

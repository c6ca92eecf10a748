"""The TCP sockets of other processes, as the kernel lists them.

Through sock_diag, which lists only what is asked for, and tells the limit of an accept queue;
of processes in another network namespace through their own /proc, where the limit is missing.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ESTABLISHED, LISTEN = 1, 10
_FILES: dict[int, str] = {socket.AF_INET: "tcp", socket.AF_INET6: "tcp6"}

# linux/netlink.h, linux/sock_diag.h and linux/inet_diag.h
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_AND_DUMP = 0x301
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBxxI")
# The port that is asked for and, unused, the rest of a socket's identity.
_IDENTITY = struct.Struct("!H46x")
# Family, port, the queue of a listening socket and its limit, the inode.
_ANSWER = struct.Struct("=Bxxx2s46x4xII4xI")


@dataclass(frozen=True, slots=True)
class TcpSocket:
    """A socket; of a listening one, how many connections wait in it and how many may."""

    inode: int
    family: int
    port: int
    waiting: int
    limit: int | None


def view_of(pid: int) -> int | None:
    """How to see the sockets of a process: through /proc of this id, or None for sock_diag."""
    same = os.stat(f"/proc/{pid}/ns/net").st_ino == os.stat("/proc/self/ns/net").st_ino
    return None if same and _answers() else pid


def listening(view: int | None) -> list[TcpSocket]:
    """All listening sockets that a view shows."""
    if view is None:
        return [one for family in _FILES for one in _dump(family, LISTEN)]
    # They come first in the file, and there may be many others behind.
    return [one for family in _FILES for one in _file(view, family, LISTEN, first=True)]


def accepted(view: int | None, listener: TcpSocket) -> set[int]:
    """The inodes of all open connections that came in through the port of a listening socket."""
    found: Iterable[TcpSocket]
    if view is None:
        found = _dump(listener.family, ESTABLISHED, listener.port)
    else:
        found = _file(view, listener.family, ESTABLISHED)
    # A connection that was not accepted yet belongs to no file.
    return {one.inode for one in found if one.inode and one.port == listener.port}


def owned(pid: int) -> frozenset[int]:
    """The inodes of the sockets that a process has open. Raises OSError where it is gone."""
    folder, inodes = f"/proc/{pid}/fd", []
    for name in os.listdir(folder):
        try:
            target = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.append(int(target[8:-1]))
    return frozenset(inodes)


def events() -> dict[str, int]:
    """What the kernel has counted of TCP connections on this host; empty where it does not tell."""
    try:
        lines = Path("/proc/net/netstat").read_text().splitlines()
    except OSError:
        return {}
    names, counts = (line.split()[1:] for line in lines if line.startswith("TcpExt:"))
    return dict(zip(names, map(int, counts), strict=True))


@cache
def _answers() -> bool:
    try:
        _dump(socket.AF_INET, LISTEN)
    except OSError:
        return False
    return True


def _dump(family: int, state: int, port: int = 0) -> list[TcpSocket]:
    return _KERNEL.ask(_REQUEST.pack(family, socket.IPPROTO_TCP, 1 << state) + _IDENTITY.pack(port))


class _Kernel:
    """The kernel's end of sock_diag.

    Rule: its socket is opened once. Opening and closing one for each question of the sampler took
    a tenth of the throughput of a server on another processor.
    """

    def __init__(self) -> None:
        # A scrape and the sampler may ask at once.
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def ask(self, body: bytes) -> list[TcpSocket]:
        """Every socket that the kernel lists for this question. Raises OSError where it refuses."""
        with self._lock:
            if self._socket is None:
                self._socket = socket.socket(
                    socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG
                )
                self._socket.settimeout(1)
            try:
                return _asked(self._socket, body)
            except OSError:
                # What is left of its answer must not become that to the next question.
                self._socket.close()
                self._socket = None
                raise


_KERNEL = _Kernel()


def _asked(kernel: socket.socket, body: bytes) -> list[TcpSocket]:
    size = _HEADER.size + len(body)
    kernel.send(_HEADER.pack(size, _SOCK_DIAG_BY_FAMILY, _REQUEST_AND_DUMP, 0, 0) + body)
    listed: list[TcpSocket] = []
    while True:
        for kind, message in _messages(kernel.recv(65_536)):
            if kind == _DONE:
                return listed
            if kind == _ERROR:
                raise OSError(-struct.unpack_from("=i", message)[0], "sock_diag refused")
            found, sport, waiting, limit, inode = _ANSWER.unpack_from(message)
            listed.append(TcpSocket(inode, found, int.from_bytes(sport, "big"), waiting, limit))


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        size, kind, *_ = _HEADER.unpack_from(data, at)
        yield kind, data[at + _HEADER.size : at + size]
        at += (size + 3) & ~3


def _file(view: int, family: int, state: int, first: bool = False) -> Iterator[TcpSocket]:
    # A small buffer, for the kernel fills it before the first row can be looked at.
    with open(f"/proc/{view}/net/{_FILES[family]}", "rb", buffering=1024) as file:
        next(file)
        for row in file:
            _, local, _, code, queues, _, _, _, _, inode, *_ = row.split()
            if int(code, 16) == state:
                port, waiting = local.rpartition(b":")[2], queues.rpartition(b":")[2]
                yield TcpSocket(int(inode), family, int(port, 16), int(waiting, 16), None)
            elif first:
                return

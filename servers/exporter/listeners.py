"""The sockets on which servers listen: what waits in them, and what came in through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from servers.exporter import tcp
from servers.exporter.book import Key
from servers.exporter.costly import Costly
from servers.exporter.stack import Server
from servers.exporter.tcp import TcpSocket
from servers.ledger import Owner


@dataclass(frozen=True, slots=True)
class _Door:
    """Where a worker listens; it has the sockets in common with the others of its server."""

    view: int | None
    sockets: Mapping[int, TcpSocket]
    owned: Costly[frozenset[int]]


@dataclass(frozen=True, slots=True)
class _Watched:
    profile: str
    views: frozenset[int | None]
    inodes: frozenset[int]


class Listeners:
    """The listening sockets of every server, found once for each worker."""

    def __init__(self) -> None:
        self._doors: dict[Owner, _Door] = {}
        self._accepted: dict[int, Costly[set[int]]] = {}
        self._watched: tuple[_Watched, ...] = ()

    def look(self, servers: Sequence[Server]) -> None:
        """Find what new workers listen on, and forget those that have ended."""
        workers = [worker for server in servers for worker in server.workers]
        found = {worker: self._doors.get(worker) or _door(worker.pid) for worker in workers}
        self._doors = {worker: door for worker, door in found.items() if door}
        self._watched = tuple(self._watch(server) for server in servers)
        self._accepted = {
            inode: self._accepted.get(inode) or Costly(partial(tcp.accepted, door.view, one))
            for door in self._doors.values()
            for inode, one in door.sockets.items()
        }

    def queues(self) -> dict[Key, float]:
        """How many connections wait in each server's accept queue now, and how many may."""
        views = {view for watched in self._watched for view in watched.views}
        listed = {one.inode: one for view in views for one in _listed(view)}
        numbers: dict[Key, float] = {}
        for watched in self._watched:
            mine = [listed[inode] for inode in watched.inodes if inode in listed]
            limits = [one.limit for one in mine if one.limit is not None]
            labels = (watched.profile,)
            if mine:
                waiting = sum(one.waiting for one in mine)
                numbers["testbed_accept_queue_connections", labels] = waiting
            if limits:
                numbers["testbed_accept_queue_limit_connections", labels] = sum(limits)
        return numbers

    def connections(self, servers: Sequence[Server]) -> dict[Key, float]:
        """How many accepted connections each worker has open."""
        numbers: dict[Key, float] = {}
        for server in servers:
            for worker in server.workers:
                # A worker may end at any moment.
                with suppress(KeyError, OSError):
                    door = self._doors[worker]
                    came_in = set().union(*(self._accepted[inode]() for inode in door.sockets))
                    labels = (server.profile, str(worker.pid))
                    numbers["testbed_open_connections", labels] = len(came_in & door.owned())
        return numbers

    def _watch(self, server: Server) -> _Watched:
        views: set[int | None] = set()
        inodes: set[int] = set()
        for door in [self._doors[worker] for worker in server.workers if worker in self._doors]:
            # One view of each socket is enough.
            if not door.sockets.keys() <= inodes:
                views.add(door.view)
                inodes |= door.sockets.keys()
        return _Watched(server.profile, frozenset(views), frozenset(inodes))


def _door(pid: int) -> _Door | None:
    try:
        view, mine = tcp.view_of(pid), tcp.owned(pid)
        sockets = {one.inode: one for one in tcp.listening(view) if one.inode in mine}
    except OSError:
        return None
    # A worker that does not listen yet is looked at again.
    return _Door(view, sockets, Costly(partial(tcp.owned, pid))) if sockets else None


def _listed(view: int | None) -> list[TcpSocket]:
    try:
        return tcp.listening(view)
    except OSError:
        return []

"""The database of the synchronous twin: a worker's connections, and the work on one of them.

Read it beside `database_async`: the same names in the same order. Whoever waits here, for a
connection or for an answer, keeps its thread; a greenlet lets it go, since gevent has patched what
psycopg and its pool wait with.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from time import perf_counter
from typing import Any

import psycopg
from psycopg import errors
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from servers import database
from servers.instruments.own_pools import Counts
from servers.instruments.pools import Reading
from servers.settings import Settings


class Connection(psycopg.Connection[Any]):
    """A connection that waits for an answer no longer than `database.ANSWER_S`.

    The database's own limit ends slow statements; it cannot where the database stands still.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """See psycopg.Connection.wait."""
        limit_s = database.ANSWER_S if timeout is None else timeout
        return super().wait(gen, interval, limit_s)


class Database:
    """The connections of one worker: a pool that its first request opens."""

    name = "database"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: ConnectionPool[Connection] | None = None
        self._opening = Lock()
        self._busy = 0
        self.counts = Counts()

    def open(self) -> None:
        """Open the pool where there is a database; it need not be reachable yet.

        Not before there is a request, since a process that forks shares no connection.
        """
        with self._opening:
            if self._pool is None and self._settings.database:
                how = database.connecting(self._settings)
                pool = ConnectionPool(
                    self._settings.database, connection_class=Connection, kwargs=how,
                    **database.pooling(self._settings),
                )  # fmt: skip
                pool.open(wait=False)
                atexit.register(self.close)
                self._pool = pool

    def close(self) -> None:
        """Close every connection."""
        with self._opening:
            if self._pool is not None:
                self._pool.close()
                self._pool = None
                atexit.unregister(self.close)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection for a while. Raises a `Problem` where it or the database fails."""
        if self._pool is None:
            self.open()
        pool = self._pool
        if pool is None:
            raise database.missing()
        connection = self._taken(pool)
        try:
            yield connection
        except errors.Error as error:
            problem = database.problem_of(error)
            if connection.broken:
                # The others are of the same database, which has gone or was started again.
                pool.drain()
            if problem is None:
                raise
            raise problem from error
        finally:
            pool.putconn(connection)
            # As in the meter: without a call in between no other thread is switched to.
            self._busy -= 1
            self.counts.free()

    def _taken(self, pool: ConnectionPool[Connection]) -> Connection:
        began_s = perf_counter()
        try:
            connection = pool.getconn()
            self._busy += 1
            return connection
        except (PoolTimeout, PoolClosed) as error:
            raise database.no_connection() from error
        finally:
            self.counts.waited(perf_counter() - began_s)

    def reading(self) -> Reading | None:
        """How full the pool is; None while it is closed."""
        if self._pool is None:
            return None
        found = self._pool.get_stats()
        return found["pool_max"], self._busy, found.get("requests_waiting", 0)


def read(connection: Connection, asked: Mapping[str, int]) -> list[dict[str, int]]:
    """The rows that were asked for, one statement after the other."""
    chosen = database.in_time(database.chosen(asked["queries"], asked["row"]))
    if asked["ms"]:
        connection.execute(database.SLEEP, (asked["ms"] / 1000,), **database.HOW)
    rows = []
    for row in chosen:
        found = connection.execute(database.READ, (row,), **database.HOW)
        rows.append(database.shown(found.fetchone()))
    return rows


def update(connection: Connection, asked: Mapping[str, int]) -> list[dict[str, int]]:
    """Read and write the rows that were asked for, one after the other; as they are then."""
    rows = []
    for row in database.in_time(database.to_update(asked["queries"], asked["row"])):
        found = connection.execute(database.READ, (row,), **database.HOW)
        before = database.shown(found.fetchone())
        number = database.number_of(row, asked["number"])
        connection.execute(database.WRITE, (number, row), **database.HOW)
        rows.append({**before, "number": number})
    return rows

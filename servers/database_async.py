"""The database of the asynchronous twin: a worker's connections, and the work on one of them.

Read it beside `database_sync`: the same names in the same order. Whoever waits here, for a
connection or for an answer, leaves the loop to the others, and hears of it when
its client leaves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from servers import database
from servers.instruments.leaving import unless_gone
from servers.instruments.own_pools import Counts
from servers.instruments.pools import Reading
from servers.settings import Settings

if TYPE_CHECKING:
    from starlette.requests import Request


class AsyncConnection(psycopg.AsyncConnection[Any]):
    """A connection that waits for an answer no longer than `database.ANSWER_S`.

    The database's own limit ends slow statements; it cannot where the database stands still.
    """

    async def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """See psycopg.AsyncConnection.wait."""
        limit_s = database.ANSWER_S if timeout is None else timeout
        return await super().wait(gen, interval, limit_s)


class Database:
    """The connections of one worker: a pool that opens with its loop."""

    name = "database"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: AsyncConnectionPool[AsyncConnection] | None = None
        self._busy = self._waiting = 0
        self.counts = Counts()

    async def open(self) -> None:
        """Open the pool where there is a database; it need not be reachable yet."""
        if self._pool is None and self._settings.database:
            how = database.connecting(self._settings)
            pool = AsyncConnectionPool(
                self._settings.database, connection_class=AsyncConnection, kwargs=how,
                **database.pooling(self._settings),
            )  # fmt: skip
            await pool.open(wait=False)
            self._pool = pool

    async def aclose(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    @asynccontextmanager
    async def connected(self, request: Request | None = None) -> AsyncIterator[AsyncConnection]:
        """A connection for a while. Raises a `Problem` where it or the database fails.

        Raises `Gone` where the client of `request` leaves while it waits for one.
        """
        pool = self._pool
        if pool is None:
            raise database.missing()
        connection = await self._taken(pool, request)
        try:
            yield connection
        except errors.Error as error:
            problem = database.problem_of(error)
            if connection.broken:
                # The others are of the same database, which has gone or was started again.
                await pool.drain()
            if problem is None:
                raise
            raise problem from error
        finally:
            await pool.putconn(connection)
            # As in the meter: without a call in between no other thread is switched to.
            self._busy -= 1
            self.counts.free()

    async def _taken(
        self, pool: AsyncConnectionPool[AsyncConnection], request: Request | None
    ) -> AsyncConnection:
        began_s = perf_counter()
        # Only who has to wait listens for its client: that costs more than to ask the pool.
        waits = not pool.get_stats()["pool_available"]
        self._waiting += waits
        try:
            connection = await unless_gone(request if waits else None, pool.getconn())
            self._busy += 1
            return connection
        except (PoolTimeout, PoolClosed) as error:
            raise database.no_connection() from error
        finally:
            self._waiting -= waits
            self.counts.waited(perf_counter() - began_s)

    def reading(self) -> Reading | None:
        """How full the pool is; None while it is closed."""
        if self._pool is None:
            return None
        # The pool itself counts those who have given up until a connection is free again.
        return self._pool.max_size, self._busy, self._waiting


async def read(connection: AsyncConnection, asked: Mapping[str, int]) -> list[dict[str, int]]:
    """The rows that were asked for, one statement after the other."""
    chosen = database.in_time(database.chosen(asked["queries"], asked["row"]))
    if asked["ms"]:
        await connection.execute(database.SLEEP, (asked["ms"] / 1000,), **database.HOW)
    rows = []
    for row in chosen:
        found = await connection.execute(database.READ, (row,), **database.HOW)
        rows.append(database.shown(await found.fetchone()))
    return rows


async def update(connection: AsyncConnection, asked: Mapping[str, int]) -> list[dict[str, int]]:
    """Read and write the rows that were asked for, one after the other; as they are then."""
    rows = []
    for row in database.in_time(database.to_update(asked["queries"], asked["row"])):
        found = await connection.execute(database.READ, (row,), **database.HOW)
        before = database.shown(await found.fetchone())
        number = database.number_of(row, asked["number"])
        await connection.execute(database.WRITE, (number, row), **database.HOW)
        rows.append({**before, "number": number})
    return rows

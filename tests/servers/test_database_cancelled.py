"""A request of the asynchronous twin that is cancelled leaves its connection fit for the next."""

from __future__ import annotations

import asyncio
import random

import pytest

from servers.contract import ENDPOINTS
from servers.database_async import Database, read, update
from servers.database_table import prepare
from servers.settings import Settings
from tests import databases

NAME = "cancelled"
DEFAULTS = {**ENDPOINTS["GET /db"].defaults, **ENDPOINTS["POST /db"].defaults}
ACTIVE = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{NAME}' AND state <> %s"


@pytest.fixture(autouse=True)
def as_it_was(database: str) -> None:
    """Who had the table before may have written to it."""
    prepare(database, anew=True)


def settings(url: str) -> Settings:
    return Settings(profile=NAME, database=url, database_connections=2)


async def asked(database: Database, **numbers: int) -> list[dict[str, int]]:
    """What a handler does."""
    work = update if "number" in numbers else read
    async with database.connected() as connection:
        return await work(connection, {**DEFAULTS, **numbers})


def test_a_statement_that_nobody_waits_for_any_more_is_ended(database: str) -> None:
    async def scenario() -> None:
        opened = Database(settings(database))
        await opened.open()
        try:
            tasks = [asyncio.create_task(asked(opened, ms=2_000)) for _ in range(3)]
            await asyncio.sleep(0.2)
            assert opened.reading() == (2, 2, 1)
            for task in tasks:
                task.cancel()
            found = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 1.5)

            assert [type(one) for one in found] == [asyncio.CancelledError] * 3
            assert opened.reading() == (2, 0, 0)
            assert databases.rows(database, ACTIVE, "idle") == [(0,)]
            assert await asked(opened) == [{"id": 1, "number": 7920}]
            assert databases.connections(database, NAME) == 2
        finally:
            await opened.aclose()

    asyncio.run(scenario())


@pytest.mark.parametrize("seed", range(3))
def test_cancelled_at_any_moment_no_connection_is_lost(database: str, seed: int) -> None:
    chance = random.Random(seed)

    async def scenario() -> None:
        opened = Database(settings(database))
        await opened.open()
        try:
            await asked(opened)
            for _ in range(40):
                work = {"queries": 5, "number": 10_000} if chance.random() < 0.5 else {"queries": 5}
                tasks = [asyncio.create_task(asked(opened, **work)) for _ in range(4)]
                await asyncio.sleep(chance.random() * 0.004)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            assert opened.reading() == (2, 0, 0)
            found = await asyncio.gather(*(asked(opened, queries=3) for _ in range(8)))
            assert found == [found[0]] * 8
        finally:
            await opened.aclose()

    asyncio.run(scenario())
    databases.until(lambda: databases.connections(database, NAME) == 0, "all are closed")

"""A real PostgreSQL for tests, started once for each process of the suite."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from servers import postgres
from servers.budget import Budget, Dependencies
from servers.database_table import prepare
from servers.postgres_found import MissingError, find
from servers.profiles import PROFILES
from tests.servers.live import Live, free_port, launched

DEADLINE_S = 60.0


def require() -> None:
    """Skip the test where this machine has no PostgreSQL."""
    try:
        find()
    except MissingError as error:
        pytest.skip(str(error))


@contextmanager
def started() -> Iterator[postgres.Postgres]:
    """A database with the testbed's table while the block runs; skips where there is none."""
    require()
    with postgres.running() as database:
        prepare(database.url)
        yield database


def rows(url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What a query finds."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode(), values).fetchall()


def change(url: str, statement: str) -> None:
    """Execute a statement that finds nothing."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def connections(url: str, profile: str) -> int:
    """How many connections a server of a profile has, as the database sees it."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
    return int(rows(url, query, profile)[0][0])


def lives(process: psutil.Process) -> bool:
    """Whether a process runs."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(true: Callable[[], object], what: str) -> None:
    """Wait until something is so; fail at a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def serving(
    name: str, url: str, budget: Budget | None = None, ledgers: Path | None = None
) -> Iterator[Live]:
    """A profile that has this database."""
    profile, budget, port = PROFILES[name], budget or Budget(), free_port()
    folder = None if ledgers is None else str(ledgers)
    told = profile.environment(budget, "on", folder, Dependencies(database=url))
    with launched(profile.command(port, budget), told, port) as live:
        yield live

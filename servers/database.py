"""The work that both twins ask of a database, its limits, and what is answered when it fails.

The work is TechEmpower's: one query, many queries, many updates of a table of 10,000 rows, each
row by a statement of its own. Where the table comes from is in `database_table`.

Rule: what both twins must do alike stands here, as data or as a function that waits for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

from psycopg import errors

from servers.contract import ROW, Problem
from servers.settings import Settings

ROWS = ROW.maximum
CONNECTION_S = 3.0
"""A request waits for a connection no longer than this."""
STATEMENT_S = 3.0
"""The database gives up a statement that takes longer."""
ANSWER_S = 4.0
"""A database that has not answered a statement by then is given up, with its connection."""
REQUEST_S = 5.0
"""A request whose statements have taken that long together begins no other."""
CONNECT_S = 2
"""An attempt to connect takes no longer than this."""
RETRY_AFTER_S = 1

SLEEP = "SELECT pg_sleep(%b)"
READ = "SELECT id, number FROM testbed.world WHERE id = %b"
WRITE = "UPDATE testbed.world SET number = %b WHERE id = %b"
HOW: Mapping[str, Any] = {"prepare": True, "binary": True}
"""How each of them is executed: prepared on each connection once, its result in binary."""

_STEP = 7_919
_MULTIPLIER, _INCREMENT = 4_221, 2_113


def number_of(row: int, number: int = ROWS) -> int:
    """What row `row` holds once `number` was written there; by default, what it holds at first.

    7,919 is a prime, so that all rows of a table hold different numbers, from 1 to 10,000.
    """
    return (_STEP * row + number) % ROWS + 1


def chosen(queries: int, row: int) -> list[int]:
    """The rows of a request: `row`, and after it those of a generator of full period.

    No row occurs twice, for the generator meets all 10,000 before it repeats one (T. E. Hull and
    A. R. Dobell, "Random number generators", SIAM Review 4(3), 1962).
    """
    rows = [row]
    while len(rows) < queries:
        rows.append(((rows[-1] - 1) * _MULTIPLIER + _INCREMENT) % ROWS + 1)
    return rows


def to_update(queries: int, row: int) -> list[int]:
    """The same rows in ascending order: two requests never wait for one another in a circle."""
    return sorted(chosen(queries, row))


def in_time(rows: Sequence[int]) -> Iterator[int]:
    """The rows one by one, from now on for `REQUEST_S`. Then it raises the `Problem` 504."""
    return _until(perf_counter() + REQUEST_S, rows)


def _until(end_s: float, rows: Sequence[int]) -> Iterator[int]:
    for row in rows:
        if perf_counter() > end_s:
            detail = f"the statements of this request took {REQUEST_S:g} s together"
            raise Problem(504, "Gateway Timeout", detail)
        yield row


def shown(row: tuple[int, int] | None) -> dict[str, int]:
    """A row as it is answered. Raises a `Problem` 503 where the table lacks it."""
    if row is None:
        raise not_prepared()
    return {"id": row[0], "number": row[1]}


def connecting(settings: Settings) -> dict[str, Any]:
    """How a worker connects, beside the URL: under its profile's name, a statement at a time.

    Without transactions each statement is one of its own, and a connection that was returned is
    never left within one.
    """
    return {
        "application_name": settings.profile,
        "autocommit": True,
        "connect_timeout": CONNECT_S,
        "options": f"-c statement_timeout={STATEMENT_S * 1000:.0f}",
    }


def pooling(settings: Settings) -> dict[str, Any]:
    """How the connections of a worker are pooled: so many, and never more or fewer.

    `reconnect_timeout`: a connection that cannot be had is not tried for again by itself, with
    ever longer pauses, but when the next request needs one.
    """
    return {
        "min_size": settings.database_connections,
        "max_size": settings.database_connections,
        "timeout": CONNECTION_S,
        "reconnect_timeout": 0.0,
        "name": "database",
        "open": False,
    }


def missing() -> Problem:
    """The problem 503 of a server that was not told of a database."""
    detail = "this server has no database: start it with --database URL, or set DATABASE_URL"
    return Problem(503, "Service Unavailable", detail)


def not_prepared() -> Problem:
    """The problem 503 of a database without the testbed's table, or without some of its rows."""
    detail = "the database lacks the testbed's table: python -m servers database --prepare makes it"
    return Problem(503, "Service Unavailable", detail)


def no_connection() -> Problem:
    """The problem 503 of a request that has waited for a connection in vain."""
    return _again(f"no connection to the database was to be had within {CONNECTION_S:g} s")


def problem_of(error: errors.Error) -> Problem | None:
    """The answer to a request whose statement has failed; None where the fault is the testbed's."""
    if isinstance(error, errors.QueryCanceled | errors._WaitTimeout):
        detail = f"the database did not finish a statement within {STATEMENT_S:g} s"
        return Problem(504, "Gateway Timeout", detail)
    if isinstance(error, errors.UndefinedTable | errors.InvalidSchemaName):
        return not_prepared()
    if isinstance(error, errors.OperationalError | errors.InterfaceError):
        return _again("the connection to the database was lost")
    return None


def _again(detail: str) -> Problem:
    problem = Problem(503, "Service Unavailable", detail)
    problem.headers["Retry-After"] = str(RETRY_AFTER_S)
    return problem

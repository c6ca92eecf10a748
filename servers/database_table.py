"""The table that both twins ask for: made where it is not there, and made anew between trials.

Rule: everything of the testbed is in the schema `testbed`, and nothing else of a database that
somebody else has is ever touched.
"""

from __future__ import annotations

import psycopg

from servers.budget import check_database_url
from servers.database import CONNECT_S, ROWS, number_of

_LOCK = 7_405_919
"""Whoever prepares the table waits for others that do."""
_MADE = """
CREATE SCHEMA IF NOT EXISTS testbed;
CREATE TABLE IF NOT EXISTS testbed.world (id integer PRIMARY KEY, number integer NOT NULL);
"""
_COUNT = "SELECT count(*) FROM testbed.world WHERE id BETWEEN 1 AND %s"
_FILL = "COPY testbed.world (id, number) FROM STDIN"


class PrepareError(Exception):
    """A database that could not be prepared: says why, and the remedy, without its password."""


def prepare(url: str, *, anew: bool = False) -> str:
    """Make the table where it is not there or not whole; `anew` in any case.

    `url` names a PostgreSQL database. Returns its version. Raises PrepareError.
    """
    try:
        check_database_url("DATABASE_URL", url)
    except ValueError as error:
        raise PrepareError(str(error)) from None
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            connection.execute("SET client_min_messages = warning")
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                connection.execute(_MADE)
                found = connection.execute(_COUNT, (ROWS,)).fetchone()
                filled = anew or found != (ROWS,)
                if filled:
                    _fill(connection)
            if filled:
                connection.execute("VACUUM (ANALYZE) testbed.world")
            version = str(connection.info.parameter_status("server_version"))
            return version.split()[0]
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise PrepareError(
            f"the database could not be prepared: {reason}; it must be a PostgreSQL that answers, "
            "and whose user may create a schema"
        ) from None


def _fill(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    connection.execute("TRUNCATE testbed.world")
    with connection.cursor().copy(_FILL) as rows:
        for row in range(1, ROWS + 1):
            rows.write_row((row, number_of(row)))

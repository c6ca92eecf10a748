"""`python -m servers database`: a PostgreSQL of the testbed's own in the foreground."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence

from servers import postgres
from servers.budget import MAX_PORT
from servers.database_table import PrepareError, prepare
from servers.postgres_found import MissingError, PostgresError

MISSING = 3
"""The exit status where no PostgreSQL is to be found."""
WATCH_S = 0.1


class _EndedError(Exception):
    """Asked to end, by a signal."""


def main(argv: Sequence[str]) -> int:
    """Serve a database until Ctrl-C, or prepare one that runs; returns the exit status."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _end)
    try:
        if arguments.prepare or arguments.anew:
            return _prepare(anew=arguments.anew)
        return _serve(arguments.port)
    except (KeyboardInterrupt, _EndedError):
        return 0
    except (PostgresError, PrepareError) as error:
        print(f"error: {error}", file=sys.stderr)
        return MISSING if isinstance(error, MissingError) else 1


def _serve(port: int | None) -> int:
    with postgres.running(port) as database:
        version = prepare(database.url)
        print(f"PostgreSQL {version}, which writes without fsync; Ctrl-C ends it", flush=True)
        print(database.url, flush=True)
        while (code := database.poll()) is None:
            time.sleep(WATCH_S)
        raise PostgresError(
            f"the database ended by itself with {code}, its log ends with:\n{database.tail()}"
        )


def _prepare(*, anew: bool) -> int:
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        raise PrepareError("DATABASE_URL is not set: set it to the database to prepare")
    print(f"PostgreSQL {prepare(url, anew=anew)}", flush=True)
    return 0


def _end(number: int, frame: object) -> None:
    raise _EndedError


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"it is {text!r}: give a number from 1 to {MAX_PORT}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m servers database",
        description="Start a PostgreSQL with the testbed's table, and print its URL.",
    )
    parser.add_argument("--port", type=_port, help="port of 127.0.0.1 (a free one)")
    prepare_ = parser.add_mutually_exclusive_group()
    prepare_.add_argument(
        "--prepare", action="store_true", help="make the table at DATABASE_URL instead, and end"
    )
    prepare_.add_argument(
        "--anew", action="store_true", help="the same, and fill it anew where it is there"
    )
    return parser

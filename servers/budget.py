"""What a server may spend, and what it may call on: the same for every profile.

Rule: this module imports the standard library only, since the load tests read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit

MAX_SLOTS = 256
MAX_PROCESSES = 64
MAX_CONNECTIONS = 1_024
MAX_JOBS = 100_000
DOWNSTREAM_PORT = 8010
"""Where the downstream service listens if nobody says otherwise."""
_URL = re.compile(r"http://[^/?#@\s:]+(?::(\d{1,5}))?/?|http://\[[0-9a-f:.]+\](?::(\d{1,5}))?/?")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|\s")
MAX_PORT = 65_535


def _bounded(default: int, maximum: int, meaning: str) -> int:
    found: int = field(default=default, metadata={"maximum": maximum, "meaning": meaning})
    return found


@dataclass(frozen=True, slots=True)
class Budget:
    """What every profile may spend. Each field is at least 1; a `ValueError` names a bad one."""

    slots: int = _bounded(4, MAX_SLOTS, "blocking requests that each worker can hold at once")
    workers: int = _bounded(1, MAX_PROCESSES, "processes, times the slots for the sync row")
    pool_processes: int = _bounded(2, MAX_PROCESSES, "processes that compute for an async worker")
    backlog: int = _bounded(2048, 65_535, "connections that may wait to be accepted")
    keepalive_s: int = _bounded(75, 3_600, "seconds before an idle connection is closed")
    downstream_connections: int = _bounded(
        100, MAX_CONNECTIONS, "connections that each worker may open to the downstream service"
    )
    database_connections: int = _bounded(
        8, MAX_CONNECTIONS, "connections that all workers together may open to the database"
    )
    job_slots: int = _bounded(4, MAX_SLOTS, "deferred jobs that a server runs at once")
    job_limit: int = _bounded(1_000, MAX_JOBS, "deferred jobs that may wait")

    def __post_init__(self) -> None:
        for item in fields(self):
            value, maximum = getattr(self, item.name), item.metadata["maximum"]
            if type(value) is not int or not 1 <= value <= maximum:
                raise ValueError(f"{item.name} is {value!r}: give a number from 1 to {maximum}")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Where a server finds what it calls on. What is empty it does not have.

    `downstream` is the root of a service's URL, `database` a PostgreSQL URL, and `jobs` the file
    that keeps its deferred work. A `ValueError` names one that cannot be used.
    """

    downstream: str = ""
    database: str = ""
    jobs: str = ""

    def __post_init__(self) -> None:
        found = _URL.fullmatch(self.downstream)
        port = next((int(one) for one in found.groups() if one), 80) if found else 0
        if self.downstream and not 1 <= port <= MAX_PORT:
            allowed = f"give http://HOST:PORT, with a port from 1 to {MAX_PORT}"
            raise ValueError(f"downstream is {self.downstream!r}: {allowed}")
        if self.database:
            check_database_url("database", self.database)


def check_database_url(name: str, url: str) -> None:
    """Raise a `ValueError` for what is no URL of a PostgreSQL, under its name alone.

    Rule: it may hold a password. What reads it later, and would quote it where it makes no sense,
    never sees such a one.
    """
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("postgresql", "postgres") and parts.port != 0
    except ValueError:
        sound = False
    if not sound or _BAD_ESCAPE.search(url):
        raise ValueError(
            f"{name} is no URL of a PostgreSQL: give postgresql://USER:PASSWORD@HOST:PORT/NAME, in "
            "whose user and password all but letters and digits are escaped, as %40 for @"
        )


NOTHING = Dependencies()

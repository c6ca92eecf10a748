"""The tables of a file of jobs, and what is asked of them in more than one place.

An application id tells the file from any other database. Every function may raise sqlite3.Error.
"""

from __future__ import annotations

import errno
import sqlite3
import time

RECENT = 20
"""Jobs of which the rate is taken, the last that ended."""
PATIENCE_S = 5.0
"""How long a process waits for another that has the file."""
APPLICATION = 0x54424A31
COLUMNS = "id, state, ms, units, digest, reason, attempts, accepted_at, started_at, done_at"
"""Of a row what a `Job` is made of, in its order."""

# The number gives the order in which they were accepted, and so the one in which they run.
_TABLES = (
    """CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL DEFAULT 'waiting',
        ms INTEGER NOT NULL,
        units INTEGER NOT NULL,
        digest TEXT,
        reason TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        owner TEXT,
        accepted_at REAL NOT NULL,
        started_at REAL,
        done_at REAL
    )""",
    "CREATE INDEX jobs_by_state ON jobs (state, number)",
    "CREATE INDEX jobs_by_end ON jobs (done_at)",
    "CREATE TABLE totals (name TEXT PRIMARY KEY, count INTEGER NOT NULL DEFAULT 0)",
    "INSERT INTO totals (name) VALUES ('accepted'), ('refused'), ('done'), ('failed')",
)

_FULL, _HELD, _CLOSED = "free space there", "end what holds the file", "let it be written there"
_REMEDIES = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: "see that the disk works and has space",
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_LOCKED: _HELD,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
}
_OTHER = "move the file away"


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables in an empty file. It is an error where the file holds anything else."""
    _write_ahead(db)
    db.execute("PRAGMA synchronous = NORMAL")
    if _application(db) == APPLICATION:
        return
    # Of processes that open a new file at once, one makes the tables.
    db.execute("BEGIN IMMEDIATE")
    try:
        if _application(db) != APPLICATION:
            if db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
                raise sqlite3.DatabaseError("it is another database")
            for text in _TABLES:
                db.execute(text)
            db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def now() -> float:
    """Seconds since the epoch, to the microsecond."""
    return round(time.time(), 6)


def wrong(error: sqlite3.Error | OSError) -> tuple[str, str]:
    """What is wrong, without the path of a file, and a remedy for it."""
    if isinstance(error, OSError):
        remedy = _FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else _CLOSED
        return error.strerror or type(error).__name__, remedy
    # An extended code has the plain one in its lowest byte; an error of `prepare` has none.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_NOTADB) & 0xFF
    return str(error), _REMEDIES.get(code, _OTHER)


def running(db: sqlite3.Connection) -> int:
    """Jobs that run."""
    return int(db.execute("SELECT COUNT(*) FROM jobs WHERE state = 'running'").fetchone()[0])


def waiting(db: sqlite3.Connection) -> int:
    """Jobs that wait, by the totals: in the same time however many they are."""
    total = dict(db.execute("SELECT name, count FROM totals"))
    return int(total["accepted"] - total["done"] - total["failed"]) - running(db)


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """The fields of `Counts`; those that wait are counted, not what the totals leave for them."""
    total = dict(db.execute("SELECT name, count FROM totals"))
    unended = "SELECT state, COUNT(*) FROM jobs WHERE state IN ('waiting', 'running') "
    return {"waiting": 0, "running": 0, **total, **dict(db.execute(unended + "GROUP BY state"))}


def rate(db: sqlite3.Connection, now_s: float) -> float:
    """Jobs that end a second, from the last ones to now; 0 where none has ended."""
    ended = "SELECT done_at FROM jobs WHERE done_at IS NOT NULL ORDER BY done_at DESC LIMIT ?"
    found = db.execute(ended, (RECENT,)).fetchall()
    return len(found) / max(now_s - found[-1][0], 1e-3) if found else 0.0


def expire(db: sqlite3.Connection, before_s: float, most: int) -> None:
    """Remove the records of jobs that ended before a time, and of the others all but `most`."""
    db.execute("DELETE FROM jobs WHERE done_at <= ?", (before_s,))
    newest = "SELECT done_at FROM jobs WHERE done_at IS NOT NULL ORDER BY done_at DESC"
    db.execute(f"DELETE FROM jobs WHERE done_at <= ({newest} LIMIT 1 OFFSET ?)", (most,))


def _write_ahead(db: sqlite3.Connection) -> None:
    # Of processes that open a new file at once, all but one are told that it is locked, at once.
    deadline_s = time.monotonic() + PATIENCE_S
    while db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.01)


def _application(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA application_id").fetchone()[0])

"""Jobs in one SQLite file, which all worker processes of a server share.

What has been accepted survives SIGKILL of any process, and a restart of the server: a commit is
with the kernel before it is answered. A crash of the system itself may take the last commits, but
leaves the file whole (WAL with synchronous = NORMAL); in a file system in memory it takes all.

Rule: `totals` changes in the same transaction as the rows that it counts. It keeps on counting
jobs whose records have expired.
"""

from __future__ import annotations

import contextlib
import math
import secrets
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from servers.jobs import owner, tables
from servers.jobs.job import ATTEMPTS, KEPT, KEPT_S, Counts, Job, JobsError, QueueFullError
from servers.jobs.tables import COLUMNS

SWEEP_S = 10.0
RETRY_SHARE = 0.1
RETRY_MOST_S = 60

_ADD = "UPDATE totals SET count = count + 1 WHERE name = ?"
_MINE = "WHERE id = ? AND state = 'running' AND owner = ? AND attempts = ?"


class SqliteStore:
    """See `JobStore`. Threads may share it: one after the other has the file."""

    def __init__(self, path: Path, of: str | None = None) -> None:
        """Open a file, or make it with its folder, as this process or as another owner.

        Raises JobsError.
        """
        self._path = path
        self._owner = of or owner.this_process()
        self._lock = threading.Lock()
        self._swept_s = -math.inf
        with self._named():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path, timeout=tables.PATIENCE_S, isolation_level=None, check_same_thread=False
            )
            try:
                tables.prepare(self._db)
            except BaseException:
                self._db.close()
                raise
            found = path.stat()
        self._identity = found.st_dev, found.st_ino

    def is_there(self) -> bool:
        """Whether the file is still the one that was opened."""
        try:
            found = self._path.stat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def accept(self, ms: int, units: int, limit: int) -> Job:
        """See JobStore."""
        now = tables.now()
        with self._writing() as db:
            if tables.waiting(db) < limit:
                id_ = secrets.token_hex(16)
                row = (id_, ms, units, now)
                db.execute("INSERT INTO jobs (id, ms, units, accepted_at) VALUES (?, ?, ?, ?)", row)
                db.execute(_ADD, ("accepted",))
                self._sweep(db, now)
                return Job(id_, "waiting", ms, units, None, None, 0, now, None, None)
            db.execute(_ADD, ("refused",))
            rate = tables.rate(db, now)
        wait_s = math.ceil(RETRY_SHARE * limit / rate) if rate else RETRY_MOST_S
        raise QueueFullError(limit, min(max(wait_s, 1), RETRY_MOST_S))

    def find(self, job_id: str) -> Job | None:
        """See JobStore."""
        since = tables.now() - KEPT_S
        wanted = "WHERE id = ? AND (done_at IS NULL OR done_at > ?)"
        found = self._read(f"SELECT {COLUMNS} FROM jobs {wanted}", job_id, since)
        return Job(*found[0]) if found else None

    def newest(self, count: int) -> list[Job]:
        """See JobStore."""
        since = tables.now() - KEPT_S
        wanted = "WHERE done_at IS NULL OR done_at > ? ORDER BY number DESC LIMIT ?"
        return [
            Job(*row) for row in self._read(f"SELECT {COLUMNS} FROM jobs {wanted}", since, count)
        ]

    def counts(self) -> Counts:
        """See JobStore."""
        with self._transaction("DEFERRED") as db:
            return Counts(**tables.counts(db))

    def unended(self) -> tuple[int, int]:
        """See JobStore."""
        with self._transaction("DEFERRED") as db:
            return tables.waiting(db), tables.running(db)

    def claim(self, slots: int) -> Job | None:
        """See JobStore."""
        # Who finds nothing takes no lock from who writes.
        if not self._read("SELECT 1 FROM jobs WHERE state = 'waiting' LIMIT 1"):
            return None
        with self._writing() as db:
            if tables.running(db) >= slots:
                return None
            row = db.execute(
                "UPDATE jobs SET state = 'running', owner = ?, attempts = attempts + 1, "
                "started_at = ? WHERE number = (SELECT number FROM jobs WHERE state = 'waiting' "
                f"ORDER BY number LIMIT 1) RETURNING {COLUMNS}",
                (self._owner, tables.now()),
            ).fetchall()
        return Job(*row[0]) if row else None

    def finish(self, job: Job, digest: str) -> Job | None:
        """See JobStore."""
        with self._writing() as db:
            return self._end(db, job, self._owner, "done", digest, None)

    def fail(self, job: Job, reason: str) -> Job | None:
        """See JobStore."""
        with self._writing() as db:
            return self._failed(db, job, self._owner, reason)

    def release(self) -> int:
        """See JobStore."""
        with self._writing() as db:
            return db.execute(
                "UPDATE jobs SET state = 'waiting', owner = NULL, attempts = attempts - 1, "
                "started_at = NULL WHERE state = 'running' AND owner = ?",
                (self._owner,),
            ).rowcount

    def recover(self, mine: Collection[str] | None = None) -> list[Job]:
        """See JobStore."""
        running = self._read(f"SELECT owner, {COLUMNS} FROM jobs WHERE state = 'running'")
        living = {of for of in {row[0] for row in running} if owner.lives(of)}
        found: list[Job | None] = []
        for of, *columns in running:
            job, reason = Job(*columns), ""
            if of not in living:
                reason = f"its worker ended during attempt {job.attempts}"
            elif of == self._owner and mine is not None and job.id not in mine:
                reason = f"the end of attempt {job.attempts} could not be recorded"
            if reason:
                with self._writing() as db:
                    found.append(self._failed(db, job, of, reason))
        return [job for job in found if job is not None]

    def close(self) -> None:
        """See JobStore."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._db.close()

    def _failed(self, db: sqlite3.Connection, job: Job, of: str, reason: str) -> Job | None:
        if job.attempts >= ATTEMPTS:
            return self._end(db, job, of, "failed", None, reason)
        again = "UPDATE jobs SET state = 'waiting', owner = NULL, started_at = NULL"
        row = db.execute(f"{again} {_MINE} RETURNING {COLUMNS}", (job.id, of, job.attempts))
        return next((Job(*found) for found in row.fetchall()), None)

    def _end(
        self,
        db: sqlite3.Connection,
        job: Job,
        of: str,
        state: str,
        digest: str | None,
        reason: str | None,
    ) -> Job | None:
        ended = "UPDATE jobs SET state = ?, owner = NULL, digest = ?, reason = ?, done_at = ?"
        given = (state, digest, reason, tables.now(), job.id, of, job.attempts)
        row = db.execute(f"{ended} {_MINE} RETURNING {COLUMNS}", given).fetchall()
        if not row:
            return None
        db.execute(_ADD, (state,))
        return Job(*row[0])

    def _sweep(self, db: sqlite3.Connection, now: float) -> None:
        """Remove records that have expired, now and then: who asks is not shown them anyhow."""
        if time.monotonic() - self._swept_s >= SWEEP_S:
            self._swept_s = time.monotonic()
            tables.expire(db, now - KEPT_S, KEPT)

    def _read(self, text: str, *given: object) -> list[tuple[Any, ...]]:
        with self._lock, self._named():
            return self._db.execute(text, given).fetchall()

    def _writing(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """A transaction that no other process writes beside."""
        return self._transaction("IMMEDIATE")

    @contextlib.contextmanager
    def _transaction(self, kind: str) -> Iterator[sqlite3.Connection]:
        with self._lock, self._named():
            self._db.execute(f"BEGIN {kind}")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            cause, remedy = tables.wrong(error)
            remedy = f"{remedy}, or name another file: TESTBED_SERVER_JOBS"
            text = f"jobs cannot be kept in {self._path}: {cause}; {remedy}"
            raise JobsError(text, cause) from None

"""What both twins ask about jobs: a desk with a store behind it, which it opens at first need.

Rule: nothing here waits for a job; who runs them is the twin's own matter. What cannot be answered
is a `Problem` of the contract, the same from both.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from servers.contract import Problem
from servers.instruments.jobs import JobMeter
from servers.jobs import place
from servers.jobs.job import KEPT_S, LISTED, Counts, Job, JobsError, QueueFullError
from servers.jobs.sqlite_store import SqliteStore
from servers.settings import Settings

POLL_S = 0.25
"""How soon a worker that looks for jobs sees those that others accepted, or left."""
AGAIN_S = 2.0
"""How soon a worker looks again that could not look for a job, or not record the end of one."""
GRACE_S = 3.0
"""How long jobs that run when a worker is stopped may go on; then they wait again."""

log = logging.getLogger(__name__)


class Desk:
    """The jobs of one server, as one of its workers sees them. Threads may share it."""

    def __init__(self, settings: Settings, meter: JobMeter) -> None:
        self.slots = settings.job_slots
        self.meter = meter
        self._limit = settings.job_limit
        self._path = place.file_of(settings)
        self._store: SqliteStore | None = None
        self._opening = threading.Lock()
        # Who claims and who recovers must not meet: a job is this worker's before others look.
        self._claiming = threading.Lock()
        self._mine: set[str] = set()

    def accept(self, ms: int, units: int) -> Job:
        """A new job. Raises a `Problem` 503 where too many wait, or where none can be kept."""
        with _answering():
            store = self._open()
            try:
                job = store.accept(ms, units, self._limit)
            except QueueFullError:
                self.meter.refused()
                raise
        # Rule: it is accepted now, and nothing that fails from here on is told to who asked.
        self.meter.accepted()
        try:
            self.meter.waiting(store.unended()[0])
        except JobsError as error:
            log.warning("%s", error)
        return job

    def find(self, job_id: str) -> Job:
        """The job with this id. Raises a `Problem` 404 where there is none."""
        with _answering():
            job = self._open().find(job_id)
        if job is None:
            kept = f"it was never accepted, or ended more than {KEPT_S:g} s ago"
            raise Problem(404, "Not Found", f"no job has this id: {kept}")
        return job

    def overview(self) -> tuple[Counts, list[Job]]:
        """How many jobs there are in each state, and the newest of them."""
        with _answering():
            return self._open().counts(), self._open().newest(LISTED)

    def has_left_some(self) -> bool:
        """Whether an earlier server, or a worker that was killed, has left jobs that did not end.

        Makes no file. One that cannot be read is logged, and is no reason not to serve.
        """
        try:
            return self._path.exists() and any(self._open().unended())
        except JobsError as error:
            log.error("%s", error)
            return False

    def unended(self) -> bool:
        """Whether jobs wait or run, here or elsewhere. Raises JobsError."""
        waiting, running = self._open().unended()
        self.meter.waiting(waiting)
        return bool(waiting or running)

    def claim(self) -> Job | None:
        """Begin the job that waits longest, if there is a slot for it. Raises JobsError."""
        with self._claiming:
            store = self._open()
            for left in store.recover(self._mine):
                log.warning("job %s was lost in attempt %d", left.id, left.attempts)
                self.meter.ended(left)
            job = store.claim(self.slots)
            if job is not None:
                self._mine.add(job.id)
                self.meter.began(job)
            return job

    def end(self, job: Job, digest: str | None, error: BaseException | None = None) -> None:
        """Record what became of a job that was claimed. Raises JobsError."""
        try:
            if digest is not None:
                ended = self._open().finish(job, digest)
            else:
                ended = self._open().fail(job, f"attempt {job.attempts}: {error!r}")
        finally:
            self._mine.discard(job.id)
        if ended is not None:
            self.meter.ended(ended)

    def release(self) -> None:
        """Let the jobs that run here wait again. One that ends after all is not recorded."""
        if self._store is not None:
            self._store.release()

    def close(self) -> None:
        """Let go of the store; the next who asks opens it again."""
        with self._opening:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _open(self) -> SqliteStore:
        with self._opening:
            if self._store is not None and not self._store.is_there():
                self._store.close()
                self._store = None
            if self._store is None:
                self._store = SqliteStore(self._path)
                place.sweep(self._path)
            return self._store


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except QueueFullError as full:
        detail = f"{full.limit} jobs wait, and no more may: ask again when Retry-After says"
        problem = Problem(503, "Service Unavailable", detail, limit=full.limit)
        problem.headers["Retry-After"] = str(full.retry_s)
        raise problem from None
    except JobsError as error:
        # Where the server keeps its jobs is nothing for clients.
        log.error("%s", error)
        raise Problem(503, "Service Unavailable", error.told) from None

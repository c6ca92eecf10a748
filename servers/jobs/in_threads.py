"""Jobs in the synchronous twin: threads of the worker run them, beside its requests.

In a worker that gevent has patched they are greenlets. A thread is begun when a job needs it, and
ends when there is none left: a server that nobody gives jobs to has none.
"""

from __future__ import annotations

import atexit
import threading
import time

from servers.instruments.jobs import JobMeter
from servers.instruments.meter import Meter
from servers.jobs.desk import AGAIN_S, GRACE_S, POLL_S, Desk, log
from servers.jobs.job import Counts, Job, JobsError
from servers.settings import Settings
from servers.work import block, compute


class JobThreads:
    """The jobs of one worker."""

    def __init__(self, settings: Settings, meter: Meter | None) -> None:
        """`meter` counts them. Takes up what an earlier server has left, at once."""
        self._desk = Desk(settings, JobMeter(meter))
        self._changed = threading.Condition()
        self._threads = self._idle = 0
        self._stopping = False
        if self._desk.has_left_some():
            self._wake()

    def accept(self, ms: int, units: int) -> Job:
        """A new job, which waits. Raises a `Problem` 503."""
        job = self._desk.accept(ms, units)
        self._wake()
        return job

    def find(self, job_id: str) -> Job:
        """The job with this id. Raises a `Problem` 404."""
        job = self._desk.find(job_id)
        if job.state == "waiting":
            self._wake()
        return job

    def overview(self) -> tuple[Counts, list[Job]]:
        """How many jobs there are in each state, and the newest of them."""
        return self._desk.overview()

    def stop(self) -> None:
        """Begin no more jobs, and let those that run wait again if they do not end in time."""
        deadline_s = time.monotonic() + GRACE_S
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            while self._threads and (left_s := deadline_s - time.monotonic()) > 0:
                self._changed.wait(left_s)
        try:
            self._desk.release()
        except JobsError as error:
            log.error("%s", error)

    def _wake(self) -> None:
        """See that somebody looks for a job: who waits for one, or a new thread."""
        with self._changed:
            if self._idle:
                self._changed.notify()
            elif self._threads < self._desk.slots and not self._stopping:
                if not self._threads:
                    atexit.unregister(self.stop)
                    atexit.register(self.stop)
                try:
                    threading.Thread(target=self._work, name="jobs", daemon=True).start()
                    self._threads += 1
                except RuntimeError as error:
                    # Who asked has a job all the same, which waits.
                    log.error("%s; jobs wait until this process may have more threads", error)

    def _work(self) -> None:
        while True:
            try:
                while (job := self._next()) is not None:
                    self._run(job)
                return
            except Exception as error:
                text = "%s; jobs are looked for again in %g s"
                log.error(text, error, AGAIN_S, exc_info=not isinstance(error, JobsError))
            # Rule: one stays, whatever failed: what is begun here nobody else takes up.
            with self._changed:
                if self._stopping or self._idle:
                    self._leave()
                    return
                self._rest(AGAIN_S)

    def _next(self) -> Job | None:
        """The next job to run; None where this thread is needed no more, and has left."""
        while True:
            job = None if self._stopping else self._desk.claim()
            if job is not None:
                self._wake()
                return job
            # Rule: who leaves looks a last time while nobody can be told that a thread is there.
            with self._changed:
                if self._stopping or self._idle or not self._desk.unended():
                    self._leave()
                    return None
                self._rest(POLL_S)

    def _rest(self, most_s: float) -> None:
        self._idle += 1
        self._changed.wait(most_s)
        self._idle -= 1

    def _leave(self) -> None:
        self._threads -= 1
        # Only who stops waits for that: who rests is not to look for it.
        if self._stopping:
            self._changed.notify_all()

    def _run(self, job: Job) -> None:
        digest, failure = None, None
        try:
            block(job.ms)
            digest = compute(job.units)
        except Exception as error:
            failure = error
        finally:
            self._desk.meter.left()
        self._desk.end(job, digest, failure)

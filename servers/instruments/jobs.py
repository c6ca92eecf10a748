"""What a worker counts of the deferred jobs that it accepts and runs.

They run beside the requests: what they take of a worker is no request's. On an event loop it shows
as stalls, as all does that holds it.
"""

from __future__ import annotations

import threading
from bisect import bisect_left

from servers.instruments.meter import Meter
from servers.jobs.job import Job
from servers.metrics import BUCKETS, SUM


class JobMeter:
    """Counts into the ledger of a meter; without one it counts nothing."""

    def __init__(self, meter: Meter | None) -> None:
        self._meter = meter
        # Jobs are few, beside requests: their threads may wait for one another here.
        self._lock = threading.Lock()

    def accepted(self) -> None:
        """A job was accepted."""
        self._add("testbed_jobs_accepted_total", 1)

    def refused(self) -> None:
        """A job was refused."""
        self._add("testbed_jobs_refused_total", 1)

    def waiting(self, jobs: int) -> None:
        """So many wait now, of the whole server."""
        if self._meter is not None:
            series = self._meter.ledger.series("testbed_jobs_waiting")
            self._meter.cells[series] = jobs

    def began(self, job: Job) -> None:
        """This worker runs a job from now on."""
        if job.started_at is not None:
            self._observe("testbed_job_wait_seconds", job.started_at - job.accepted_at)
        self._add("testbed_jobs_running", 1)

    def left(self) -> None:
        """It does so no more, whatever became of it."""
        self._add("testbed_jobs_running", -1)

    def ended(self, job: Job) -> None:
        """A job has ended, if it has: one that waits again has not."""
        if job.state == "failed":
            self._add("testbed_jobs_failed_total", 1)
        elif job.state == "done" and job.done_at is not None:
            self._add("testbed_jobs_done_total", 1)
            self._observe("testbed_job_delivery_seconds", job.done_at - job.accepted_at)

    def _add(self, name: str, more: float) -> None:
        if self._meter is not None:
            with self._lock:
                self._meter.cells[self._meter.ledger.series(name)] += more

    def _observe(self, name: str, seconds: float) -> None:
        if self._meter is not None:
            # The clock may have been set back meanwhile.
            seconds = max(seconds, 0.0)
            cells, first = self._meter.cells, self._meter.ledger.series(name)
            with self._lock:
                cells[first + bisect_left(BUCKETS, seconds)] += 1
                cells[first + SUM] += seconds

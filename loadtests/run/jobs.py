"""The deferred jobs of a trial: a fresh file for its server, and what is in it at the end.

A trial whose requests give no jobs has none of it. The server has the time of the drain to
deliver, even where all requests have been answered before, and what then runs has the grace of a
server that is stopped; what still waits is recorded as waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from loadtests.experiment import Experiment
from loadtests.job_records import JobRecord, JobsRecord
from loadtests.plan import GeneratorPlan
from loadtests.results import TrialFolder, write_whole
from loadtests.run.service import TrialError
from loadtests.run.world import World
from loadtests.workload import Workload
from servers.jobs.job import KEPT, Job, JobsError
from servers.jobs.sqlite_store import SqliteStore

LOOK_S = 0.1


class TrialJobs:
    """The file of jobs of one trial, from before its server starts to its removal."""

    def __init__(
        self, world: World, experiment: Experiment, workload: Workload, folder: TrialFolder
    ) -> None:
        asked = any(request.path.startswith("/jobs") for request in workload.requests)
        # A standing server has been told its file long ago.
        self._wanted = asked and experiment.standing is None
        self._most = experiment.server_budget().job_limit + KEPT
        self._world, self._folder = world, folder
        self._place: Path | None = None
        self._stopped_ns = 0

    @property
    def file(self) -> str:
        """The file to tell the server of; empty where it needs none."""
        return "" if self._place is None else str(self._place / "jobs.sqlite")

    def __enter__(self) -> Self:
        if self._wanted:
            self._place = self._world.make_folder()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._place is not None:
            self._world.remove_folder(self._place)

    def drain(self, plan: GeneratorPlan, look: Callable[[], None]) -> None:
        """Let the server deliver until nothing is left, or the drain is over; then it may stop.

        `look` is called meanwhile. Raises TrialError.
        """
        end_ns = plan.origin_ns + round((plan.measure_s + plan.drain_s) * 1e9)
        while self._place is not None and self._world.now_ns() < end_ns:
            with self._opened() as store:
                if not any(store.unended()):
                    break
            self._world.sleep(LOOK_S)
            look()
        self._stopped_ns = self._world.now_ns()

    def collect(self) -> None:
        """Write down what became of the jobs, once their server has ended. Raises TrialError."""
        if self._place is None:
            return
        # Jobs have the time of day, samples the monotonic clock; within a trial they are as one.
        ahead_ns = time.time_ns() - self._world.now_ns()
        with self._opened() as store:
            counts, newest = store.counts(), store.newest(self._most)
        record = JobsRecord(
            accepted=counts.accepted,
            refused=counts.refused,
            waiting=counts.waiting,
            running=counts.running,
            done=counts.done,
            failed=counts.failed,
            jobs=tuple(_record(job, ahead_ns) for job in reversed(newest)),
            stopped_ns=self._stopped_ns,
        )
        write_whole(self._folder.jobs, record.model_dump_json() + "\n")

    @contextmanager
    def _opened(self) -> Iterator[SqliteStore]:
        try:
            with closing(SqliteStore(Path(self.file))) as store:
                yield store
        except JobsError as error:
            raise TrialError(f"what became of the jobs cannot be read: {error}") from None


def _record(job: Job, ahead_ns: int) -> JobRecord:
    def ns(at_s: float | None) -> int | None:
        return None if at_s is None else round(at_s * 1e9) - ahead_ns

    return JobRecord(
        state=job.state,
        attempts=job.attempts,
        accepted_ns=round(job.accepted_at * 1e9) - ahead_ns,
        started_ns=ns(job.started_at),
        done_ns=ns(job.done_at),
    )

"""Jobs in the asynchronous twin: tasks of the loop wait for them, and compute where requests do.

The store is asked in a thread of its own, for it may wait for another process or for a disk. A
task is begun when a job needs it, and ends when there is none left, as the thread does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from servers.instruments.jobs import JobMeter
from servers.instruments.meter import Meter
from servers.instruments.offload import offloaded
from servers.jobs.desk import AGAIN_S, GRACE_S, POLL_S, Desk, log
from servers.jobs.job import Counts, Job, JobsError
from servers.settings import Settings
from servers.work import compute

if TYPE_CHECKING:
    from servers.pools import Runner

P = ParamSpec("P")
Result = TypeVar("Result")


class JobTasks:
    """The jobs of one worker, for as long as its loop runs."""

    def __init__(self, settings: Settings, meter: Meter | None, computing: Runner) -> None:
        """`meter` counts them, and `computing` is where they compute."""
        self._desk = Desk(settings, JobMeter(meter))
        self._computing = computing
        self._store = ThreadPoolExecutor(1, "jobs")
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wakes = self._idle = 0
        self._stopping = False

    async def resume(self) -> None:
        """Take up what an earlier server has left."""
        if self._desk.has_left_some():
            self._wake()

    async def accept(self, ms: int, units: int) -> Job:
        """A new job, which waits. Raises a `Problem` 503."""
        try:
            job = await self._ask(self._desk.accept, ms, units)
        except asyncio.CancelledError:
            # Who asked has left, but the store may accept the job, and does so before it is asked
            # for one.
            self._wake()
            raise
        self._wake()
        return job

    async def find(self, job_id: str) -> Job:
        """The job with this id. Raises a `Problem` 404."""
        job = await self._ask(self._desk.find, job_id)
        if job.state == "waiting":
            self._wake()
        return job

    async def overview(self) -> tuple[Counts, list[Job]]:
        """How many jobs there are in each state, and the newest of them."""
        return await self._ask(self._desk.overview)

    async def stop(self) -> None:
        """Begin no more jobs, and let those that run wait again if they do not end in time."""
        self._stopping = True
        self._changed.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            await self._ask(self._desk.release)
        except JobsError as error:
            log.error("%s", error)
        await self._ask(self._desk.close)
        self._store.shutdown()

    async def _ask(self, work: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """Ask the desk, in the thread; what that costs is the request's, if there is one."""
        run = partial(asyncio.get_running_loop().run_in_executor, self._store)
        return await offloaded(run, lambda _: work(*args, **kwargs), 0)

    def _wake(self) -> None:
        """See that somebody looks for a job: who waits for one, or a new task."""
        self._wakes += 1
        if self._idle:
            self._changed.set()
        elif len(self._tasks) < self._desk.slots and not self._stopping:
            self._tasks.add(asyncio.create_task(self._work()))

    async def _work(self) -> None:
        try:
            while True:
                try:
                    while (job := await self._next()) is not None:
                        await self._run(job)
                    return
                except Exception as error:
                    text = "%s; jobs are looked for again in %g s"
                    log.error(text, error, AGAIN_S, exc_info=not isinstance(error, JobsError))
                # Rule: one stays, whatever failed: what is begun here nobody else takes up.
                if self._stopping or self._idle:
                    return
                await self._rest(AGAIN_S)
        finally:
            # Rule: who leaves is gone in the turn in which it saw that nothing was left: who is
            # told of a job later in that turn finds its place free.
            if (this := asyncio.current_task()) is not None:
                self._tasks.discard(this)

    async def _next(self) -> Job | None:
        """The next job to run; None where this task is needed no more."""
        while not self._stopping:
            wakes = self._wakes
            job = await self._ask(self._desk.claim)
            if job is not None:
                self._wake()
                return job
            needed = await self._ask(self._desk.unended)
            # Rule: who was told of a job meanwhile looks again.
            if wakes != self._wakes:
                continue
            if self._idle or not needed:
                break
            await self._rest(POLL_S)
        return None

    async def _rest(self, most_s: float) -> None:
        self._idle += 1
        self._changed.clear()
        try:
            async with asyncio.timeout(most_s):
                await self._changed.wait()
        except TimeoutError:
            pass
        finally:
            self._idle -= 1

    async def _run(self, job: Job) -> None:
        digest, failure = None, None
        try:
            await asyncio.sleep(job.ms / 1000)
            digest = await self._computing(compute, job.units)
        except Exception as error:
            failure = error
        finally:
            self._desk.meter.left()
        await self._ask(self._desk.end, job, digest, failure)


@asynccontextmanager
async def serving(
    settings: Settings, meter: Meter | None, computing: Runner
) -> AsyncIterator[JobTasks]:
    """The jobs of this worker, from those that an earlier one left to those that it leaves."""
    jobs = JobTasks(settings, meter, computing)
    await jobs.resume()
    try:
        yield jobs
    finally:
        await jobs.stop()

"""A job that was accepted is begun, and ends, without anybody asking for it again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from servers.jobs import in_threads, on_loop
from servers.jobs.desk import Desk
from servers.jobs.in_threads import JobThreads
from servers.jobs.job import Job, JobsError
from servers.jobs.on_loop import JobTasks
from servers.jobs.sqlite_store import SqliteStore
from servers.settings import Settings
from servers.work import compute

DEADLINE_S = 5.0
Result = TypeVar("Result")


async def computing(work: Callable[[int], Result], units: int, request: object = None, /) -> Result:
    return work(units)


def settings(path: Path, slots: int = 1) -> Settings:
    return Settings(jobs=str(path), job_slots=slots)


def ended(path: Path, job_id: str, deadline_s: float = DEADLINE_S) -> Job:
    """The job once it is done, as another process sees it: who runs jobs is not told."""
    store, until = SqliteStore(path), time.monotonic() + deadline_s
    try:
        while (job := store.find(job_id)) is None or job.state != "done":
            assert time.monotonic() < until, job
            time.sleep(0.005)
        return job
    finally:
        store.close()


def test_a_job_accepted_in_the_turn_in_which_the_last_task_leaves_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop is held: it hears at once that nothing was left, and that a job was accepted."""
    looking, look, path, unended = (
        threading.Event(),
        threading.Event(),
        tmp_path / "jobs",
        Desk.unended,
    )

    def held(desk: Desk) -> bool:
        found = unended(desk)
        looking.set()
        assert look.wait(DEADLINE_S)
        return found

    async def serve() -> Job:
        jobs = JobTasks(settings(path), None, computing)
        monkeypatch.setattr(Desk, "unended", held)
        await jobs.accept(0, 0)
        assert await asyncio.to_thread(looking.wait, DEADLINE_S)
        accepting = asyncio.create_task(jobs.accept(0, 1))
        await asyncio.sleep(0)
        look.set()
        # Nothing else happens on the loop until the store has answered both.
        jobs._store.submit(int).result(DEADLINE_S)
        try:
            return await asyncio.to_thread(ended, path, (await accepting).id)
        finally:
            await jobs.stop()

    assert asyncio.run(serve()).digest == compute(1)


def by_threads(path: Path, meanwhile: Callable[[str], Result], slots: int) -> Result:
    jobs = JobThreads(settings(path, slots), None)
    try:
        return meanwhile(jobs.accept(0, 1).id)
    finally:
        jobs.stop()


def by_tasks(path: Path, meanwhile: Callable[[str], Result], slots: int) -> Result:
    async def serve() -> Result:
        jobs = JobTasks(settings(path, slots), None, computing)
        try:
            return await asyncio.to_thread(meanwhile, (await jobs.accept(0, 1)).id)
        finally:
            await jobs.stop()

    return asyncio.run(serve())


Twin = Callable[[Path, Callable[[str], Result], int], Result]
TWINS = pytest.mark.parametrize("twin", [by_threads, by_tasks], ids=["flask", "starlette"])


class Failing:
    """A method of the store that fails so often, and then does what it did."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, times: int) -> None:
        self.calls, self._times, self._does = 0, times, getattr(SqliteStore, name)
        monkeypatch.setattr(SqliteStore, name, lambda *given: self(*given))

    def __call__(self, *given: object) -> object:
        self.calls += 1
        if self.calls <= self._times:
            raise JobsError("jobs cannot be kept: disk is full")
        return self._does(*given)

    def until_called(self, times: int = 1) -> None:
        until = time.monotonic() + DEADLINE_S
        while self.calls < times:
            assert time.monotonic() < until, self.calls
            time.sleep(0.005)


def again_in(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    for module in (in_threads, on_loop):
        monkeypatch.setattr(module, "AGAIN_S", seconds)


@TWINS
@pytest.mark.parametrize(
    ("fails", "times", "attempts"),
    [("finish", 1, 2), ("finish", 2, 3), ("claim", 3, 1), ("recover", 3, 1)],
)
def test_a_job_ends_when_the_store_can_be_written_again(
    twin: Twin[Job],
    fails: str,
    times: int,
    attempts: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    again_in(monkeypatch, 0.02)
    Failing(monkeypatch, fails, times)

    job = twin(tmp_path / "jobs", partial(ended, tmp_path / "jobs"), 1)

    assert (job.attempts, job.digest) == (attempts, compute(1))
    told = "jobs cannot be kept: disk is full; jobs are looked for again in 0.02 s"
    errors = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    assert errors == [told] * times


@TWINS
def test_a_job_that_runs_is_left_alone_while_another_could_not_be_recorded(
    twin: Twin[None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again_in(monkeypatch, 0.02)
    path = tmp_path / "jobs"
    other = SqliteStore(path)
    long = other.accept(400, 1, 10).id
    finish = Failing(monkeypatch, "finish", 1)

    def meanwhile(short: str) -> None:
        assert ended(path, short).attempts == 2
        running = other.find(long)
        assert running is not None
        assert (running.state, running.attempts) == ("running", 1)
        assert ended(path, long).attempts == 1

    twin(path, meanwhile, 2)
    assert finish.calls == 3
    other.close()


@TWINS
def test_of_those_that_fail_one_stays_and_a_stop_does_not_wait_for_it(
    twin: Twin[None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again_in(monkeypatch, 60.0)
    path = tmp_path / "jobs"
    other = SqliteStore(path)
    for _ in range(2):
        other.accept(400, 0, 10)
    finish, release = Failing(monkeypatch, "finish", 9), Failing(monkeypatch, "release", 0)
    stopped = []

    def meanwhile(_: str) -> None:
        finish.until_called(3)
        assert other.unended() == (0, 3)
        stopped.append(time.monotonic())

    twin(path, meanwhile, 3)
    assert time.monotonic() - stopped[0] < 2.0
    assert (finish.calls, release.calls) == (3, 1)
    assert other.unended() == (3, 0)
    other.close()


@TWINS
def test_a_job_is_accepted_though_nobody_can_count_those_that_wait(
    twin: Twin[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again_in(monkeypatch, 0.02)
    counted = Failing(monkeypatch, "unended", 1)

    job = twin(tmp_path / "jobs", partial(ended, tmp_path / "jobs"), 1)

    assert (job.attempts, job.digest) == (1, compute(1))
    assert counted.calls > 1


def test_a_job_is_accepted_though_no_thread_can_be_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    jobs = JobThreads(settings(tmp_path / "jobs"), None)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        job_id = jobs.accept(0, 1).id

    assert jobs.find(job_id).state == "waiting"
    assert ended(tmp_path / "jobs", job_id).attempts == 1
    jobs.stop()


def test_a_job_of_a_request_that_is_cancelled_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, accepting, cancelled = tmp_path / "jobs", threading.Event(), threading.Event()
    accept = SqliteStore.accept

    def held(store: SqliteStore, ms: int, units: int, limit: int) -> Job:
        accepting.set()
        assert cancelled.wait(DEADLINE_S)
        return accept(store, ms, units, limit)

    async def serve() -> Job:
        jobs = JobTasks(settings(path), None, computing)
        monkeypatch.setattr(SqliteStore, "accept", held)
        request = asyncio.create_task(jobs.accept(0, 1))
        assert await asyncio.to_thread(accepting.wait, DEADLINE_S)
        request.cancel()
        await asyncio.wait([request])
        assert request.cancelled()
        cancelled.set()
        jobs._store.submit(int).result(DEADLINE_S)
        store = SqliteStore(path)
        [job] = store.newest(2)
        store.close()
        try:
            return await asyncio.to_thread(ended, path, job.id)
        finally:
            await jobs.stop()

    assert asyncio.run(serve()).digest == compute(1)

"""The rules of the store: one owner at a time, three attempts, nothing uncounted."""

from __future__ import annotations

import errno
import multiprocessing
import os
import sqlite3
from pathlib import Path

import pytest

from servers import ledger
from servers.jobs import owner, sqlite_store, tables
from servers.jobs.job import ATTEMPTS, KEPT_S, Counts, JobsError, QueueFullError
from servers.jobs.sqlite_store import SqliteStore

OTHER = f"{os.getppid()}-{ledger.born(os.getppid()) or 0}"
# A process that began when this one did not.
DEAD = f"{os.getpid()}-1"
JOBS = 120
PROCESSES = 4


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "jobs")


def counts(store: SqliteStore, **expected: int) -> None:
    """The counts are as expected, the rest of them 0, and add up."""
    found = store.counts()
    assert found == Counts(**{name: expected.get(name, 0) for name in Counts.__dataclass_fields__})
    assert found.accepted == found.waiting + found.running + found.done + found.failed
    assert store.unended() == (found.waiting, found.running)


def test_jobs_run_in_the_order_in_which_they_were_accepted(store: SqliteStore) -> None:
    ids = [store.accept(ms, 0, 10).id for ms in range(3)]

    claimed = [store.claim(3) for _ in ids]

    assert [job and job.id for job in claimed] == ids
    assert [job and job.ms for job in claimed] == [0, 1, 2]
    counts(store, accepted=3, running=3)


def test_slots_are_those_of_all_processes(store: SqliteStore, tmp_path: Path) -> None:
    other = SqliteStore(tmp_path / "jobs", OTHER)
    for _ in range(4):
        store.accept(0, 0, 10)

    assert [one.claim(3) is not None for one in (store, other, store, other)] == [
        True, True, True, False,
    ]  # fmt: skip
    counts(store, accepted=4, running=3, waiting=1)


def test_a_job_ends_once_and_by_its_owner_only(store: SqliteStore, tmp_path: Path) -> None:
    other = SqliteStore(tmp_path / "jobs", OTHER)
    store.accept(0, 0, 10)
    job = store.claim(1)
    assert job is not None

    assert other.finish(job, "stolen") is None
    ended = store.finish(job, "mine")
    assert ended is not None
    assert store.finish(job, "again") is None
    assert store.fail(job, "again") is None

    found = store.find(job.id)
    assert found == ended
    assert found is not None
    assert (found.state, found.digest, found.attempts) == ("done", "mine", 1)
    counts(store, accepted=1, done=1)


def test_the_job_of_a_dead_process_waits_again_and_fails_the_third_time(tmp_path: Path) -> None:
    store, dead = SqliteStore(tmp_path / "jobs"), SqliteStore(tmp_path / "jobs", DEAD)
    job_id = store.accept(0, 0, 10).id
    for attempt in range(1, ATTEMPTS + 1):
        job = dead.claim(1)
        assert job is not None
        assert job.attempts == attempt
        assert [left.id for left in store.recover()] == [job_id]
        assert dead.finish(job, "too late") is None

    found = store.find(job_id)
    assert found is not None
    assert (found.state, found.reason) == ("failed", "its worker ended during attempt 3")
    assert store.recover() == []
    counts(store, accepted=1, failed=1)


def test_the_job_of_a_living_process_stays_its_own(store: SqliteStore, tmp_path: Path) -> None:
    store.accept(0, 0, 10)
    assert SqliteStore(tmp_path / "jobs", OTHER).claim(1) is not None

    assert store.recover() == []
    counts(store, accepted=1, running=1)


def test_a_job_that_raises_is_tried_three_times(store: SqliteStore) -> None:
    job_id = store.accept(0, 0, 10).id
    states = []
    for _ in range(ATTEMPTS):
        job = store.claim(1)
        assert job is not None
        after = store.fail(job, f"attempt {job.attempts}: broken")
        assert after is not None
        states.append(after.state)

    found = store.find(job_id)
    assert states == ["waiting", "waiting", "failed"]
    assert found is not None
    assert found.reason == "attempt 3: broken"
    counts(store, accepted=1, failed=1)


def test_what_is_released_waits_as_if_it_had_not_begun(store: SqliteStore) -> None:
    store.accept(0, 0, 10)
    job = store.claim(1)
    assert job is not None

    assert store.release() == 1
    assert store.finish(job, "too late") is None
    again = store.claim(1)

    assert again is not None
    assert (again.id, again.attempts) == (job.id, 1)
    # The first claim looks like the second, but for when it began.
    counts(store, accepted=1, running=1)


@pytest.mark.parametrize(
    ("ended", "ago_s", "retry_s"),
    # A tenth of 100 jobs at 20 in 5, 40 or 0 s, and where nothing has ended.
    [(20, 5.0, 3), (20, 40.0, 20), (20, 0.0, 1), (2, 40.0, 60), (0, 0.0, 60)],
)
def test_retry_after_is_a_tenth_of_the_queue_at_the_rate_of_the_last_jobs(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, ended: int, ago_s: float, retry_s: int
) -> None:
    monkeypatch.setattr(tables, "now", lambda: 1000.0)
    for _ in range(ended):
        store.accept(0, 0, 100)
        job = store.claim(1)
        assert job is not None
        store.finish(job, "")
    monkeypatch.setattr(tables, "now", lambda: 1000.0 + ago_s)
    for _ in range(100):
        store.accept(0, 0, 100)

    with pytest.raises(QueueFullError) as refused:
        store.accept(0, 0, 100)

    assert refused.value.retry_s == retry_s
    counts(store, accepted=100 + ended, waiting=100, done=ended, refused=1)


def test_a_record_expires_and_stays_counted(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "SWEEP_S", 0.0)
    now = [1000.0]
    monkeypatch.setattr(tables, "now", lambda: now[0])
    old, waiting = store.accept(0, 0, 10).id, store.accept(0, 0, 10).id
    job = store.claim(1)
    assert job is not None
    store.finish(job, "")

    now[0] += KEPT_S - 1
    assert store.find(old) is not None
    now[0] += 1
    assert store.find(old) is None
    assert [job.id for job in store.newest(10)] == [waiting]
    # The next to be accepted removes it from the file.
    newer = store.accept(0, 0, 10).id
    now[0] -= 1

    assert store.find(old) is None
    assert [job.id for job in store.newest(10)] == [newer, waiting]
    counts(store, accepted=3, waiting=2, done=1)


def test_the_newest_records_are_kept(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "SWEEP_S", 0.0)
    monkeypatch.setattr(sqlite_store, "KEPT", 3)
    now = [1000.0]
    monkeypatch.setattr(tables, "now", lambda: now[0])
    ids = []
    for _ in range(6):
        ids.append(store.accept(0, 0, 10).id)
        job = store.claim(1)
        assert job is not None
        now[0] += 1
        store.finish(job, "")
    store.accept(0, 0, 10)

    assert [job.id for job in store.newest(10)][1:] == ids[:2:-1]
    counts(store, accepted=7, done=6, waiting=1)


def test_a_file_that_was_taken_away_is_noticed(store: SqliteStore, tmp_path: Path) -> None:
    assert store.is_there()
    (tmp_path / "jobs").unlink()
    assert not store.is_there()
    SqliteStore(tmp_path / "jobs")
    assert not store.is_there()


def test_a_file_that_cannot_be_written_is_named(store: SqliteStore, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "jobs") as db:
        db.execute("DROP TABLE totals")
    db.close()

    with pytest.raises(
        JobsError, match=f"jobs cannot be kept in {tmp_path / 'jobs'}: no such table"
    ):
        store.accept(0, 0, 10)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (sqlite3.SQLITE_FULL, "free space there"),
        (sqlite3.SQLITE_IOERR_WRITE, "see that the disk works and has space"),
        (sqlite3.SQLITE_BUSY_RECOVERY, "end what holds the file"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "let it be written there"),
        (sqlite3.SQLITE_CORRUPT, "move the file away"),
    ],
)
def test_each_cause_has_its_own_remedy(code: int, remedy: str) -> None:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    assert tables.wrong(error) == ("as SQLite says it", remedy)


@pytest.mark.parametrize(
    ("code", "remedy"), [("ENOSPC", "free space there"), ("EACCES", "let it be written there")]
)
def test_no_cause_names_a_path(code: str, remedy: str) -> None:
    number = getattr(errno, code)
    error = OSError(number, os.strerror(number), "/secret/jobs")
    assert tables.wrong(error) == (os.strerror(number), remedy)


def test_a_file_that_is_none_of_ours_is_to_be_moved(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("A letter, and not a database. " * 40)
    with pytest.raises(JobsError, match=r"move the file away, or name another file") as raised:
        SqliteStore(tmp_path / "jobs")
    assert str(tmp_path / "jobs") in str(raised.value)
    assert raised.value.told == "jobs cannot be kept: file is not a database"


def test_a_process_that_has_ended_and_is_not_reaped_does_not_live() -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    born = ledger.born(child)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    try:
        assert not owner.lives(f"{child}-{born}")
    finally:
        os.waitpid(child, 0)
    assert owner.lives(owner.this_process())
    assert not owner.lives(DEAD)


def _work(path: Path, jobs: int) -> None:
    """Accept so many, and run until none is left."""
    store = SqliteStore(path)
    for ms in range(jobs):
        store.accept(ms, 0, 10_000)
        if (job := store.claim(2)) is not None:
            store.finish(job, str(job.ms))
    while any(store.unended()):
        if (job := store.claim(2)) is not None:
            store.finish(job, str(job.ms))


def test_processes_share_a_file_and_do_each_job_once(tmp_path: Path) -> None:
    """They open it at once, too: nobody has made it before."""
    path, context = tmp_path / "jobs", multiprocessing.get_context("spawn")
    workers = [context.Process(target=_work, args=(path, JOBS)) for _ in range(PROCESSES)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)

    assert [one.exitcode for one in workers] == [0] * PROCESSES
    store = SqliteStore(path)
    counts(store, accepted=JOBS * PROCESSES, done=JOBS * PROCESSES)
    found = store.newest(JOBS * PROCESSES)
    assert {(job.attempts, job.digest == str(job.ms)) for job in found} == {(1, True)}
    assert sorted(job.ms for job in found) == sorted([*range(JOBS)] * PROCESSES)

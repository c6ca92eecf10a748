"""A job whose end cannot be recorded is neither lost nor in the way of others."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from servers.endpoint import Problem
from servers.instruments.jobs import JobMeter
from servers.jobs.desk import Desk
from servers.jobs.in_threads import JobThreads
from servers.jobs.job import ATTEMPTS, JobsError
from servers.jobs.sqlite_store import SqliteStore
from servers.settings import Settings
from servers.work import compute

DEADLINE_S = 30


def full_disk(*_: object) -> None:
    raise JobsError("jobs cannot be kept: disk is full")


def test_a_job_whose_end_was_not_recorded_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(Settings(jobs=str(tmp_path / "jobs"), job_slots=1), JobMeter(None))
    job_id = desk.accept(0, 0).id
    first = desk.claim()
    assert first is not None
    # While it runs it is in nobody's way but its own.
    assert desk.claim() is None
    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "finish", full_disk)
        with pytest.raises(JobsError):
            desk.end(first, "done")

    again = desk.claim()
    assert again is not None
    assert (again.id, again.attempts) == (job_id, 2)
    desk.end(again, "done")
    assert desk.find(job_id).state == "done"
    desk.close()


def test_work_that_raises_is_tried_three_times_and_has_failed_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(units: int) -> str:
        if units == 7:
            raise ValueError("seven")
        return compute(units)

    monkeypatch.setattr("servers.jobs.in_threads.compute", broken)
    jobs = JobThreads(Settings(jobs=str(tmp_path / "jobs"), job_slots=1), None)
    bad, good = jobs.accept(0, 7).id, jobs.accept(0, 1).id
    deadline = time.monotonic() + DEADLINE_S
    while jobs.find(good).state != "done":
        assert time.monotonic() < deadline
        time.sleep(0.01)

    found = jobs.find(bad)
    assert (found.state, found.attempts) == ("failed", ATTEMPTS)
    assert found.reason == "attempt 3: ValueError('seven')"
    assert jobs.find(good).digest == compute(1)


def test_clients_are_not_told_where_a_server_keeps_its_jobs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "jobs").write_text("A letter, and not a database. " * 40)
    desk = Desk(Settings(jobs=str(tmp_path / "jobs")), JobMeter(None))
    with pytest.raises(Problem) as raised:
        desk.accept(0, 0)

    assert raised.value.status == 503
    assert str(raised.value) == "jobs cannot be kept: file is not a database"
    assert str(tmp_path / "jobs") in caplog.text

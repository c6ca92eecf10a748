"""What is counted of a job follows from what became of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from servers.instruments.jobs import JobMeter
from servers.instruments.meter import Meter
from servers.jobs.job import Job, State
from servers.ledger import Reader
from servers.settings import Settings


def ended(state: State) -> Job:
    return Job("0" * 32, state, 5, 0, None, None, 1, 100.0, 101.0, 103.0)


def counted(tmp_path: Path) -> dict[str, float]:
    (path,) = tmp_path.glob("*.ledger")
    reader = Reader(path)
    try:
        return {one.name: one.cells[-1] for one in reader.series() if "_job" in one.name}
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("failed", {"testbed_jobs_failed_total": 1.0}),
        ("done", {"testbed_jobs_done_total": 1.0, "testbed_job_delivery_seconds": 3.0}),
        # It was lost and waits again: it has not ended.
        ("waiting", {}),
    ],
)
def test_a_job_that_has_ended_is_counted_as_what_it_was(
    tmp_path: Path, state: State, expected: dict[str, float]
) -> None:
    meter = JobMeter(Meter(Settings(ledgers=str(tmp_path), profile="sync"), slots=1))

    assert counted(tmp_path) == {}
    meter.ended(ended(state))

    assert counted(tmp_path) == expected


def test_without_instruments_nothing_is_counted_and_nothing_breaks() -> None:
    meter = JobMeter(None)
    meter.accepted()
    meter.began(ended("running"))
    meter.left()
    meter.waiting(3)
    meter.ended(ended("done"))

"""The file of jobs of a trial: fresh for its server, written down at the end, and removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests import experiment as experiments
from loadtests import results
from loadtests.experiment_errors import ExperimentError
from loadtests.job_records import JobsRecord
from loadtests.plan import GeneratorPlan
from loadtests.results import RunFolder
from loadtests.run.jobs import LOOK_S
from loadtests.run.progress import Silent
from loadtests.run.runner import RunError, run
from servers.jobs.sqlite_store import SqliteStore
from tests.loadtests.fakes import FakeWorld

TEXT = """
name = "small"
question = "What becomes of it?"
seed = 7
warmup_s = 0.5
measure_s = 2.5
retries = 0
instruments = false
profiles = ["uvloop"]
[[workloads]]
name = "later"
requests = [{ path = "/jobs", method = "POST", params = { ms = 5 } }]
[[loads]]
name = "50/s"
mode = "open"
rate = 50.0
"""
OTHER = TEXT.replace('path = "/jobs", method = "POST"', 'path = "/wait"')
VARIABLE = "TESTBED_SERVER_JOBS"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return results.create("small", TEXT, tmp_path / "run")


def test_what_became_of_the_jobs_is_kept_by_the_clock_of_the_samples(folder: RunFolder) -> None:
    world = FakeWorld()
    files: list[Path] = []

    def work() -> None:
        files.append(Path(world.environment["server"][VARIABLE]))
        store = SqliteStore(files[0])
        store.accept(5, 0, 2)
        store.accept(5, 0, 2)
        job = store.claim(1)
        assert job is not None
        store.finish(job, "")
        store.close()

    world.during_load = work
    run(world, experiments.parse(TEXT), folder, Silent(), (None, None), dict)

    (trial,) = folder.saved()
    found = JobsRecord.model_validate_json(trial.jobs.read_bytes())
    assert (found.accepted, found.done, found.waiting, found.running) == (2, 1, 1, 0)
    assert [job.state for job in found.jobs] == ["done", "waiting"]
    done, waiting = found.jobs
    assert done.started_ns is not None
    assert done.done_ns is not None
    assert done.accepted_ns <= done.started_ns <= done.done_ns
    assert (waiting.started_ns, waiting.done_ns) == (None, None)
    # Accepted just now by the time of day, which the pretended time has run ahead of.
    assert 0 <= world.time_ns - done.accepted_ns < 10e9
    # One that waits has all of the drain.
    plan = GeneratorPlan.model_validate_json(trial.plan.read_bytes())
    end_ns = plan.origin_ns + (plan.measure_s + plan.drain_s) * 1e9
    assert end_ns <= found.stopped_ns < end_ns + 2 * LOOK_S * 1e9
    assert [folder.exists() for folder in world.folders] == [False]
    assert files[0].parent == world.folders[0]


def test_a_server_that_has_delivered_all_is_stopped_at_once(folder: RunFolder) -> None:
    world = FakeWorld()
    ended_ns: list[int] = []
    world.during_load = lambda: ended_ns.append(world.time_ns)
    run(world, experiments.parse(TEXT), folder, Silent(), (None, None), dict)

    (trial,) = folder.saved()
    assert JobsRecord.model_validate_json(trial.jobs.read_bytes()).stopped_ns == ended_ns[0]


def test_a_trial_that_gives_no_jobs_has_no_file(folder: RunFolder) -> None:
    world = FakeWorld()
    run(world, experiments.parse(OTHER), folder, Silent(), (None, None), dict)

    (trial,) = folder.saved()
    assert not trial.jobs.exists()
    assert VARIABLE not in world.environment["server"]
    assert world.folders == []


def test_a_path_that_stands_for_many_is_no_request() -> None:
    with pytest.raises(ExperimentError, match=r"'/jobs/\{id\}' is not in the contract, allowed"):
        experiments.parse(OTHER.replace('"/wait"', '"/jobs/{id}"'))


def test_a_file_that_cannot_be_read_ends_the_run_with_its_name(folder: RunFolder) -> None:
    world = FakeWorld()
    world.during_load = lambda: Path(world.environment["server"][VARIABLE]).mkdir()

    with pytest.raises(RunError, match=r"jobs cannot be read: .*jobs\.sqlite"):
        run(world, experiments.parse(TEXT), folder, Silent(), (None, None), dict)
    assert [folder.exists() for folder in world.folders] == [False]

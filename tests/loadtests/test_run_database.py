"""The database of a run, in a pretended machine: started once, made anew for trials, watched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loadtests import experiment as experiments
from loadtests import results
from loadtests.analysis.analyze import analyze
from loadtests.analysis.subjects import LeftOut
from loadtests.experiment import Experiment
from loadtests.experiment_errors import ExperimentError
from loadtests.results import RunFolder
from loadtests.run.database import Named
from loadtests.run.progress import Silent
from loadtests.run.runner import RunError, run
from tests.loadtests.fakes import DATABASE, FakeWorld

TEXT = """
name = "small"
question = "Does it run?"
seed = 7
warmup_s = 0.2
measure_s = 1.0
profiles = ["sync", "uvloop"]
[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 5 } }]
[[workloads]]
name = "rows"
requests = [{ path = "/db", params = { queries = 3 } }]
[[loads]]
name = "50/s"
mode = "open"
rate = 50.0
"""
ONLY_ROWS = TEXT.replace("""[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 5 } }]
""", "")  # fmt: skip
MISSING = ("error: no PostgreSQL is to be found on this machine: install it", 3)
OWN = "TESTBED_SERVER_DATABASE"
PINNED = (frozenset({0}), frozenset({1}))


class Heard(Silent):
    """What a run says of itself."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def says(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return results.create("small", TEXT, tmp_path / "run")


def run_in(
    world: FakeWorld, folder: RunFolder, text: str = TEXT, named: Named | None = None
) -> list[str]:
    """Run it pinned; returns what the run says of itself."""
    heard = Heard()
    told = {"system": "pretended"}
    run(world, experiments.parse(text), folder, heard, PINNED, lambda: told, named=named or Named())
    return heard.lines


def environment(folder: RunFolder) -> dict[str, object]:
    found: dict[str, object] = json.loads(folder.environment.read_text())
    return found


def test_one_database_serves_the_run_and_its_table_is_made_anew_for_each_trial_that_needs_it(
    folder: RunFolder,
) -> None:
    world = FakeWorld()

    said = run_in(world, folder)

    of_databases = [line for line in world.log if "database" in line or line.startswith("start ")]
    wait = ["start exporter", "start generator"]
    anew = ["start database --anew", "stop database --anew"]
    assert of_databases == [
        "start database",
        *("start sync", *wait, "start uvloop", *wait),
        *(*anew, "start sync", *wait, *anew, "start uvloop", *wait),
        "stop database",
    ]
    assert world.log[-2:] == ["stop database", "remove folder"]
    assert said == []
    assert environment(folder)["database"] == (
        "PostgreSQL 15.1, of the testbed's own, without fsync"
    )
    assert analyze(folder).left_out == ()


def test_a_server_is_told_of_the_database_in_trials_that_need_it_only(folder: RunFolder) -> None:
    world, told = FakeWorld(), []
    world.during_load = lambda: told.append(world.environment["server"].get(OWN))

    run_in(world, folder)

    assert told == [None, None, DATABASE, DATABASE]
    assert world.environment["database --anew"] == {"DATABASE_URL": DATABASE}


def test_it_keeps_to_the_generators_processors(folder: RunFolder) -> None:
    world = FakeWorld()

    run_in(world, folder)

    assert (world.cpus["database"], world.cpus["server"]) == (PINNED[1], PINNED[0])
    assert world.cpus["database --anew"] == PINNED[1]


def test_a_run_that_needs_none_starts_none(folder: RunFolder) -> None:
    world = FakeWorld()
    text = TEXT.replace('path = "/db", params = { queries = 3 }', 'path = "/hello"')

    run_in(world, folder, text)

    assert not [line for line in world.log if "database" in line]
    assert "database" not in environment(folder)


def test_where_there_is_none_its_workloads_are_left_out_and_the_rest_runs(
    folder: RunFolder,
) -> None:
    world = FakeWorld()
    world.database_says = MISSING

    said = run_in(world, folder)

    why = "no PostgreSQL is to be found on this machine: install it"
    assert said == [f"left out: rows, for {why}"]
    summary = analyze(folder)
    assert [(t.profile, t.workload) for t in summary.trials] == [
        ("sync", "wait"), ("uvloop", "wait"),
    ]  # fmt: skip
    assert (summary.planned_trials, [w.name for w in summary.workloads]) == (2, ["wait"])
    assert summary.left_out == (LeftOut("rows", why),)
    assert environment(folder)["database"] == "none"


def test_where_nothing_is_left_to_run_the_run_is_refused(folder: RunFolder) -> None:
    world = FakeWorld()
    world.database_says = MISSING

    with pytest.raises(RunError, match="every workload needs a database, and no PostgreSQL is"):
        run_in(world, folder, ONLY_ROWS)
    assert world.folders
    assert not any(made.exists() for made in world.folders)


def test_one_that_does_not_start_for_another_reason_ends_the_run_with_it(
    folder: RunFolder,
) -> None:
    world = FakeWorld()
    world.database_says = ("error: the database did not start on port 4999", 1)

    with pytest.raises(RunError, match=r"(?s)did not start:.*on port 4999"):
        run_in(world, folder)


def test_one_that_is_never_ready_is_given_up_and_ended(folder: RunFolder) -> None:
    world = FakeWorld()
    world.database_says = ("", None)

    with pytest.raises(RunError, match="the database was not ready after 60 s"):
        run_in(world, folder)
    assert world.log[-2:] == ["stop database", "remove folder"]


def test_one_that_dies_in_mid_trial_is_an_error_that_says_so(folder: RunFolder) -> None:
    world = FakeWorld()

    def die() -> None:
        assert world.database is not None
        if world.log.count("generate") == 3:
            world.database.code = -9

    world.during_load = die
    with pytest.raises(RunError, match=r"trial 3 of 4: the database died during the trial.*-9"):
        run_in(world, folder)
    assert "stop sync" in world.log
    assert len(folder.saved()) == 2


def test_an_interrupt_ends_it(folder: RunFolder) -> None:
    world = FakeWorld()

    def interrupt() -> None:
        raise KeyboardInterrupt

    world.during_load = interrupt
    with pytest.raises(KeyboardInterrupt):
        run_in(world, folder)
    assert world.log[-2:] == ["stop database", "remove folder"]


def test_a_table_that_cannot_be_made_ends_the_trial_with_the_reason(folder: RunFolder) -> None:
    world = FakeWorld()
    world.preparing_says = ("error: the database could not be prepared: it is read-only", 1)

    with pytest.raises(RunError, match="trial 3 of 4: the database could not be prepared: it is"):
        run_in(world, folder)


def test_one_that_somebody_names_is_prepared_and_neither_started_nor_stopped(
    folder: RunFolder,
) -> None:
    world = FakeWorld()

    run_in(world, folder, named=Named("postgresql://me:secret@127.0.0.1:4998/mine"))

    of_databases = [line for line in world.log if line.startswith("start database")]
    assert of_databases == ["start database --prepare", *["start database --anew"] * 2]
    assert environment(folder)["database"] == (
        "PostgreSQL 15.1 at 127.0.0.1:4998/mine, as DATABASE_URL names it"
    )
    assert "secret" not in folder.environment.read_text()


@pytest.mark.parametrize(
    ("url", "allowed", "refusal"),
    [
        ("postgresql://me@192.0.2.7/mine", (), "192.0.2.7 is not this machine: .*--allow-host"),
        ("mysql://me@127.0.0.1/mine", (), "DATABASE_URL must be postgresql://USER"),
        ("postgresql://127.0.0.1/mine?host=192.0.2.7", (), "without options"),
        ("postgresql://me@127.0.0.1:x/mine", (), "DATABASE_URL: 127.0.0.1"),
    ],
)
def test_a_database_elsewhere_is_not_loaded(
    folder: RunFolder, url: str, allowed: tuple[str, ...], refusal: str
) -> None:
    world = FakeWorld()

    with pytest.raises(RunError, match=refusal):
        run_in(world, folder, named=Named(url, allowed))
    assert not [line for line in world.log if line.startswith("start")]


def test_one_elsewhere_that_somebody_answers_for_is_used(folder: RunFolder) -> None:
    run_in(FakeWorld(), folder, named=Named("postgresql://me@192.0.2.7/mine", ("192.0.2.7",)))

    assert "192.0.2.7:5432/mine" in str(environment(folder)["database"])


def test_a_run_is_not_resumed_with_another_database(folder: RunFolder) -> None:
    world = FakeWorld()
    run_in(world, folder)
    again = FakeWorld()
    again.database_says = (f"PostgreSQL 18.0, for a test\n{DATABASE}", None)

    with pytest.raises(RunError, match=r"born with another database \(PostgreSQL 15.1.*now.*18.0"):
        run_in(again, folder)


def parsed(text: str) -> Experiment:
    return experiments.parse(text)


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (
            "slots = 3",
            "the 3 processes of sync cannot share evenly: .* of 3, such as 9",
        ),
        ("slots = 8\nworkers = 2", "the 16 processes of sync .* a multiple of 16, such as 16"),
    ],
)
def test_connections_must_be_shared_evenly_by_the_processes_of_every_profile(
    budget: str, said: str
) -> None:
    text = TEXT.replace("[[workloads]]", f"[budget]\n{budget}\n[[workloads]]", 1)

    with pytest.raises(ExperimentError, match=f"budget.database_connections is 8, which {said}"):
        parsed(text)
    # Who asks no database has no connections to share.
    parsed(text.replace('path = "/db", params = { queries = 3 }', 'path = "/hello"'))
    parsed(text.replace('name = "rows"', 'name = "rows"\nprofiles = ["uvloop"]'))

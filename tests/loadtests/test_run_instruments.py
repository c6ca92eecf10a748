"""The instruments of a trial, in a pretended machine: what is started, scraped, kept, removed."""

from __future__ import annotations

import gzip
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from loadtests import door, results
from loadtests import experiment as experiments
from loadtests.plan import GeneratorPlan
from loadtests.records import ServerRecord, Stack
from loadtests.results import RunFolder, TrialFolder
from loadtests.run import host
from loadtests.run.database import Named
from loadtests.run.instruments import STACKS_KEPT, hottest
from loadtests.run.progress import Silent
from loadtests.run.runner import RunError, run
from loadtests.run.world import RealWorld
from tests.loadtests.fakes import FakeWorld, disk_full

TEXT = """
name = "small"
question = "What can be seen?"
seed = 7
warmup_s = 0.5
measure_s = 2.5
profiles = ["uvloop"]
[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 5 } }]
[[loads]]
name = "50/s"
mode = "open"
rate = 50.0
"""
OFF = TEXT.replace("seed = 7", "seed = 7\ninstruments = false")
EXPLAIN = TEXT.replace("seed = 7", "seed = 7\nexplain = true")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return results.create("small", TEXT, tmp_path / "run")


def run_in(world: FakeWorld, folder: RunFolder, text: str = TEXT) -> TrialFolder:
    """Run the one trial of an experiment and return its folder."""
    run(world, experiments.parse(text), folder, Silent(), (None, None), dict)
    (trial,) = folder.saved()
    return trial


def plan_of(trial: TrialFolder) -> GeneratorPlan:
    return GeneratorPlan.model_validate_json(trial.plan.read_bytes())


def scrapes_of(trial: TrialFolder) -> list[dict[str, Any]]:
    with gzip.open(trial.metrics, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def stack(route: str, held_ms: float, *frames: str, samples: int = 1) -> Stack:
    return Stack(route=route, samples=samples, held_ms=held_ms, frames=frames)


def test_scrapes_are_kept_of_the_windows_edges_and_of_each_second_between(
    folder: RunFolder,
) -> None:
    trial = run_in(FakeWorld(), folder)

    origin_ns = plan_of(trial).origin_ns
    scrapes = scrapes_of(trial)
    after = [scrape["at_ns"] - origin_ns for scrape in scrapes]
    assert after == [0, 1_000_000_000, 2_000_000_000, 2_500_000_000]
    # The first one was the answer that showed the exporter to be ready.
    assert [scrape["text"] for scrape in scrapes] == [f"scrape {n}" for n in (2, 3, 4, 5)]


def test_a_scrape_that_fails_is_left_out_and_the_exporters_log_is_kept(folder: RunFolder) -> None:
    world = FakeWorld()
    deaf: list[int] = []

    def miss_the_second_scrape() -> None:
        if len(world.scraped_ns) == 2 and not deaf:
            deaf.append(world.time_ns)
            world.exporter_answers_after_ns = world.time_ns + 1_100_000_000

    world.meanwhile = miss_the_second_scrape
    trial = run_in(world, folder)

    origin_ns = plan_of(trial).origin_ns
    after = [scrape["at_ns"] - origin_ns for scrape in scrapes_of(trial)]
    # The attempt lasted to the timeout of one second, and is not repeated.
    assert after == [0, 2_000_000_000, 2_500_000_000]
    assert trial.exporter_log.exists()


def test_the_log_of_an_exporter_that_did_its_work_is_not_kept(folder: RunFolder) -> None:
    assert not run_in(FakeWorld(), folder).exporter_log.exists()


def test_server_generator_and_exporter_share_one_folder_of_ledgers(folder: RunFolder) -> None:
    world = FakeWorld()

    trial = run_in(world, folder)

    (ledgers,) = world.folders
    told = world.environment["server"]
    assert told["TESTBED_SERVER_LEDGERS"] == str(ledgers)
    assert told["TESTBED_SERVER_INSTRUMENTS"] == "on"
    assert told["TESTBED_SERVER_PROFILE"] == "uvloop"
    assert world.ledgers_of_exporter == [str(ledgers)]
    assert plan_of(trial).ledgers == ledgers
    assert plan_of(trial).profile == "uvloop"
    assert not ledgers.exists()


def test_an_experiment_without_instruments_brings_none(folder: RunFolder) -> None:
    world = FakeWorld()

    trial = run_in(world, folder, OFF)

    assert world.log == [
        "start uvloop",
        "start generator",
        "generate",
        "stop generator",
        "stop uvloop",
    ]
    assert world.environment["server"]["TESTBED_SERVER_INSTRUMENTS"] == "off"
    assert "TESTBED_SERVER_LEDGERS" not in world.environment["server"]
    assert plan_of(trial).ledgers is None
    assert not trial.metrics.exists()


def test_the_plan_is_not_released_before_the_exporter_answers(folder: RunFolder) -> None:
    world = FakeWorld()
    world.exporter_answers_after_ns = 8_000_000_000
    early: list[int] = []

    def note_a_plan() -> None:
        if any(folder.path.glob("trials/.*/plan.json")):
            early.append(world.time_ns)

    world.meanwhile = note_a_plan
    run_in(world, folder)

    assert min(early) > 8_000_000_000


def test_an_exporter_that_never_answers_is_given_up_at_the_deadline(folder: RunFolder) -> None:
    world = FakeWorld()
    world.exporter_answers_after_ns = 10**15

    with pytest.raises(RunError, match="the exporter was not ready after 30 s"):
        run_in(world, folder)

    assert "generate" not in world.log
    assert world.log[-2:] == ["stop exporter", "remove folder"]


def test_an_exporter_that_does_not_start_is_an_error_with_the_end_of_its_log(
    folder: RunFolder,
) -> None:
    world = FakeWorld()
    world.exporter_answers_after_ns = 10**15

    def end() -> None:
        if world.exporter is not None:
            world.exporter.code = 1

    world.meanwhile = end

    said = r"(?s)exporter did not start: it ended with exit code 1.*the last line of exporter"
    with pytest.raises(RunError, match=said):
        run_in(world, folder)


def test_an_exporter_that_dies_ends_the_trial_at_once_and_its_log_is_kept(
    folder: RunFolder,
) -> None:
    world = FakeWorld()

    def die_after_the_first_scrape() -> None:
        if len(world.scraped_ns) == 2 and world.exporter is not None:
            world.exporter.code = -9

    world.meanwhile = die_after_the_first_scrape
    with pytest.raises(RunError, match=r"the exporter died during the trial: .* exit code -9"):
        run_in(world, folder)

    assert "generate" not in world.log
    assert world.log[-4:] == ["stop generator", "stop uvloop", "stop exporter", "remove folder"]
    assert len(list(folder.path.glob("trials/.*/exporter.log"))) == 1
    assert not world.folders[0].exists()


def test_an_exporter_that_dies_with_the_last_request_is_seen_too(folder: RunFolder) -> None:
    world = FakeWorld()

    def die() -> None:
        assert world.exporter is not None
        world.exporter.code = 1

    world.during_load = die
    with pytest.raises(RunError, match="the exporter died during the trial"):
        run_in(world, folder)

    assert "generate" in world.log
    assert folder.saved() == ()


def test_the_folder_is_removed_after_an_interrupt(folder: RunFolder) -> None:
    world = FakeWorld()

    def interrupt() -> None:
        if world.scraped_ns:
            raise KeyboardInterrupt

    world.meanwhile = interrupt
    with pytest.raises(KeyboardInterrupt):
        run_in(world, folder)

    assert world.log[-4:] == ["stop generator", "stop uvloop", "stop exporter", "remove folder"]
    assert not world.folders[0].exists()


def test_a_full_disk_under_the_metrics_is_one_sentence(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = FakeWorld()
    monkeypatch.setattr(gzip, "open", lambda *_, **__: disk_full())

    with pytest.raises(RunError, match="the disk is full: make room"):
        run_in(world, folder)

    assert not world.folders[0].exists()


def test_the_courses_of_all_workers_are_collected_in_order_when_all_have_ended(
    folder: RunFolder,
) -> None:
    world = FakeWorld()
    late = {"request": f"{1:016x}", "pid": 1, "route": "/wait", "began_ns": 200, "ended_ns": 300,
            "slices": [{"lane": "loop", "state": "run", "from_ns": 200, "to_ns": 210}]}  # fmt: skip
    early = late | {"pid": 2, "began_ns": 100}
    foreign = late | {"request": "f" * 16}
    partial = {key: value for key, value in late.items() if key != "ended_ns"}

    def write() -> None:
        whole = "".join(json.dumps(one) + "\n" for one in (foreign, late, partial))
        (world.folders[0] / "1-5.slices").write_text(whole + '{"request": "02", "began_')
        (world.folders[0] / "2-5.slices").write_text(json.dumps(early) + "\n")

    world.during_load = write
    trial = run_in(world, folder)

    found = [json.loads(line) for line in trial.slices.read_text().splitlines()]
    assert found == [early, late]


def test_no_file_of_slices_is_left_where_no_request_was_captured(folder: RunFolder) -> None:
    trial = run_in(FakeWorld(), folder)

    assert not trial.slices.exists()
    assert ServerRecord.model_validate_json(trial.server.read_bytes()).stacks == ()


def test_stacks_are_asked_for_and_added_up_over_workers(folder: RunFolder) -> None:
    world = FakeWorld()

    def write() -> None:
        here = stack("/blocking", 30.0, "work.py:29 block", "app.py:9 blocking", samples=6)
        there = stack("/blocking", 12.5, "work.py:29 block", "app.py:9 blocking", samples=2)
        (world.folders[0] / "1-5.stacks").write_text(here.model_dump_json() + "\n{")
        (world.folders[0] / "2-5.stacks").write_text(there.model_dump_json() + "\n")

    world.during_load = write
    trial = run_in(world, folder, EXPLAIN)

    assert world.environment["server"]["TESTBED_SERVER_INSTRUMENTS"] == "explain"
    record = ServerRecord.model_validate_json(trial.server.read_bytes())
    assert record.stacks == (
        stack("/blocking", 42.5, "work.py:29 block", "app.py:9 blocking", samples=8),
    )


def test_only_the_stacks_that_held_the_longest_are_kept() -> None:
    many = [stack("/cpu", float(ms), f"work.py:{ms} spin") for ms in range(1, 31)]

    kept = hottest([*many, stack("/hello", 5.5, "work.py:7 spin")])

    assert len(kept) == STACKS_KEPT
    assert [one.held_ms for one in kept] == [float(ms) for ms in range(30, 10, -1)]


def test_a_route_and_its_frames_tell_stacks_apart() -> None:
    one, other = stack("/cpu", 2.0, "a", "b"), stack("/cpu", 1.0, "a")
    third = stack("/hello", 0.5, "a", "b")

    assert hottest([third, other, one]) == (one, other, third)


def test_a_real_folder_is_for_this_user_alone_and_is_removed_with_its_contents() -> None:
    world = RealWorld()
    first, second = world.make_folder(), world.make_folder()
    (first / "1-5.ledger").write_bytes(b"x")

    assert first != second
    assert stat.S_IMODE(first.stat().st_mode) == 0o700

    for made in (first, second, first):
        world.remove_folder(made)
    assert not first.exists()
    assert not second.exists()


class Refused(Exception):  # noqa: N818 - no error
    """The run that a test does not want to happen."""


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[experiments.Experiment]:
    """What the door would have run."""
    found: list[experiments.Experiment] = []

    def note(experiment: experiments.Experiment, folder: RunFolder, named: Named) -> None:
        del folder, named
        found.append(experiment)
        raise Refused

    monkeypatch.setattr(door, "_run_trials", note)
    return found


def test_explain_is_written_into_the_saved_experiment(
    tmp_path: Path, ran: list[experiments.Experiment]
) -> None:
    file, output = tmp_path / "small.toml", tmp_path / "out"
    file.write_text(TEXT)

    with pytest.raises(Refused):
        door.main(["run", str(file), "--explain", "--output", str(output)])

    assert [experiment.explain for experiment in ran] == [True]
    assert experiments.parse((output / "experiment.toml").read_text()) == ran[0]
    with pytest.raises(Refused):
        door.main(["run", "--resume", str(output), "--explain"])
    assert ran[1] == ran[0]


def test_an_experiment_that_asks_to_explain_is_saved_as_it_was_given(
    tmp_path: Path, ran: list[experiments.Experiment]
) -> None:
    file, output = tmp_path / "small.toml", tmp_path / "out"
    file.write_text(EXPLAIN)

    with pytest.raises(Refused):
        door.main(["run", str(file), "--explain", "--output", str(output)])

    assert (output / "experiment.toml").read_text() == EXPLAIN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT.replace("seed = 7", "seed = 7\nexplain = false"), "explain is false, --explain asks"),
        (OFF, "explain is true, allowed: only where instruments is true"),
        (TEXT.replace("seed = 7", "seed = -7"), "seed is -7"),
    ],
)
def test_explain_is_refused_where_the_experiment_is_against_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (tmp_path / "small.toml").write_text(text)

    code = door.main(["run", str(tmp_path / "small.toml"), "--explain"])

    assert code == 2
    assert said in capsys.readouterr().err


def test_a_run_that_began_without_explain_is_not_gone_on_with_it(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    code = door.main(["run", "--resume", str(folder.path), "--explain"])

    assert code == 2
    assert "was begun without --explain" in capsys.readouterr().err


def test_what_the_instruments_cost_is_taken_from_the_last_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spread = {"median": 0.91, "min": 0.9, "max": 0.93, "n": 5}
    figures = {"observer.throughput_ratio.uvloop.full": spread, "twins.other": spread}
    there = {"cpu": "another", "cores": 2, "commit": "abc", "python": "3.11.2"}
    file = tmp_path / "bench.json"
    monkeypatch.setattr(host, "BENCH", file)

    file.write_text(json.dumps(figures))
    assert host.environment()["observer"] == {"uvloop.full": spread}

    file.write_text(json.dumps(figures | {"observer.host": there}))
    assert host.environment()["observer"] == {"uvloop.full": spread, "host": there}

    file.write_text(json.dumps({"observer.host": there}))
    assert host.environment()["observer"] == {}


@pytest.mark.parametrize("text", [None, "", "{", "[]", "\udcff"])
def test_a_benchmark_that_cannot_be_read_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    file = tmp_path / "bench.json"
    if text is not None:
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
    monkeypatch.setattr(host, "BENCH", file)

    assert host.environment()["observer"] == {}


def test_a_new_benchmark_does_not_end_a_run(folder: RunFolder) -> None:
    born = {"cpu": "this", "observer": {}}
    one = experiments.parse(TEXT)
    run(FakeWorld(), one, folder, Silent(), (None, None), lambda: born)

    again = {**born, "observer": {"uvloop.full": {"median": 0.9}}}
    run(FakeWorld(), one, folder, Silent(), (None, None), lambda: again)

    assert json.loads(folder.environment.read_text())["observer"] == {}

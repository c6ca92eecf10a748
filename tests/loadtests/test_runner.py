"""The run's order, its faults and its saving, in a pretended machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loadtests import experiment as experiments
from loadtests import matrix, results
from loadtests.analysis.analyze import AnalysisError, analyze
from loadtests.experiment import Experiment
from loadtests.plan import Address, GeneratorPlan
from loadtests.records import ServerRecord
from loadtests.results import ResultsError, RunFolder
from loadtests.run import host
from loadtests.run.progress import Silent
from loadtests.run.runner import RunError, run
from tests.loadtests.fakes import FakeWorld, disk_full

TEXT = """
name = "small"
question = "Does it run?"
seed = 7
repetitions = 2
warmup_s = 0.2
measure_s = 1.0
profiles = ["sync", "uvloop"]
[bystander]
rate = 10.0
[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 5 } }]
[[loads]]
name = "50/s"
mode = "open"
rate = 50.0
"""


@pytest.fixture
def experiment() -> Experiment:
    return experiments.parse(TEXT)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return results.create("small", TEXT, tmp_path / "run")


def run_in(world: FakeWorld, experiment: Experiment, folder: RunFolder) -> None:
    run(world, experiment, folder, Silent(), (None, None), lambda: {"system": "pretended"})


def saved_names(folder: RunFolder) -> list[str]:
    return [trial.path.name for trial in folder.saved()]


def test_every_second_repetition_runs_the_profiles_in_reverse(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()

    run_in(world, experiment, folder)

    started = [line for line in world.log if line in ("start sync", "start uvloop")]
    assert started == ["start sync", "start uvloop", "start uvloop", "start sync"]
    assert saved_names(folder) == ["1-sync", "2-uvloop", "3-uvloop", "4-sync"]


def test_a_trial_starts_all_loads_and_stops_all_generator_first(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()

    run_in(world, experiment, folder)

    assert world.log[:9] == [
        "make folder",
        "start sync",
        "start exporter",
        "start generator",
        "generate",
        "stop generator",
        "stop sync",
        "stop exporter",
        "remove folder",
    ]


def test_profiles_that_are_paired_share_their_schedule_and_repetitions_do_not(
    experiment: Experiment, folder: RunFolder
) -> None:
    run_in(FakeWorld(), experiment, folder)

    first, second, third, fourth = (t.schedule_digest for t in analyze(folder).trials)
    assert first == second
    assert third == fourth
    assert first != third


def test_a_run_that_was_saved_is_not_run_again_when_it_is_resumed(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()

    def die_in_third_trial() -> None:
        if world.log.count("generate") == 3:
            assert world.server is not None
            world.server.code = -9

    world.during_load = die_in_third_trial
    with pytest.raises(RunError, match=r"trial 3 of 4: the server of profile uvloop died"):
        run_in(world, experiment, folder)
    assert saved_names(folder) == ["1-sync", "2-uvloop"]

    again = FakeWorld()
    run_in(again, experiment, folder)

    assert [line for line in again.log if line.startswith("start ")] == [
        "start uvloop",
        "start exporter",
        "start generator",
        "start sync",
        "start exporter",
        "start generator",
    ]
    assert saved_names(folder) == ["1-sync", "2-uvloop", "3-uvloop", "4-sync"]


def test_a_server_that_dies_in_mid_trial_is_an_error_with_the_end_of_its_log(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()

    def die() -> None:
        assert world.server is not None
        world.server.code = 3

    world.during_load = die

    with pytest.raises(RunError, match=r"(?s)exit code 3.*the last line of sync"):
        run_in(world, experiment, folder)
    assert world.log[-4:] == ["stop generator", "stop sync", "stop exporter", "remove folder"]
    assert saved_names(folder) == []


def test_a_server_that_is_never_ready_is_given_up_at_the_deadline_and_stopped(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()
    world.healthy_after_ns = 10**15

    with pytest.raises(RunError, match="sync was not ready after 30 s"):
        run_in(world, experiment, folder)
    assert world.log[-4:] == ["stop generator", "stop sync", "stop exporter", "remove folder"]


def test_a_generator_gets_its_plan_when_it_is_ready_and_so_is_not_late(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()
    world.generator_ready_after_ns = 9_000_000_000

    run_in(world, experiment, folder)

    first, *_ = folder.saved()
    plan = GeneratorPlan.model_validate_json(first.plan.read_bytes())
    assert plan.origin_ns > 9_000_000_000 + plan.warmup_s * 1e9
    assert first.ready == ()


def test_a_generator_that_is_never_ready_is_given_up_and_one_that_ends_is_not_waited_for(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()
    world.generator_ready_after_ns = 10**15
    with pytest.raises(RunError, match=r"(?s)generator was not ready after 30 s.*last line of gen"):
        run_in(world, experiment, folder)
    assert world.log[-4:] == ["stop generator", "stop sync", "stop exporter", "remove folder"]

    world = FakeWorld()
    world.generator_ready_after_ns = 10**15

    def end() -> None:
        if world.generator is not None:
            world.generator.code = 1

    world.meanwhile = end
    with pytest.raises(RunError, match=r"(?s)generator ended with exit code 1:.*last line of gen"):
        run_in(world, experiment, folder)
    assert world.time_ns < 10_000_000_000


def test_a_worker_that_dies_in_mid_trial_makes_that_trial_invalid_and_no_other(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()

    def kill_a_worker_of_the_first_trial() -> None:
        world.dead = {102} if world.log.count("generate") == 1 else set()

    world.during_load = kill_a_worker_of_the_first_trial
    run_in(world, experiment, folder)

    summary = analyze(folder)
    assert [trial.valid for trial in summary.trials] == [False, True, True, True, True]
    again = summary.trials[-1]
    assert (again.profile, again.repetition, again.attempt) == ("sync", 1, 2)
    assert summary.planned_trials == 4
    (reason,) = summary.trials[0].reasons
    assert reason.code == "worker_lost"
    assert "102" in reason.text
    assert {c.n for c in summary.comparisons} == {2}


def test_a_server_that_is_not_what_its_profile_declares_is_refused(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()
    world.lies = {"access_log": True}

    with pytest.raises(RunError, match="access_log is True"):
        run_in(world, experiment, folder)
    assert "generate" not in world.log


def test_a_full_disk_is_one_sentence_and_keeps_the_trials_before_it(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()

    def full_at_the_second() -> None:
        if world.log.count("generate") == 2:
            disk_full()

    world.during_load = full_at_the_second
    with pytest.raises(RunError, match="the disk is full: make room"):
        run_in(world, experiment, folder)
    assert saved_names(folder) == ["1-sync"]
    assert "stop uvloop" in world.log


def test_an_interrupt_stops_everything_and_keeps_what_was_saved(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()

    def interrupt_the_second() -> None:
        if world.log.count("generate") == 2:
            raise KeyboardInterrupt

    world.during_load = interrupt_the_second
    with pytest.raises(KeyboardInterrupt):
        run_in(world, experiment, folder)
    assert world.log[-4:] == ["stop generator", "stop uvloop", "stop exporter", "remove folder"]
    assert saved_names(folder) == ["1-sync"]
    assert len(analyze(folder).trials) == 1


def test_the_birth_of_a_run_is_written_once(experiment: Experiment, folder: RunFolder) -> None:
    run_in(FakeWorld(), experiment, folder)
    born = folder.environment.read_text()

    run_in(FakeWorld(), experiment, folder)

    assert folder.environment.read_text() == born
    assert json.loads(born) == {"run_id": "run", "system": "pretended"}


def test_a_folder_that_exists_is_never_written_into(tmp_path: Path) -> None:
    results.create("small", TEXT, tmp_path / "run")

    with pytest.raises(ResultsError, match="exists already; choose another --output"):
        results.create("small", TEXT, tmp_path / "run")


def test_the_seed_of_the_experiment_decides_all_seeds() -> None:
    one = [s.seed for s in matrix.trials(experiments.parse(TEXT))]
    other = [s.seed for s in matrix.trials(experiments.parse(TEXT.replace("= 7", "= 8")))]

    assert one[0] == one[1]
    assert not set(one) & set(other)


def test_server_and_generator_have_processors_of_their_own(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()
    cpus = frozenset({0}), frozenset({1})

    run(world, experiment, folder, Silent(), cpus, dict)

    assert world.cpus == {
        "server": frozenset({0}),
        "generator": frozenset({1}),
        "exporter": frozenset({1}),
        "runner": frozenset({1}),
    }


def test_processors_are_split_without_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "usable_cpus", lambda: frozenset({2, 3, 5, 7}))
    assert host.split_cpus() == (frozenset({2}), frozenset({7}))
    assert host.split_cpus(2) == (frozenset({2}), frozenset({5, 7}))
    assert host.split_cpus(9) == (frozenset({2}), frozenset({3, 5, 7}))
    monkeypatch.setattr(host, "usable_cpus", lambda: frozenset({0}))
    assert host.split_cpus() == (None, None)


def test_the_generator_is_asked_for_what_the_experiment_says(
    experiment: Experiment, folder: RunFolder
) -> None:
    run_in(FakeWorld(), experiment, folder)

    plan = GeneratorPlan.model_validate_json(folder.saved()[0].plan.read_bytes())
    assert (plan.host, plan.port, plan.processes, plan.spin) == ("127.0.0.1", 4321, 1, False)
    assert (plan.warmup_s, plan.measure_s, plan.drain_s) == (0.2, 1.0, 2.0)
    assert [(s.name, s.rate, s.arrivals) for s in plan.arrivals] == [
        ("load", 50.0, "poisson"),
        ("bystander", 10.0, "poisson"),
    ]
    assert [target.url for target in plan.targets] == ["/wait?ms=5", "/hello"]


def test_a_closed_load_is_handed_over_with_its_users_and_their_thinking(tmp_path: Path) -> None:
    closed = TEXT.replace('mode = "open"\nrate = 50.0', 'mode = "closed"\nusers = 7\nthink_s = 0.5')
    specs = matrix.trials(experiments.parse(closed))
    folder = results.TrialFolder(tmp_path)

    plan = matrix.generator_plan(experiments.parse(closed), specs[0], Address(1), folder, 0)

    (stream,) = plan.users
    assert (stream.users, stream.think_s) == (7, 0.5)
    assert [s.name for s in plan.arrivals] == ["bystander"]


def test_the_first_request_is_due_after_the_schedule_can_be_made(tmp_path: Path) -> None:
    parsed = experiments.parse(TEXT)
    busy = experiments.parse(TEXT.replace("rate = 50.0", "rate = 50000.0"))
    folder = results.TrialFolder(tmp_path)

    leads = [
        matrix.generator_plan(e, matrix.trials(e)[0], Address(1), folder, 0).origin_ns / 1e9
        - e.warmup_s
        for e in (parsed, busy)
    ]

    assert leads[0] >= 0.2
    assert leads[1] >= 0.2 + 50_000 * 1.2 * 4e-6


def test_a_process_of_the_server_that_ends_is_missed_whatever_it_was(
    experiment: Experiment, folder: RunFolder
) -> None:
    """A pool's process is no worker, and its end spoils the trial all the same."""
    world = FakeWorld()
    world.usage_of = {100: 1.0, 555: 1.0}

    def end_a_pool_process() -> None:
        world.dead = {555}

    world.during_load = end_a_pool_process
    run_in(world, experiment, folder)

    first = analyze(folder).trials[0]
    assert [reason.code for reason in first.reasons] == ["worker_lost"]
    assert "555" in first.reasons[0].text


def test_the_cpu_of_a_process_that_has_ended_is_not_forgotten(
    experiment: Experiment, folder: RunFolder
) -> None:
    world = FakeWorld()
    world.usage_of = {100: 1.0, 555: 3.0}

    def only_one_is_left() -> None:
        world.usage_of = {100: 2.0}

    world.during_load = only_one_is_left
    run_in(world, experiment, folder)

    record = ServerRecord.model_validate_json(folder.saved()[0].server.read_bytes())
    assert {point.cpu_s for point in record.usage[:-1]} == {4.0}
    assert record.usage[-1].cpu_s == 5.0


def test_parity_is_asked_of_every_worker(experiment: Experiment, folder: RunFolder) -> None:
    world = FakeWorld()
    world.lies_of = {103: {"keepalive_s": 5}}

    with pytest.raises(RunError, match="keepalive_s is 5"):
        run_in(world, experiment, folder)


def test_a_finished_trial_is_never_overwritten(folder: RunFolder) -> None:
    for _ in range(2):
        under_way = folder.begin(1, "sync")
        (under_way.path / "mark").write_text("x")
        if not folder.saved():
            folder.complete(under_way)
    with pytest.raises(ResultsError, match="nothing is overwritten"):
        folder.complete(under_way)


def test_a_run_is_not_gone_on_with_on_another_machine(
    experiment: Experiment, folder: RunFolder
) -> None:
    run(FakeWorld(), experiment, folder, Silent(), (None, None), lambda: {"cpu": "this"})

    with pytest.raises(RunError, match=r"another cpu \(this, now that\)"):
        run(FakeWorld(), experiment, folder, Silent(), (None, None), lambda: {"cpu": "that"})


def test_a_file_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.write_whole(tmp_path / "a.json", "first")

    def full(self: Path, text: str, encoding: str) -> None:
        disk_full()

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        results.write_whole(tmp_path / "a.json", "second")

    assert (tmp_path / "a.json").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


SEARCHING = (
    TEXT.replace("repetitions = 2", "repetitions = 1")
    + """
[capacity]
p99_ms = 250.0
seconds = 30.0
profiles = ["uvloop"]
"""
)


def test_a_search_is_run_saved_resumed_and_found_again_in_the_files(tmp_path: Path) -> None:
    """A pretended server that answers in 5 ms up to 300 requests/s, and in 400 ms beyond."""
    experiment = experiments.parse(SEARCHING)
    folder = results.create("small", SEARCHING, tmp_path / "run")
    world = FakeWorld()
    world.latency_of = lambda plan: 400_000_000 if plan.arrivals[0].rate > 300 else 5_000_000
    run_in(world, experiment, folder)
    whole = analyze(folder)

    (capacity,) = whole.capacities
    assert (capacity.profile, capacity.workload) == ("uvloop", "wait")
    assert capacity.low_rps <= 300 <= capacity.high_rps
    assert {probe.met for probe in capacity.probes} == {True, False}
    assert all(probe.met or "p99 > 250 ms" in probe.failed for probe in capacity.probes)
    probes = [trial for trial in whole.trials if trial.role == "probe"]
    assert [probe.trial for probe in capacity.probes] == [trial.number for trial in probes]
    assert whole.planned_trials == 2

    last = folder.trial(probes[-1].number, "uvloop").path
    last.rename(tmp_path / "aside")
    world.log.clear()
    run_in(world, experiment, folder)

    assert world.log.count("generate") == 1
    assert analyze(folder).capacities == whole.capacities


PREDICTING = (
    TEXT
    + """
[[loads]]
name = "5/s"
mode = "open"
rate = 5.0
[predict]
loads = ["5/s"]
"""
)


def test_predictions_are_written_before_the_trials_that_they_are_held_against(
    tmp_path: Path,
) -> None:
    experiment = experiments.parse(PREDICTING)
    folder = results.create("small", PREDICTING, tmp_path / "run")
    world = FakeWorld()
    there: list[bool] = []
    world.during_load = lambda: there.append(folder.predictions.exists())
    run_in(world, experiment, folder)

    assert there == [False] * 4 + [True] * 4
    roles = [trial.role for trial in analyze(folder).trials]
    assert roles == ["calibrate"] * 4 + ["sweep"] * 4


def test_predictions_that_were_written_are_not_made_again(tmp_path: Path) -> None:
    """What is known by now must not change what was said before."""
    experiment = experiments.parse(PREDICTING)
    folder = results.create("small", PREDICTING, tmp_path / "run")
    run_in(FakeWorld(), experiment, folder)
    folder.predictions.write_text("[ ]\n")
    folder.trial(8, "sync").path.rename(tmp_path / "aside")

    run_in(FakeWorld(), experiment, folder)

    assert folder.predictions.read_text() == "[ ]\n"


def test_predictions_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    experiment = experiments.parse(PREDICTING)
    folder = results.create("small", PREDICTING, tmp_path / "run")
    run_in(FakeWorld(), experiment, folder)
    folder.predictions.write_text("{")

    with pytest.raises(AnalysisError, match=r"predictions\.json: not readable"):
        analyze(folder)

"""What a trial's servers call on: who gets it, in which order it lives, and what its end means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loadtests import experiment as experiments
from loadtests import results
from loadtests.experiment_errors import ExperimentError
from loadtests.matrix import seed_of, trials
from loadtests.plan import GeneratorPlan
from loadtests.results import RunFolder
from loadtests.run import host
from loadtests.run.progress import Silent
from loadtests.run.runner import RunError, run
from tests.loadtests.fakes import FakeWorld

HEAD = """
name = "calls"
question = "Who is called?"
seed = 7
warmup_s = 0.2
measure_s = 1.0
profiles = ["sync", "uvloop"]
"""
WORKLOADS = """
[[workloads]]
name = "call"
requests = [{ path = "/hello" }, { path = "/downstream", params = { calls = 2, ms = 5 } }]
[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 5 } }]
[[loads]]
name = "50/s"
mode = "open"
rate = 50.0
"""
TABLE = """
[downstream]
distribution = "lognormal"
sigma = 0.5
failure_share = 0.01
concurrency = 7
stall = { from_s = 0.25, for_s = 0.5 }
"""
URL = "TESTBED_SERVER_DOWNSTREAM"


def text(table: str = "", head: str = HEAD, workloads: str = WORKLOADS) -> str:
    return head + table + workloads


def run_in(world: FakeWorld, told: str, path: Path, **options: frozenset[int]) -> RunFolder:
    folder = results.create("calls", told, path / "run")
    cpus = options.pop("server", None), options.pop("generators", None)
    beside = options.pop("beside", None)
    assert not options
    run(world, experiments.parse(told), folder, Silent(), cpus, dict, beside)
    return folder


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_only_who_calls_has_one_and_it_lives_longer_than_the_server(tmp_path: Path) -> None:
    world = FakeWorld()

    run_in(world, text(), tmp_path)

    assert world.log[:11] == [
        "make folder",
        "start downstream",
        "start sync",
        "start exporter",
        "start generator",
        "generate",
        "stop generator",
        "stop sync",
        "stop downstream",
        "stop exporter",
        "remove folder",
    ]
    # Two trials of the workload that calls, and two of the one that does not.
    assert world.log.count("start downstream") == world.log.count("stop downstream") == 2
    assert world.log.count("start generator") == 4
    assert URL not in world.environment["server"]


def test_the_server_is_told_where_it_is_and_it_counts_into_the_trials_folder(
    tmp_path: Path,
) -> None:
    world = FakeWorld()
    told: list[str] = []
    world.during_load = lambda: told.append(world.environment["server"].get(URL, ""))

    run_in(world, text(TABLE), tmp_path)

    command = world.commands["downstream"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", told[0])
    assert [url.rpartition(":")[2] for url in told if url][-1] == option(command, "--port")
    assert option(command, "--ledgers") in world.ledgers_of_exporter
    assert option(command, "--distribution") == "lognormal"
    assert option(command, "--sigma") == "0.5"
    assert option(command, "--failures") == "0.01"
    assert option(command, "--concurrency") == "7"


def test_trials_that_are_compared_have_the_same_seed_and_others_another(tmp_path: Path) -> None:
    world = FakeWorld()
    seeds: list[str] = []
    told = text(head=HEAD + "repetitions = 2\n")
    world.during_load = lambda: seeds.append(option(world.commands["downstream"], "--seed"))

    run_in(world, told, tmp_path)

    named = [s for s in trials(experiments.parse(told)) if s.workload.name == "call"]
    wanted = [str(seed_of(spec.seed, "downstream")) for spec in named]
    assert len(set(wanted)) == 2
    assert set(wanted) == set(seeds)


def test_a_stall_is_told_by_the_clock_of_the_measurement_window(tmp_path: Path) -> None:
    world = FakeWorld()

    folder = run_in(world, text(TABLE), tmp_path)

    plan = GeneratorPlan.model_validate_json(folder.saved()[0].plan.read_bytes())
    first = f"/stall?from_ns={plan.origin_ns + 250_000_000}&to_ns={plan.origin_ns + 750_000_000}"
    assert world.posted[0] == first
    assert len(world.posted) == 2


def test_without_instruments_it_counts_for_nobody(tmp_path: Path) -> None:
    world = FakeWorld()

    run_in(world, text(head=HEAD + "instruments = false\n"), tmp_path)

    assert "--uncounted" in world.commands["downstream"]
    assert "--ledgers" not in world.commands["downstream"]


def test_its_end_ends_the_run_and_nothing_stays(tmp_path: Path) -> None:
    world = FakeWorld()

    def die() -> None:
        assert world.downstream is not None
        world.downstream.code = 3

    world.during_load = die
    with pytest.raises(RunError) as raised:
        run_in(world, text(), tmp_path)

    said = "trial 1 of 4: the downstream service died during the trial: it ended with exit code 3"
    assert str(raised.value).startswith(said)
    assert "the last line of downstream" in str(raised.value)
    for name in ("downstream", "sync", "exporter", "generator"):
        assert world.log.count(f"start {name}") == world.log.count(f"stop {name}") == 1
    assert world.log[-1] == "remove folder"


def test_one_that_does_not_answer_is_named(tmp_path: Path) -> None:
    class Deaf(FakeWorld):
        def _call(self, path: str, method: str) -> None:
            return None

    with pytest.raises(RunError, match="the downstream service was not ready after 30 s"):
        run_in(Deaf(), text(), tmp_path)


def test_one_that_does_not_hear_of_its_stall_is_named(tmp_path: Path) -> None:
    class HalfDeaf(FakeWorld):
        def _call(self, path: str, method: str) -> tuple[int, bytes] | None:
            return super()._call(path, method) if method == "GET" else (422, b"{}")

    with pytest.raises(RunError, match="the downstream service did not hear when it is to stall"):
        run_in(HalfDeaf(), text(TABLE), tmp_path)


def test_it_shares_no_processor_with_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two, four = FakeWorld(), FakeWorld()
    pinned = {"server": frozenset({0}), "generators": frozenset({1})}

    run_in(two, text(), tmp_path / "two", **pinned)
    run_in(four, text(), tmp_path / "four", **pinned, beside=frozenset({2, 3}))

    assert two.cpus["downstream"] == frozenset({1})
    assert four.cpus["downstream"] == frozenset({2, 3})
    monkeypatch.setattr(host, "usable_cpus", lambda: frozenset({2, 3, 5, 7}))
    assert host.beside_cpus() == frozenset({3, 5})
    assert host.beside_cpus(3) == frozenset({3, 5, 7})
    monkeypatch.setattr(host, "usable_cpus", lambda: frozenset({2}))
    assert host.beside_cpus() is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('distribution = "uniform"', "downstream.distribution"),
        ("sigma = 3.5", "downstream.sigma"),
        ("failure_share = 1.5", "downstream.failure_share"),
        ("concurrency = -1", "downstream.concurrency"),
        ("speed = 1", "downstream.speed"),
        ("stall = { from_s = 1.0, for_s = 1.0 }", "downstream.stall.from_s is 1, allowed: less"),
        ("stall = { from_s = 0.5, for_s = 0.0 }", "downstream.stall.for_s"),
    ],
)
def test_a_bad_table_is_named(table: str, said: str) -> None:
    with pytest.raises(ExperimentError, match=re.escape(said)):
        experiments.parse(text(f"[downstream]\n{table}\n"))


def test_a_table_that_nobody_needs_or_that_cannot_be_kept_to_is_refused() -> None:
    nobody = WORKLOADS.replace("/downstream", "/cpu").replace("{ calls = 2, ms = 5 }", "{}")
    with pytest.raises(ExperimentError, match="only where requests have path '/downstream'"):
        experiments.parse(text(TABLE, workloads=nobody))
    standing = '[standing]\nexporter = "127.0.0.1:1"\nledgers = "/x"\n'
    standing += '[standing.servers]\nsync = "127.0.0.1:2"\n'
    with pytest.raises(ExperimentError, match="only for servers that the run starts"):
        experiments.parse(text(TABLE + standing))

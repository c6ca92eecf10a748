"""A recorded trial as if it ran now, and a recorded run as a session."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadtests import door, matrix, specs
from loadtests import experiment as experiments
from loadtests.analysis import saved
from loadtests.lessons import lesson as lessons
from loadtests.lessons.recorded import RECORDED
from loadtests.live.replay import Replay, cells_of
from loadtests.live.tape import Tape
from loadtests.matrix import BYSTANDER
from loadtests.results import RunFolder, TrialFolder
from loadtests.samples import Outcome
from tests.loadtests.analysis.saved import ORIGIN_NS, TEXT, Row, trial_of, usage, with_server

# The warm-up of these trials lasts a second, which is when the tape begins.
WARM_MS = 1000.0


def row(at: float, took: float | None = 100.0, **more: Any) -> Row:
    split = {"queue": 10.0, "cpu": 1.0, "wait": 79.0, "hold": 80.0, "step": 80.0, "worker": 7}
    return Row(at, took, **{**split, **more})


def test_a_tape_tells_each_request_once_when_it_ended() -> None:
    tape = Tape(trial_of([row(-500), row(0), row(50, stream=BYSTANDER), row(20)]))

    told = [[one.done_ms for one in tape.between(a, a + 250)] for a in range(0, 1500, 250)]

    assert told == [[], [], [600.0], [], [1100.0, 1120.0, 1150.0], []]
    assert [one.aside for one in tape.between(1125, 2000)] == [True]


def test_what_its_server_told_is_told() -> None:
    (found,) = Tape(trial_of([row(100, late=3.0)])).between(0, 5000)

    assert (found.intended_ms, found.sent_ms, found.began_ms, found.ended_ms) == (
        1100.0, 1103.0, 1113.0, 1193.0,
    )  # fmt: skip
    assert (found.hold_ms, found.worker, found.path, found.ok) == (80.0, 7, "/wait", True)


def test_what_was_not_told_is_not_known() -> None:
    untold = dict.fromkeys(("queue", "cpu", "wait", "hold", "step"))
    (found,) = Tape(trial_of([row(0, outcome=Outcome.FAILED, **untold)])).between(0, 5000)

    assert (found.began_ms, found.hold_ms, found.ok) == (None, 0.0, False)


def test_who_was_under_way_waits_and_who_was_in_hand_was_begun() -> None:
    tape = Tape(trial_of([row(0), row(5), row(0, took=None, outcome=Outcome.DROPPED)]))

    assert [len(tape.waiting(WARM_MS + at)) for at in (-1, 0, 50, 101, 106)] == [0, 1, 2, 1, 0]
    assert [tape.server(WARM_MS + at).active for at in (0, 10, 50, 91, 96)] == [0, 1, 2, 1, 0]


def test_the_processor_is_what_had_been_used_by_then() -> None:
    start_s = ORIGIN_NS / 1e9
    points = usage((start_s, 1.0, 40), (start_s + 1, 1.5, 40))
    tape = Tape(with_server(trial_of([row(0)]), usage=points))

    assert [tape.server(at).cpu_s for at in (0.0, 1000.0, 1999.0, 2000.0)] == [None, 1.0, 1.0, 1.5]


def test_it_lasts_as_long_as_its_window_and_its_last_request() -> None:
    assert Tape(trial_of([row(0)])).end_ms == 11_000.0
    assert Tape(trial_of([row(9_990, took=500.0)])).end_ms == 11_490.0


class Player:
    """The replay of a lesson's recorded run, by a clock that a test moves."""

    def __init__(self, number: int) -> None:
        self.folder = folder = RunFolder(lessons.folder(number) / RECORDED)
        experiment = experiments.parse(folder.experiment.read_text(), "experiment.toml")
        self.trials = list(specs.saved(folder, experiment))
        self.said: list[Mapping[str, Any]] = []
        self.now_ms = 10_000.0
        cells = cells_of(experiment, self.trials)
        self.replay = Replay("recorded", experiment, cells, self.said.append, lambda: self.now_ms)
        self.replay.start()

    def pass_s(self, seconds: float) -> list[Mapping[str, Any]]:
        before = len(self.said)
        for _ in range(round(seconds * 4)):
            self.now_ms += 250.0
            self.replay.tick()
        return self.said[before:]

    def ask(self, **command: object) -> str:
        self.replay.obey({"id": 1, **command})
        return str(self.said[-1]["error"])


@pytest.fixture
def player() -> Player:
    return Player(7)


def test_it_says_which_loads_there_are_and_begins_with_one_of_each_kind(player: Player) -> None:
    hello = player.said[0]["hello"]

    assert hello["kind"] == "replay"
    assert [cell["profiles"] for cell in hello["cells"]] == [["gthread", "uvloop", "hybrid"]]
    assert [twin["profile"] for twin in hello["twins"]] == ["gthread", "uvloop"]


def test_it_goes_on_at_its_own_pace_and_begins_again(player: Player) -> None:
    frames = player.pass_s(16)

    at = [frame["at_ms"] for frame in frames]
    assert at[:3] == [250.0, 500.0, 750.0]
    assert min(at[1:]) < 250.0 + 1
    assert [frame["round"] for frame in frames][-1] == 2
    answered = [twin["answered_rps"] for twin in frames[20]["twins"]]
    assert all(20 < rps < 50 for rps in answered)
    assert [twin["state"] for twin in frames[20]["twins"]] == ["recorded", "recorded"]
    assert frames[20]["twins"][1]["expected"]["capacity_rps"] > 0


def test_two_others_can_be_chosen(player: Player) -> None:
    assert player.ask(do="cell", number=0, profiles=["hybrid", "uvloop"]) == ""

    (frame, *_) = player.pass_s(1)
    assert [twin["profile"] for twin in frame["twins"]] == ["hybrid", "uvloop"]


def counted(player: Player, number: int, at_ms: float) -> tuple[float, float]:
    """Of a saved trial the answers a second and their median latency, over the last 5 seconds."""
    trial = saved.load(*player.trials[number])
    samples, plan = trial.samples, trial.plan
    done_ms = samples.done_ns / 1e6 + 1000.0 * plan.warmup_s
    window = (done_ms > at_ms - 5000.0) & (done_ms <= at_ms)
    mine = samples.where(window & (samples.outcome == Outcome.COMPLETED))
    latencies = (mine.done_ns - mine.intended_ns) / 1e6
    return len(latencies) / 5.0, float(np.median(latencies))


@pytest.mark.parametrize("number", range(4))
def test_a_load_that_one_profile_had_is_shown_alone(number: int) -> None:
    player = Player(4)
    assert [cell["profiles"] for cell in player.said[0]["hello"]["cells"]] == [["gthread"]] * 4
    assert player.said[0]["hello"]["twins"] == [{"profile": "gthread"}]
    assert player.ask(do="cell", number=number) == ""

    frame = player.pass_s(10)[-1]

    (twin,) = frame["twins"]
    answered_rps, median_ms = counted(player, number, frame["at_ms"])
    assert twin["answered_rps"] == pytest.approx(answered_rps, abs=0.05)
    # Who still waits counts too: of a queue that grows the page's median is a little higher.
    assert twin["p50_ms"] == pytest.approx(median_ms, rel=0.1)
    assert twin["lanes"] == ["thread"]
    assert twin["expected"]["capacity_rps"] == pytest.approx(48, rel=0.05)


def test_waiting_grows_with_the_load_that_is_chosen() -> None:
    player = Player(4)
    medians = []
    for number in range(4):
        player.ask(do="cell", number=number)
        medians.append(player.pass_s(12)[-1]["twins"][0]["p50_ms"])

    assert medians == sorted(medians)
    assert 20 < medians[0] < 25
    assert medians[3] > 4 * medians[0]


def test_loads_of_two_profiles_and_of_one_follow_each_other() -> None:
    player = Player(3)
    assert [len(cell["profiles"]) for cell in player.said[0]["hello"]["cells"]] == [2, 1, 1, 1]

    shown = []
    for number in (0, 2, 0, 3):
        assert player.ask(do="cell", number=number) == ""
        twins = player.pass_s(5)[-1]["twins"]
        shown.append({twin["profile"]: round(twin["hold_ms"]) for twin in twins})

    both = ["gthread", "uvloop"]
    assert [list(one) for one in shown] == [both, ["uvloop"], both, ["uvloop"]]
    # What blocks and what computes holds the loop; what was handed to a process does not.
    assert shown[0] == shown[2]
    assert shown[0]["uvloop"] > 50
    assert shown[1]["uvloop"] > 50
    assert shown[3]["uvloop"] < 10


def test_the_page_is_told_of_the_bystander_that_a_run_had() -> None:
    assert Player(3).said[0]["hello"]["bystander_rps"] == 40.0
    assert Player(4).said[0]["hello"]["bystander_rps"] is None


def test_what_is_chosen_again_begins_again_and_a_page_can_see_it(player: Player) -> None:
    (*_, before) = player.pass_s(2)
    player.ask(do="cell", number=0)

    (after,) = player.pass_s(0.25)
    assert after["at_ms"] < before["at_ms"]
    assert after["round"] > before["round"]


def test_what_is_chosen_in_a_pause_is_shown_at_its_beginning() -> None:
    player = Player(3)
    player.pass_s(2)
    player.ask(do="pause", on=True)
    before = len(player.said)
    player.ask(do="cell", number=1)

    frames = [said for said in player.said[before:] if "frame" in said]
    assert [(frame["at_ms"], len(frame["twins"])) for frame in frames] == [(0.0, 1)]
    assert player.pass_s(2) == []
    player.ask(do="pause", on=False)
    assert player.pass_s(0.25)[0]["at_ms"] == 250.0


def test_the_loads_are_those_that_the_experiment_names() -> None:
    text = TEXT.replace("[[workloads]]", '[predict]\nloads = ["5/s"]\n[[workloads]]')
    text += '[[loads]]\nname = "5/s"\nmode = "open"\nrate = 5.0\n'
    experiment = experiments.parse(text, "small.toml")
    named = [(spec, TrialFolder(Path(f"{spec.number}"))) for spec in matrix.trials(experiment)]
    assert [spec.role for spec, _ in named] == ["calibrate"] * 2 + ["sweep"] * 2
    probe = replace(named[0][0], number=5, role="probe")
    again = [(replace(spec, number=9), TrialFolder(Path("9"))) for spec, _ in named]

    cells = cells_of(experiment, [*named[:3], (probe, TrialFolder(Path("5"))), *again[:3]])

    found = [(cell.load, [(p, f.path.name) for p, (_, f) in cell.trials.items()]) for cell in cells]
    # The trial of the last profile is not there.
    assert found == [
        ("50/s", [("sync", "3")]),
        ("5/s", [("sync", "1"), ("uvloop", "2")]),
    ]
    assert [cell.text for cell in cells] == ["50 requests/s, wait", "5 requests/s, wait"]
    assert [cell.shown for cell in cells] == [1, 2]


def test_a_run_without_a_saved_trial_is_refused_with_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(lessons.folder(4) / RECORDED / "experiment.toml", tmp_path)

    assert door.main(["replay", str(tmp_path)]) == 2

    said = capsys.readouterr().err
    assert said.startswith(f"error: {tmp_path}: none of the trials that its experiment names")
    assert f"make resume RUN={tmp_path}" in said


def test_a_pause_stands_still_and_goes_on_where_it_was(player: Player) -> None:
    player.pass_s(2)
    assert player.ask(do="pause", on=True) == ""
    assert player.pass_s(5) == []
    player.ask(do="pause", on=False)

    assert player.pass_s(0.25)[0]["at_ms"] == 2250.0


def test_who_does_not_watch_misses_nothing_and_a_pause_outlasts_it(player: Player) -> None:
    player.pass_s(1)
    player.ask(do="watch", on=False)
    assert player.pass_s(3) == []
    player.ask(do="watch", on=True)
    assert player.pass_s(0.25)[0]["at_ms"] == 1250.0

    player.ask(do="pause", on=True)
    player.ask(do="watch", on=False)
    player.ask(do="watch", on=True)
    assert player.pass_s(1) == []


@pytest.mark.parametrize("wanted", [["gthread"], ["uvloop", "uvloop"], [1], "uvloop"])
def test_of_a_load_that_one_had_alone_no_other_is_shown(wanted: object) -> None:
    player = Player(3)
    assert "give uvloop, which ran alone" in player.ask(do="cell", number=1, profiles=wanted)
    assert len(player.pass_s(0.25)[0]["twins"]) == 2

    assert player.ask(do="cell", number=1, profiles=["uvloop"]) == ""
    assert len(player.pass_s(0.25)[0]["twins"]) == 1


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"do": "cell", "number": 5}, "no load 5"),
        ({"do": "cell", "number": True}, "no load True"),
        ({"do": "cell", "number": 0, "profiles": ["sync", "uvloop"]}, "give two of gthread"),
        ({"do": "cell", "number": 0, "profiles": "uvloop"}, "give two of"),
        ({"do": "cell", "number": 0, "profiles": ["uvloop"]}, "give two of"),
        ({"do": "set", "controls": {"rate": 3}}, "'set' is not known here"),
    ],
)
def test_what_is_not_in_the_run_is_refused(
    player: Player, command: dict[str, object], words: str
) -> None:
    assert words in player.ask(**command)
    assert [twin["profile"] for twin in player.pass_s(0.25)[0]["twins"]] == ["gthread", "uvloop"]

"""What a run does next, played through without running anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from loadtests import agenda, matrix
from loadtests.agenda import Contender, Ended, next_trial
from loadtests.experiment import Experiment, parse
from loadtests.matrix import TrialSpec
from loadtests.search import Tried
from loadtests.workload import OpenLoad

TEXT = """
name = "small"
question = "What is next?"
seed = 7
repetitions = 2
measure_s = 5.0
profiles = ["sync", "uvloop"]
{more}
[[workloads]]
name = "wait"
requests = [{{ path = "/wait", params = {{ ms = 5 }} }}]
[[loads]]
name = "50/s"
mode = "open"
rate = 50.0
[[loads]]
name = "5/s"
mode = "open"
rate = 5.0
"""


def valid(spec: TrialSpec) -> Ended:
    return Ended(spec, valid=True)


def played(
    experiment: Experiment,
    judge: Callable[[TrialSpec], Ended] = valid,
    guesses: dict[Contender, float] | None = None,
    most: int = 400,
) -> list[TrialSpec]:
    ended: list[Ended] = []
    while (spec := next_trial(experiment, ended, guesses or {})) is not None:
        assert len(ended) < most
        ended.append(judge(spec))
    return [one.spec for one in ended]


def experiment(more: str = "") -> Experiment:
    return parse(TEXT.format(more=more))


def test_without_more_a_run_is_what_the_experiment_names() -> None:
    assert tuple(played(experiment())) == matrix.trials(experiment())


def test_what_predictions_rest_on_runs_before_everything_else() -> None:
    specs = played(experiment('[predict]\nloads = ["5/s"]'))

    assert [spec.role for spec in specs] == ["calibrate"] * 4 + ["sweep"] * 4
    assert {spec.load.name for spec in specs[:4]} == {"5/s"}
    assert [spec.number for spec in specs] == list(range(1, 9))


def test_a_profile_that_runs_twice_has_two_arms_whose_order_turns_round() -> None:
    specs = [s for s in played(experiment('twice = ["sync"]')) if s.load.name == "5/s"]

    order = [(spec.repetition, spec.profile, spec.arm) for spec in specs]
    assert order[:3] == [(1, "sync", 1), (1, "uvloop", 1), (1, "sync", 2)]
    assert order[3:] == [(2, "sync", 2), (2, "uvloop", 1), (2, "sync", 1)]
    assert len({spec.seed for spec in specs if spec.repetition == 1}) == 1


def test_a_load_beyond_one_that_was_too_much_is_not_tried_to_predict_from() -> None:
    def judge(spec: TrialSpec) -> Ended:
        overloaded = spec.profile == "sync" and spec.load.name == "50/s"
        return Ended(spec, valid=True, answered=0.5 if overloaded else 1.0)

    more = '[predict]\nloads = ["5/s", "50/s", "500/s"]'
    load = '[[loads]]\nname = "500/s"\nmode = "open"\nrate = 500.0\n'
    asked = parse(TEXT.format(more=more) + load)
    specs = played(asked, judge)

    loads = {name: [s.load.name for s in specs if s.profile == name] for name in asked.profiles}
    assert loads["sync"] == ["50/s", "5/s", "5/s"]
    assert loads["uvloop"] == ["50/s", "5/s", "500/s"] * 2
    assert agenda.planned(asked, [judge(spec) for spec in specs]) == len(specs)


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_an_invalid_trial_is_tried_again_a_bounded_number_of_times(retries: int) -> None:
    def judge(spec: TrialSpec) -> Ended:
        return Ended(spec, valid=spec.profile != "sync", again=True)

    specs = played(experiment(f"retries = {retries}"), judge)

    attempts = [s.attempt for s in specs if (s.profile, s.load.name, s.repetition) ==
                ("sync", "5/s", 2)]  # fmt: skip
    assert attempts == list(range(1, retries + 2))
    assert len([s for s in specs if s.profile == "uvloop"]) == 4


def test_what_another_attempt_cannot_mend_is_not_tried_again() -> None:
    specs = played(experiment(), lambda spec: Ended(spec, valid=False, again=False))
    assert len(specs) == 8


def test_second_attempts_of_a_stage_come_before_the_next_stage() -> None:
    failed: list[TrialSpec] = []

    def judge(spec: TrialSpec) -> Ended:
        spoiled = spec.role == "calibrate" and not failed
        if spoiled:
            failed.append(spec)
        return Ended(spec, valid=not spoiled, again=True)

    specs = played(experiment('[predict]\nloads = ["5/s"]'), judge)

    assert [spec.role for spec in specs] == ["calibrate"] * 5 + ["sweep"] * 4
    assert specs[4].attempt == 2


CAPACITY = "[capacity]\np99_ms = 250.0\nseconds = 60.0"


def probing(capacity: dict[str, float]) -> Callable[[TrialSpec], Ended]:
    def judge(spec: TrialSpec) -> Ended:
        if spec.role != "probe":
            return valid(spec)
        assert isinstance(spec.load, OpenLoad)
        met = spec.load.rate < capacity[spec.profile]
        return Ended(spec, valid=True, tried=Tried(spec.load.rate, met, spec.measure_s))

    return judge


def test_contenders_of_a_search_take_turns_and_each_is_found() -> None:
    guesses = {("wait", "sync"): 35.0, ("wait", "uvloop"): 900.0}
    specs = played(experiment(CAPACITY), probing({"sync": 39.0, "uvloop": 1234.0}), guesses)

    probes = [spec for spec in specs if spec.role == "probe"]
    assert specs[8:] == probes
    assert [spec.profile for spec in probes[:4]] == ["sync", "uvloop", "sync", "uvloop"]
    for profile, capacity in (("sync", 39.0), ("uvloop", 1234.0)):
        mine = [s for s in probes if s.profile == profile]
        last = mine[-1].load
        assert isinstance(last, OpenLoad)
        assert last.rate == pytest.approx(capacity, rel=0.15)
        assert sum(spec.measure_s for spec in mine) <= 90.0 + 12.0


def test_a_search_whose_probes_are_all_spoiled_ends() -> None:
    def judge(spec: TrialSpec) -> Ended:
        return valid(spec) if spec.role != "probe" else Ended(spec, valid=False, again=True)

    probes = [spec for spec in played(experiment(CAPACITY), judge) if spec.role == "probe"]

    assert [s.attempt for s in probes if s.profile == "sync"] == [1, 2, 3, 4]


def test_a_probe_is_long_enough_for_its_p99_within_its_part_of_the_time() -> None:
    objective = experiment(CAPACITY).capacity
    assert objective is not None

    assert agenda.probe_s(objective, 1000.0) == 3.0
    assert 38.6 <= 40.0 * agenda.probe_s(objective, 40.0) / 10.0 <= 38.8
    assert agenda.probe_s(objective, 5.0) == 12.0


def test_repetitions_go_on_until_every_ratio_is_known_or_the_limit_is_reached() -> None:
    rule = '[stop]\nmetric = "latency_p50_ms"\nhalf_width = 0.05\nmost = 9'

    def quiet(spec: TrialSpec) -> Ended:
        wobble = 1.0 + 0.002 * (spec.repetition % 3)
        return Ended(spec, valid=True, values={"latency_p50_ms": 10.0 * wobble})

    def noisy(spec: TrialSpec) -> Ended:
        sign = 1.0 if (spec.repetition % 2) == (spec.profile == "sync") else 2.0
        return Ended(spec, valid=True, values={"latency_p50_ms": 10.0 * sign})

    assert max(spec.repetition for spec in played(experiment(rule), quiet)) == 5
    assert max(spec.repetition for spec in played(experiment(rule), noisy)) == 9


def test_a_trial_whose_folder_is_gone_gets_its_number_again() -> None:
    specs = matrix.trials(experiment())
    ended = [valid(spec) for spec in specs if spec.number != 3]

    assert next_trial(experiment(), ended, {}) == specs[2]


def test_what_is_left_is_counted_down() -> None:
    ended: list[Ended] = []
    found = []
    while (spec := next_trial(experiment(), ended, {})) is not None:
        found.append(agenda.left(experiment(), ended, {}))
        ended.append(valid(spec))
    assert found == list(range(8, 0, -1))

"""What a trial's generator is asked of the instruments."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests import matrix
from loadtests.experiment import parse
from loadtests.plan import STAMPED_RPS, Address, Capture, GeneratorPlan
from loadtests.results import TrialFolder

TEXT = """
name = "small"
question = "Who is asked?"
seed = 7
measure_s = 8.0
profiles = ["sync", "uvloop"]
{more}
[[workloads]]
name = "wait"
requests = [{{ path = "/wait", params = {{ ms = 5 }} }}]
[[loads]]
name = "50/s"
mode = "open"
rate = 50.0
"""


def plans(more: str = "", ledgers: Path | None = None) -> list[GeneratorPlan]:
    experiment = parse(TEXT.format(more=more))
    folder = TrialFolder(Path())
    return [
        matrix.generator_plan(experiment, spec, Address(4321), folder, 0, ledgers)
        for spec in matrix.trials(experiment)
    ]


def test_requests_are_stamped_and_some_captured_from_a_quarter_of_the_window_on() -> None:
    sync, uvloop = plans("capture = 30", Path("/ledgers"))

    assert (sync.profile, uvloop.profile) == ("sync", "uvloop")
    assert sync.stamped_rps == STAMPED_RPS
    assert sync.capture == Capture(from_s=2.0, count=30)
    assert sync.ledgers == Path("/ledgers")


def test_a_load_may_be_measured_for_longer_or_shorter_than_others() -> None:
    one = '[[loads]]\nname = "short"\nmode = "closed"\nusers = 3\nmeasure_s = 2.0\n'
    assert [(plan.load, plan.measure_s) for plan in plans(one)] == [
        *[("short", 2.0)] * 2,
        *[("50/s", 8.0)] * 2,
    ]
    assert [plan.capture and plan.capture.from_s for plan in plans(one)] == [0.5, 0.5, 2.0, 2.0]


@pytest.mark.parametrize("from_s", [0.0, 6.5])
def test_an_experiment_may_say_from_when_on_requests_are_captured(from_s: float) -> None:
    assert plans(f"capture_from_s = {from_s}")[1].capture == Capture(from_s=from_s, count=50)


@pytest.mark.parametrize(
    ("more", "stamped_rps"), [("instruments = false", 0.0), ("capture = 0", STAMPED_RPS)]
)
def test_what_an_experiment_turns_off_is_not_asked_for(more: str, stamped_rps: float) -> None:
    plan = plans(more)[0]

    assert plan.capture is None
    assert plan.stamped_rps == stamped_rps
    assert plan.ledgers is None


def test_a_plan_is_the_same_when_the_generator_has_read_it() -> None:
    plan = plans(ledgers=Path("/ledgers"))[0]

    assert GeneratorPlan.model_validate_json(plan.model_dump_json()) == plan

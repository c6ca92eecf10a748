"""What a class may set: its bounds, and the requests that follow from it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from loadtests.live.controls import BOUNDS, Controls
from loadtests.live.presets import PRESETS, changed
from servers.contract import ALLOW


@pytest.mark.parametrize("name", BOUNDS)
def test_every_number_is_bounded_on_both_sides(name: str) -> None:
    low, high = BOUNDS[name]["minimum"], BOUNDS[name]["maximum"]

    assert getattr(Controls.model_validate({name: low}), name) == low
    assert getattr(Controls.model_validate({name: high}), name) == high
    for beyond in (low - 1, high + 1):
        with pytest.raises(ValidationError):
            Controls.model_validate({name: beyond})


def test_all_numbers_have_bounds_and_nothing_else_has() -> None:
    assert set(BOUNDS) == {"rate", "users", "work_ms", "workers", "slots"}


@pytest.mark.parametrize(
    "wanted", [{"rate": "40"}, {"rate": 40.5}, {"rate": True}, {"workload": "rm"}, {"nice": 1}]
)
def test_what_is_of_another_kind_is_refused(wanted: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Controls.model_validate(wanted)


@pytest.mark.parametrize("work_ms", [1, 2000])
def test_every_workload_asks_for_what_the_contract_allows(work_ms: int) -> None:
    urls = {
        workload: [r.url for r in Controls(workload=workload, work_ms=work_ms).requests]
        for workload in ("wait", "call", "compute", "block", "mixed")
    }

    assert urls["wait"] == [f"/wait?ms={work_ms}"]
    assert urls["call"] == [f"/downstream?ms={work_ms}"]
    assert urls["block"] == [f"/blocking?ms={work_ms}"]
    assert urls["compute"] == [f"/cpu?units={min(work_ms, 1000)}"]
    assert urls["mixed"] == [f"/wait?ms={work_ms}", "/blocking?ms=80", "/cpu?units=10"]
    assert all(r.path in ALLOW for r in Controls(workload="mixed").requests)


def test_closed_users_ask_as_they_are_answered() -> None:
    assert Controls(rate=70).asked.rate == 70.0
    closed = Controls(mode="closed", users=9).asked
    assert (closed.rate, closed.users, closed.think_s) == (None, 9, 1.0)


def test_the_keys_and_names_of_the_presets_are_their_own() -> None:
    assert len({preset.key for preset in PRESETS}) == len(PRESETS) == 5
    assert len({preset.name for preset in PRESETS}) == 5


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_begins_at_once_with_all_it_needs_and_goes_forward(preset: object) -> None:
    steps = preset.steps  # type: ignore[attr-defined]
    strange = Controls(mode="closed", rate=500, users=500, workload="mixed", workers=4, slots=32)
    usual = Controls()

    assert steps[0].after_s == 0.0
    assert [step.after_s for step in steps] == sorted(step.after_s for step in steps)
    # Whatever was set before, a lecture is the same.
    after = [changed(one, steps[0]).model_dump(exclude={"users"}) for one in (strange, usual)]
    assert after[0] == after[1]
    for step in steps:
        changed(usual, step)

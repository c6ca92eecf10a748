"""Lectures of one key press each: what is asked of the room, and what then happens, by the second.

A preset is a row. Its steps change some controls at their moments, or send one request that stands
out, to both twins at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loadtests.live.controls import Controls
from loadtests.workload import Request


@dataclass(frozen=True, slots=True)
class Step:
    """What happens `after_s` seconds: controls that change, and a single request."""

    after_s: float
    changes: Mapping[str, int | str] = field(default_factory=dict)
    once: Request | None = None


@dataclass(frozen=True, slots=True)
class Preset:
    """A row: its key on the keyboard, its name, the question to the room, and its steps."""

    key: str
    name: str
    question: str
    steps: tuple[Step, ...]


_CALM: dict[str, int | str] = {
    "mode": "open", "rate": 20, "workload": "wait", "work_ms": 100, "workers": 1, "slots": 8,
}  # fmt: skip

PRESETS = (
    Preset(
        "1",
        "one slow request",
        "Twenty short requests a second, and then one that waits for three seconds. "
        "Who else waits?",
        (
            Step(0.0, _CALM | {"work_ms": 10, "slots": 1}),
            Step(5.0, once=Request(path="/wait", params={"ms": 3000})),
        ),
    ),
    Preset(
        "2",
        "the loop is blocked",
        "Every request makes a blocking call of 60 ms. Where does the bystander wait?",
        (Step(0.0, _CALM | {"rate": 14, "workload": "block", "work_ms": 60}),),
    ),
    Preset(
        "3",
        "threads to the rescue",
        "Sixty requests a second wait 100 ms each. How many threads does that take?",
        (
            Step(0.0, _CALM | {"rate": 60, "slots": 2}),
            Step(10.0, {"slots": 4}),
            Step(20.0, {"slots": 8}),
            Step(30.0, {"slots": 16}),
        ),
    ),
    Preset(
        "4",
        "the cliff at the pool’s limit",
        "Eight slots of 100 ms are 80 requests a second. What happens at 60, at 75 and at 90?",
        (
            Step(0.0, _CALM | {"rate": 60}),
            Step(8.0, {"rate": 75}),
            Step(16.0, {"rate": 90}),
        ),
    ),
    Preset(
        "5",
        "burst",
        "For two seconds there come ten times as many. How long until all is as before?",
        (
            Step(0.0, _CALM | {"rate": 30}),
            Step(5.0, {"rate": 300}),
            Step(7.0, {"rate": 30}),
        ),
    ),
)


def changed(controls: Controls, step: Step) -> Controls:
    """The controls after a step."""
    return Controls.model_validate(controls.model_dump() | dict(step.changes))

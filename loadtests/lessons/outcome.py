"""What a run says to a lesson: its figures, the right answer, and which sentences hold there."""

from __future__ import annotations

import statistics
import string
from collections.abc import Mapping
from dataclasses import dataclass

from loadtests.analysis.summary import Summary
from loadtests.lessons.lesson import METRICS, Figure, Holds, Lesson


@dataclass(frozen=True, slots=True)
class Value:
    """A figure as it was measured; `at_least` where it would be more, had all been answered.

    `unit` is ms, requests/s, MiB, or, of a ratio, times.
    """

    value: float
    unit: str
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A sentence of the explanation; `true` is None where its figure was not measured."""

    text: str
    true: bool | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures by name, None where not measured, and what follows from them.

    `right` is the letter of the right answer, empty where that was not measured.
    """

    values: Mapping[str, Value | None]
    right: str
    held: tuple[Held, ...]


def outcome_of(lesson: Lesson, summary: Summary) -> Outcome:
    """What a run says to a lesson."""
    values: dict[str, Value | None] = {}
    for name, figure in lesson.figures.items():
        _add(name, figure, lesson, summary, values)
    asked = values[lesson.question.figure]
    return Outcome(
        values=values,
        right="" if asked is None else _right(lesson, asked),
        held=tuple(_held(one, values[one.figure]) for one in lesson.holds),
    )


def letters(lesson: Lesson) -> str:
    """The letters of a lesson's answers."""
    return string.ascii_lowercase[: len(lesson.question.options)]


def _add(
    name: str,
    figure: Figure,
    lesson: Lesson,
    summary: Summary,
    values: dict[str, Value | None],
) -> None:
    """Add a figure, and before it those that it is made of."""
    if name in values:
        return
    # A figure that is made of itself is not measured.
    values[name] = None
    for part in figure.of:
        _add(part, lesson.figures[part], lesson, summary, values)
    parts = [values[part] for part in figure.of]
    if figure.ratio:
        values[name] = _ratio(*parts)
    elif figure.least:
        known = [part for part in parts if part is not None]
        all_there = len(known) == len(parts)
        values[name] = min(known, key=lambda one: one.value) if all_there else None
    else:
        values[name] = measured(figure, summary)


def measured(figure: Figure, summary: Summary) -> Value | None:
    """A figure that is made of no others: the median over the valid trials that have it."""
    metric = METRICS[figure.metric]
    cell = (figure.profile, figure.workload, figure.load)
    trials = [t for t in summary.trials if t.valid and (t.profile, t.workload, t.load) == cell]
    found = [(metric(trial), metric.is_lower_bound(trial)) for trial in trials]
    known = [(value, bound) for value, bound in found if value is not None]
    if not known:
        return None
    value = statistics.median(value for value, _ in known)
    return Value(value, _unit(figure.metric), any(bound for _, bound in known))


def _unit(metric: str) -> str:
    ends = {"_ms": "ms", "_rps": "requests/s", "_mb": "MiB"}
    return next((unit for end, unit in ends.items() if metric.endswith(end)), "ms")


def _ratio(above: Value | None, below: Value | None) -> Value | None:
    if above is None or below is None or not below.value:
        return None
    # A ratio to a lower bound is an upper one, which says nothing.
    return None if below.at_least else Value(above.value / below.value, "times", above.at_least)


def _right(lesson: Lesson, value: Value) -> str:
    """The letter of the option in which a figure lies; of a lower bound only the last is sure."""
    for letter, option in zip(letters(lesson), lesson.question.options, strict=True):
        if option.below is None:
            return letter
        if value.value < option.below:
            break
    return "" if value.at_least else letter


def _held(one: Holds, value: Value | None) -> Held:
    if value is None:
        return Held(one.text, None)
    over = one.above is None or value.value > one.above
    under = one.below is None or (value.value < one.below and not value.at_least)
    return Held(one.text, over and under)

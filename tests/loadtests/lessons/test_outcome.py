"""What a run says to a lesson, with runs whose figures are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from loadtests.lessons.lesson import Lesson, LessonError, folder, read
from loadtests.lessons.outcome import Outcome, Value, outcome_of
from loadtests.lessons.tables import MetricTable, Row, tables_of
from tests.loadtests.analysis.claims.built import Case, summary

FIGURE = {"workload": "wait", "load": "30/s", "metric": "latency_p50_ms"}


def lesson(**changes: object) -> Lesson:
    """A lesson on the ratio of two medians."""
    made = {
        "title": "made up",
        "question": {
            "text": "By what factor?",
            "figure": "factor",
            "options": (
                {"text": "less", "below": 2.0},
                {"text": "more", "below": 10.0},
                {"text": "most"},
            ),
        },
        "figures": {
            "slow": {"profile": "sync", **FIGURE},
            "quick": {"profile": "asgi", **FIGURE},
            "factor": {"ratio": ("slow", "quick")},
        },
        "holds": ({"text": "The slow one is slow.", "figure": "slow", "above": 50.0},),
    }
    return Lesson.model_validate(made | changes)


def value(found: Outcome, name: str) -> Value:
    """A figure that was measured."""
    measured = found.values[name]
    assert measured is not None
    return measured


@pytest.mark.parametrize(
    ("slow", "right"), [(150.0, "a"), (200.0, "b"), (999.0, "b"), (1000.0, "c")]
)
def test_the_right_answer_is_where_the_figure_lies(slow: float, right: str) -> None:
    found = outcome_of(
        lesson(),
        summary([Case("sync", "wait", 30.0, p50=slow), Case("asgi", "wait", 30.0, p50=100.0)]),
    )

    assert found.right == right
    assert value(found, "factor").value == pytest.approx(slow / 100.0)
    assert value(found, "factor").unit == "times"
    assert value(found, "slow").value == pytest.approx(slow)
    assert value(found, "slow").unit == "ms"


def test_what_was_not_measured_answers_nothing() -> None:
    found = outcome_of(lesson(), summary([Case("sync", "wait", 30.0, p50=100.0)]))

    assert found.right == ""
    assert found.values["factor"] is None
    assert [one.true for one in found.held] == [True]


def test_a_sentence_that_does_not_hold_is_told() -> None:
    cases = [Case("sync", "wait", 30.0, p50=40.0), Case("asgi", "wait", 30.0, p50=10.0)]

    assert [one.true for one in outcome_of(lesson(), summary(cases)).held] == [False]


def test_a_lower_bound_stays_one_in_a_ratio_and_is_never_below_anything() -> None:
    cases = [
        Case("sync", "wait", 30.0, p50=4000.0, answered=10.0),
        Case("asgi", "wait", 30.0, p50=100.0),
    ]
    holds = ({"text": "It is quick.", "figure": "slow", "below": 5000.0},)

    found = outcome_of(lesson(holds=holds), summary(cases))

    assert value(found, "factor").value == pytest.approx(40.0)
    assert value(found, "factor").at_least
    assert [one.true for one in found.held] == [False]
    assert found.right == "c"


def test_a_lower_bound_is_an_answer_only_where_nothing_lies_above() -> None:
    cases = [
        Case("sync", "wait", 30.0, p50=400.0, answered=10.0),
        Case("asgi", "wait", 30.0, p50=100.0),
    ]

    found = outcome_of(lesson(), summary(cases))

    assert value(found, "factor") == Value(value(found, "factor").value, "times", at_least=True)
    assert found.right == ""


def test_of_several_figures_the_least() -> None:
    figures = {
        "slow": {"profile": "sync", **FIGURE},
        "quick": {"profile": "asgi", **FIGURE},
        "factor": {"least": ("slow", "quick")},
    }
    cases = [Case("sync", "wait", 30.0, p50=40.0), Case("asgi", "wait", 30.0, p50=10.0)]

    assert value(outcome_of(lesson(figures=figures), summary(cases)), "factor").value == 10.0
    alone = outcome_of(lesson(figures=figures), summary(cases[:1]))
    assert alone.values["factor"] is None


def test_its_metrics_as_tables_of_every_load_and_profile() -> None:
    cases = [
        Case("sync", "wait", 30.0, p50=40.0),
        Case("asgi", "wait", 30.0, p50=10.0),
        Case("asgi", "wait", 60.0, p50=20.0),
    ]

    assert tables_of(lesson(), summary(cases)) == (
        MetricTable(
            "Latency p50",
            ("sync", "asgi"),
            (
                Row("30/s", (Value(40.0, "ms"), Value(10.0, "ms"))),
                Row("60/s", (None, Value(20.0, "ms"))),
            ),
        ),
    )


def test_a_ratio_to_a_lower_bound_says_nothing() -> None:
    cases = [
        Case("sync", "wait", 30.0, p50=100.0),
        Case("asgi", "wait", 30.0, p50=4000.0, answered=10.0),
    ]

    assert outcome_of(lesson(), summary(cases)).right == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"figures": {"factor": {"ratio": ("a", "b")}}}, "not there: a, b, slow"),
        ({"figures": {"factor": {"profile": "sync"}}}, "give profile, workload"),
        ({"figures": {"factor": {"ratio": ("a", "b"), "load": "1/s"}}}, "give profile, workload"),
        ({"holds": ({"text": "So it is.", "figure": "slow"},)}, "it cannot be false"),
        (
            {"figures": {"slow": {"profile": "sync", **FIGURE, "metric": "speed"}}},
            "metric is 'speed'",
        ),
        (
            {
                "question": {
                    "text": "?",
                    "figure": "slow",
                    "options": ({"text": "a"}, {"text": "b"}),
                }
            },
            "needs a `below`",
        ),
    ],
)
def test_a_lesson_that_makes_no_sense_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        lesson(**change)


def test_a_lesson_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(LessonError, match="no lesson 99: give one of 1, 2"):
        folder(99)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(LessonError, match=r"lesson\.toml"):
        read(tmp_path)


def test_each_fault_of_a_file_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "lesson.toml").write_text('title = "a"\nfigures = {}\nholds = []\n')

    with pytest.raises(LessonError, match=r"lesson\.toml: question is missing"):
        read(tmp_path)

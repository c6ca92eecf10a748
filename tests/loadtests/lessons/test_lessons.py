"""Every lesson that there is: its file, its experiment, its text, and its recorded run."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests import experiment as experiments
from loadtests import matrix
from loadtests.analysis import analyze
from loadtests.analysis.summary import Summary
from loadtests.experiment import Experiment
from loadtests.lessons import lesson as lessons
from loadtests.lessons.lesson import Lesson
from loadtests.lessons.outcome import outcome_of
from loadtests.lessons.recorded import KEPT, KEPT_OF_A_TRIAL, RECORDED
from loadtests.results import RunFolder

FOLDERS = lessons.folders()
LONGEST_S = 90.0
BESIDE_A_TRIAL_S = 3.5
LARGEST_BYTES = 500_000
PLACE = re.compile(r"\{\{ f\.(\w+) \}\}")
DETAILS = re.compile(r"<details>.*?</details>", re.S)
# A figure that was measured stands in no text: only what a request or a load asks for does.
MEASURED = re.compile(r"(\d[\d.,]*)\s*(?:ms|s|requests/s|MiB|times|%)(?!\w)")
OF_A_MACHINE = re.compile(r"/(?:tmp|home|root|work|Users|var|run)/|testbed-\d")


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda number: f"lesson-{number}")
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = FOLDERS[request.param]
    return found


@pytest.fixture(scope="module")
def lesson(path: Path) -> Lesson:
    return lessons.read(path)


@pytest.fixture(scope="module")
def experiment(path: Path) -> Experiment:
    return experiments.parse((path / "experiment.toml").read_text(), "experiment.toml")


@pytest.fixture(scope="module")
def summary(path: Path) -> Summary:
    """The analysis of the recorded run, of which nothing is written."""
    return analyze.analyze(RunFolder(path / RECORDED))


def test_there_are_seven_in_a_row() -> None:
    assert list(FOLDERS) == list(range(1, 8))


def test_its_figures_are_of_its_own_experiment(
    path: Path, lesson: Lesson, experiment: Experiment
) -> None:
    assert experiment.name == f"lesson-{int(path.name[:2])}"
    ran = {(one.profile, one.workload.name, one.load.name) for one in matrix.trials(experiment)}
    for name, figure in lesson.figures.items():
        if not figure.of:
            assert (figure.profile, figure.workload, figure.load) in ran, name


def test_it_takes_ninety_seconds_at_most(experiment: Experiment) -> None:
    each_s = experiment.warmup_s + experiment.measure_s + BESIDE_A_TRIAL_S

    assert each_s * len(matrix.trials(experiment)) <= LONGEST_S


def test_its_text_names_figures_that_are_there_and_all_that_there_are(
    path: Path, lesson: Lesson
) -> None:
    named = set(PLACE.findall((path / "page.html").read_text()))
    used = named | {lesson.question.figure} | {one.figure for one in lesson.holds}
    used.update(part for figure in lesson.figures.values() for part in figure.of)

    assert named <= set(lesson.figures)
    assert used == set(lesson.figures), "a figure that nobody uses"


def test_a_sentence_holds_what_its_question_and_its_text_rest_on(lesson: Lesson) -> None:
    """What is compared with what: each part of the question's figure is in a held sentence."""
    held = {one.figure for one in lesson.holds}
    held.update(part for name in set(held) for part in lesson.figures[name].of)
    asked = lesson.question.figure

    assert {asked, *lesson.figures[asked].of} & held


def test_it_has_what_the_page_of_a_lesson_has(path: Path) -> None:
    text = (path / "page.html").read_text()

    titles = re.findall(r"<h2>(.+?)</h2>", text)
    assert titles == ["What to look at", "Explanation", "Exercises"]
    assert text.count("{{ figures }}") == 1
    assert len(DETAILS.findall(text)) == text.count("<summary>") >= 2


def test_no_figure_is_typed_into_its_text(path: Path, lesson: Lesson) -> None:
    """What the experiment's file sets may be told: 100 ms, 40 a second. Nothing else.

    The answers of exercises calculate.
    """
    text = DETAILS.sub("", (path / "page.html").read_text())
    texts = [text, lesson.question.text, *(one.text for one in lesson.holds)]
    known = set(_numbers(tomllib.loads((path / "experiment.toml").read_text())))

    assert [
        number for one in texts for number in MEASURED.findall(one) if number not in known
    ] == []


def _numbers(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, int | float):
        yield f"{value:g}"


def test_its_recorded_run_is_the_experiment_s_own(
    path: Path, experiment: Experiment, summary: Summary
) -> None:
    recorded = RunFolder(path / RECORDED)

    assert recorded.experiment.read_text() == (path / "experiment.toml").read_text()
    assert len(summary.trials) == summary.planned_trials == len(matrix.trials(experiment))
    assert all(trial.valid for trial in summary.trials)


def test_its_recorded_run_says_what_its_text_says(lesson: Lesson, summary: Summary) -> None:
    found = outcome_of(lesson, summary)

    assert found.right
    assert [one.text for one in found.held if not one.true] == []
    assert None not in found.values.values()


def test_its_recorded_run_has_what_the_server_s_side_knows(summary: Summary) -> None:
    for trial in summary.trials:
        assert trial.server_side is not None
        assert trial.courses


def test_its_recorded_run_is_small_and_keeps_no_path_of_a_machine(path: Path) -> None:
    files = [file for file in (path / RECORDED).rglob("*") if file.is_file()]

    assert 0 < sum(file.stat().st_size for file in files) <= LARGEST_BYTES
    for file in files:
        kept = KEPT if file.parent.name == RECORDED else KEPT_OF_A_TRIAL
        assert any(file.match(pattern) for pattern in kept), file
        if file.suffix in (".json", ".jsonl", ".toml"):
            assert not OF_A_MACHINE.search(file.read_text()), file

"""Keeping a run as a lesson's recorded one, and taking it out again."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from loadtests import door
from loadtests.analysis import analyze, summary_json
from loadtests.analysis.summary import Summary
from loadtests.analysis.summary_json import to_json
from loadtests.lessons import lesson as lessons
from loadtests.lessons.lesson import LessonError
from loadtests.lessons.recorded import RECORDED, record, recorded
from loadtests.results import RunFolder

LESSON = lessons.folder(7)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run of a lesson, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return recorded(LESSON)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The lesson without its recorded run."""
    target = tmp_path / LESSON.name
    shutil.copytree(LESSON, target, ignore=shutil.ignore_patterns(RECORDED))
    return target


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder): file.read_bytes() for file in files}


def test_what_is_recorded_says_what_the_run_said(run: RunFolder, copy: Path) -> None:
    record(run, copy)

    assert analyze.analyze(RunFolder(copy / RECORDED)) == summary_json.read(run.summary)


def test_what_is_recorded_twice_is_the_same_in_every_byte(run: RunFolder, copy: Path) -> None:
    record(run, copy)
    once = contents(copy / RECORDED)
    record(run, copy)

    assert contents(copy / RECORDED) == once
    assert once == contents(LESSON / RECORDED)


def test_where_it_ran_is_not_recorded(run: RunFolder, copy: Path) -> None:
    plan = run.saved()[0].plan
    plan.write_text(plan.read_text().replace('"folder": "."', f'"folder": "{run.path}"'))

    record(run, copy)

    for name, content in contents(copy / RECORDED).items():
        assert str(run.path).encode() not in content, name


def test_a_run_of_another_experiment_is_not_recorded(run: RunFolder, copy: Path) -> None:
    run.experiment.write_text(run.experiment.read_text() + "# another\n")

    with pytest.raises(LessonError, match="its experiment is not that of 07_hybrid"):
        record(run, copy)
    assert not (copy / RECORDED).exists()


def test_a_run_that_does_not_bear_the_lesson_out_is_not_recorded(
    run: RunFolder, copy: Path
) -> None:
    def spoil(summary: Summary) -> Summary:
        first, *others = summary.trials
        trials = (dataclasses.replace(first, valid=False), *others)
        return dataclasses.replace(summary, trials=trials, planned_trials=4)

    run.summary.write_text(to_json(spoil(summary_json.read(run.summary))))

    with pytest.raises(LessonError) as caught:
        record(run, copy)
    said = str(caught.value)
    assert "trial 1 is INVALID; not all trials were saved; it does not say “" in said
    assert said.endswith("it does not answer the question; run it again at a quiet moment")


def test_a_lesson_without_a_recorded_run_says_so(copy: Path) -> None:
    with pytest.raises(LessonError, match="no recorded run"):
        recorded(copy)


def test_the_command_records(
    run: RunFolder, copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lessons, "folder", lambda number: {7: copy}[number])

    assert door.main(["lesson", "7", "--record", str(run.path)]) == 0
    assert capsys.readouterr().out.strip().endswith(f"{LESSON.name}/{RECORDED}")
    assert (copy / RECORDED / "experiment.toml").is_file()
    assert door.main(["lesson", "--record", str(run.path)]) == 2
    assert "of which lesson? give its number" in capsys.readouterr().err

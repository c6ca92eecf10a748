"""Asking a student at a terminal, and what becomes of a run that does not end well."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests import door
from loadtests.commands import lesson as command
from loadtests.lessons import lesson as lessons
from loadtests.lessons.outcome import Outcome


class Terminal:
    """A terminal at which somebody types these lines; an exception is raised instead."""

    def __init__(self, *typed: str | type[BaseException]) -> None:
        self.typed: Iterator[str | type[BaseException]] = iter(typed)
        self.asked: list[str] = []

    def isatty(self) -> bool:
        return True

    def __call__(self, prompt: str) -> str:
        self.asked.append(prompt)
        line = next(self.typed)
        if isinstance(line, str):
            return line
        raise line


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def at(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> int:
    """The code of lesson 7 with its recorded run, taken at a terminal."""
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr("builtins.input", terminal)
    return door.main(["lesson", "7", "--replay"])


def told() -> dict[str, object]:
    found: dict[str, object] = json.loads(Path("results/latest/lesson.json").read_text())
    return found


def test_it_asks_until_a_letter_is_one_of_the_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal("", "x", "ab", " B ")

    assert at(terminal, monkeypatch) == 0
    assert terminal.asked == ["\nYour prediction (a, b, c): "] * 4
    assert told()["answer"] == "b"
    assert "You predicted b; this run says c)" in capsys.readouterr().out


def test_who_ends_the_input_predicts_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert at(Terminal(EOFError), monkeypatch) == 0
    assert told()["answer"] == ""
    assert "This run’s answer: c)" in capsys.readouterr().out


def test_who_interrupts_the_question_ends_it_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert at(Terminal(KeyboardInterrupt), monkeypatch) == 130
    assert capsys.readouterr().err == ""
    assert not Path("results").exists()


@pytest.mark.parametrize("code", [1, 2, 130])
def test_a_run_that_does_not_end_well_leaves_its_code(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_run", lambda _: code)

    if code == 130:
        assert door.main(["lesson", "7", "--answer", "a"]) == code
    else:
        with pytest.raises(SystemExit) as ended:
            door.main(["lesson", "7", "--answer", "a"])
        assert ended.value.code == code


def test_a_run_without_the_figure_answers_nothing() -> None:
    nothing = Outcome({}, "", ())

    said = command.verdict(lessons.read(lessons.folder(7)), "a", nothing)

    assert said.startswith("This run does not answer the question")

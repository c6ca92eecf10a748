"""`python -m loadtests lesson N`: ask, run or take the recorded run, and check the answer."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path

from loadtests import results
from loadtests.analysis import summary_json
from loadtests.analysis.summary import Summary
from loadtests.lessons import lesson as lessons
from loadtests.lessons.lesson import Lesson, LessonError
from loadtests.lessons.outcome import Outcome, letters, outcome_of
from loadtests.lessons.recorded import RECORDED, record, recorded
from loadtests.lessons.tables import tables_of
from loadtests.results import RunFolder, write_whole

FILE = "lesson.json"
INTERRUPTED = 130


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command at the door."""
    parser = commands.add_parser("lesson", help="a question, its experiment, and your answer")
    parser.add_argument("number", type=int, nargs="?", help="which lesson; without it, the list")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--replay", action="store_true", help="take the recorded run")
    which.add_argument(
        "--record", type=Path, metavar="RUN",
        help="ask nothing: keep a run of the lesson as its recorded one",
    )  # fmt: skip
    parser.add_argument("--answer", metavar="LETTER", help="instead of asking for it")
    parser.set_defaults(do=do)


def do(arguments: argparse.Namespace) -> int:
    """Take a lesson. Raises LessonError where there is none of this number."""
    if arguments.number is None:
        if arguments.record:
            raise LessonError(f"--record {arguments.record}: of which lesson? give its number")
        for number, path in lessons.folders().items():
            print(f"{number}  {lessons.read(path).title}")
        print("take one with make lesson N=1, or with its recorded run: make lesson N=1 REPLAY=1")
        return 0
    path = lessons.folder(arguments.number)
    if arguments.record:
        record(results.existing(arguments.record), path)
        print(os.path.relpath(path / RECORDED))
        return 0
    lesson = lessons.read(path)
    try:
        answer = _answer(arguments.number, lesson, arguments.answer)
    except KeyboardInterrupt:
        print()
        return INTERRUPTED
    folder = recorded(path) if arguments.replay else _run(path)
    if folder is None:
        return INTERRUPTED
    summary = summary_json.read(folder.summary)
    outcome = outcome_of(lesson, summary)
    told = _told(path, folder, lesson, answer, outcome, summary)
    text = json.dumps(told | {"recorded": arguments.replay}, indent=1)
    write_whole(folder.path / FILE, f"{text}\n")
    print(f"\n{verdict(lesson, answer, outcome)}")
    return 0


def _answer(number: int, lesson: Lesson, given: str | None) -> str:
    """The student's letter; empty where nobody can be asked."""
    known = letters(lesson)
    if given is not None and (given not in known or len(given) != 1):
        raise LessonError(f"--answer is {given!r}: give one of {', '.join(known)}")
    options = zip(known, lesson.question.options, strict=True)
    print(f"Lesson {number}: {lesson.title}\n\n{lesson.question.text}")
    print("\n".join(f"  {letter}) {option.text}" for letter, option in options), flush=True)
    if given is not None:
        return given
    while sys.stdin.isatty():
        try:
            answer = input(f"\nYour prediction ({', '.join(known)}): ").strip().lower()
        except EOFError:
            return ""
        if answer in set(known):
            return answer
    return ""


def _run(path: Path) -> RunFolder | None:
    """Run a lesson's experiment: by the door, as anybody runs one. None where that was ended.

    Raises SystemExit with the door's code where it failed; it has said why.
    """
    # The door imports this module.
    from loadtests import door

    code = door.main(["run", str(path / "experiment.toml")])
    if code == INTERRUPTED:
        return None
    if code:
        raise SystemExit(code)
    return results.existing(results.RESULTS / "latest")


def verdict(lesson: Lesson, answer: str, outcome: Outcome) -> str:
    """What has become of the prediction, by this run."""
    if not outcome.right:
        return "This run does not answer the question: no valid trial has the figure. Run it again."
    option = lesson.question.options[letters(lesson).index(outcome.right)]
    if not answer:
        return f"This run’s answer: {outcome.right}) {option.text}"
    if answer == outcome.right:
        return f"Your prediction holds: {outcome.right}) {option.text}"
    return f"You predicted {answer}; this run says {outcome.right}) {option.text}"


def _told(
    path: Path, run: RunFolder, lesson: Lesson, answer: str, outcome: Outcome, summary: Summary
) -> dict[str, object]:
    """Everything that the page shows beside its text."""
    tables = tables_of(lesson, summary)
    return {
        "page": path.name,
        "run": os.path.relpath(run.path),
        "title": lesson.title,
        "question": lesson.question.text,
        "options": [option.text for option in lesson.question.options],
        "answer": answer,
        "verdict": verdict(lesson, answer, outcome),
        "tables": [dataclasses.asdict(table) for table in tables],
        **dataclasses.asdict(outcome),
    }

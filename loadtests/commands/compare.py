"""`python -m loadtests compare A B`: what got worse and what got better from one run to another."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from loadtests.analysis.between.across import BAND, across
from loadtests.analysis.between.difference import Across
from loadtests.analysis.summary import Summary
from loadtests.analysis.summary_json import SummaryError, read
from loadtests.commands.changes import head, lines
from loadtests.results import ResultsError, existing

EXPLAINED = """
A is the run before a change and B the one after it; both were analyzed (make report RUN=…). Runs of
unlike machines, software or experiments are refused; their commits may differ.

Worse is: fewer answered, a lower capacity, more latency, processor time or memory.

exit codes:
  0  nothing is seen to be worse
  1  something is worse
  2  refused; or nothing is worse, but not everything of A can be judged: B has no valid trial or
     figure of something, or nothing has the three valid trials a side that an interval needs
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command at the door."""
    parser = commands.add_parser(
        "compare",
        help="compare two saved runs",
        description="Compare two saved runs of one experiment, for people and for CI.",
        epilog=EXPLAINED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("a", type=Path, metavar="A", help="a run folder: before")
    parser.add_argument("b", type=Path, metavar="B", help="a run folder: after")
    parser.add_argument(
        "--unlike", action="store_true", help="compare unlike runs too, and say how"
    )
    parser.add_argument(
        "--band", type=_factor, default=BAND, metavar="FACTOR",
        help="the least factor that counts as a difference (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="write the result as JSON")
    parser.set_defaults(do=do)


def do(arguments: argparse.Namespace) -> int:
    """Compare, print, and answer with the exit code. Raises ResultsError where it refuses."""
    if arguments.a.resolve() == arguments.b.resolve():
        raise ResultsError(f"{arguments.a} and {arguments.b} are the same run: name two")
    a, b = _summary(arguments.a), _summary(arguments.b)
    result = across(a, b, arguments.band)
    if result.unlike and not arguments.unlike:
        reasons = "\n".join(f"  {reason.text}" for reason in result.unlike)
        raise ResultsError(
            f"the runs are unlike, and what differs between them may be due to that:\n{reasons}\n"
            "run both in the same way, or compare them all the same with --unlike"
        )
    code = exit_code(result)
    record = {"a": head(a), "b": head(b), "exit_code": code, **dataclasses.asdict(result)}
    as_json = json.dumps(record, indent=1, ensure_ascii=False)
    print(as_json if arguments.json else "\n".join(lines(a, b, result)))
    return code


def exit_code(result: Across) -> int:
    """1: something is worse. 2: not everything could be judged. 0: nothing is seen to be worse."""
    if result.of("worse"):
        return 1
    return 2 if result.lost or not result.judged else 0


def _summary(path: Path) -> Summary:
    try:
        return read(existing(path).summary)
    except SummaryError as error:
        raise ResultsError(str(error)) from None


def _factor(text: str) -> float:
    value = float(text)
    if not 1.0 < value <= 10.0:
        raise argparse.ArgumentTypeError(f"{text}: allowed are more than 1 to 10, as 1.05")
    return value

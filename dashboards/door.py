"""The commands behind the door: show, write a report, make again what is made from code.

Rule: what makes the dashboards is imported by its own command only, for only it needs the SDK.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path

from dashboards import vendor
from dashboards.lesson import page as lessons
from dashboards.live import command as live
from dashboards.report import page, text
from loadtests.analysis import summary_json


class StaleError(Exception):
    """Files that are not as their code makes them, or cannot be made: says which and why."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code. Faults are one line on stderr, and 1."""
    options = _parser().parse_args(arguments)
    # A terminal that knows only ASCII gets a question mark for ≥, and no traceback.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        if options.command == "vendor":
            for home in vendor.HOMES:
                print(vendor.build(home))
        elif options.command == "grafana":
            print(grafana(check=options.check))
        elif options.command == "live":
            live.show(options)
        elif options.command == "lesson":
            print(lesson(options.run))
        else:
            print(report(options.run), end="")
    except (
        summary_json.SummaryError,
        vendor.VendorError,
        live.LiveError,
        lessons.LessonPageError,
        StaleError,
    ) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = error.filename or options.command
        remedy = "free some space or choose a folder you may write to, then run this again"
        print(f"error: {where}: {error.strerror}; {remedy}", file=sys.stderr)
        return 1
    return 0


def report(run: Path) -> str:
    """Write report.html into the run folder; returns the table, the findings and the path."""
    summary = summary_json.read(run / "summary.json")
    target = run / "report.html"
    _write(target, page.render(summary))
    return f"{text.render(summary)}\nReport: {os.path.relpath(target)}\n"


def lesson(run: Path) -> str:
    """Write lesson.html, and the report that it names, into the folder of a lesson's run."""
    told = lessons.read(run)
    _write(run / "report.html", page.render(summary_json.read(run / "summary.json")))
    _write(run / "lesson.html", lessons.render(told))
    return f"Lesson: {os.path.relpath(run / 'lesson.html')}"


def grafana(*, check: bool) -> str:
    """Make the dashboards and the rules from their code, or only say whether they differ.

    Returns the sentence to print. Raises StaleError where a file differs and is to be checked.
    """
    try:
        from dashboards.grafana import generate
    except ModuleNotFoundError as error:
        raise StaleError(f"{error.name} is not installed: make dashboards installs it") from None
    if check:
        differ = [os.path.relpath(path) for path in generate.stale()]
        if differ:
            raise StaleError(f"not as the code makes it: {', '.join(differ)}; run make dashboards")
        return f"{len(generate.files())} files are as the code makes them"
    changed = [os.path.relpath(path) for path in generate.write()]
    return "\n".join(["made again:", *changed]) if changed else "nothing has changed"


def _write(target: Path, content: str) -> None:
    """Write the whole file or none: a full disk must not leave half a report behind."""
    part = target.with_suffix(".part")
    try:
        part.write_text(content, encoding="utf-8")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _parser() -> argparse.ArgumentParser:
    about = "Write the report of a run, or make again what is made from code."
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=about)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shown = commands.add_parser("report", help="write report.html and print the table")
    shown.add_argument(
        "run", type=Path, nargs="?", default=Path("results/latest"), metavar="RUN",
        help="a run folder, default results/latest",
    )  # fmt: skip
    boards = commands.add_parser("grafana", help="make Grafana's dashboards from their code")
    boards.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    taken = commands.add_parser("lesson", help="write the page of a lesson that was taken")
    taken.add_argument(
        "run", type=Path, nargs="?", default=Path("results/latest"), metavar="RUN",
        help="the run folder, default results/latest",
    )  # fmt: skip
    live.add(commands)
    commands.add_parser("vendor", help="build the pages' chart libraries again (needs npm)")
    return parser

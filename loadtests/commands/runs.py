"""`python -m loadtests runs`: which runs are saved, and what they were."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from loadtests.commands.listed import Listed, listed
from loadtests.results import RESULTS

COLUMNS = ("run", "experiment", "when (UTC)", "commit", "trials", "valid", "python", "machine")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command at the door."""
    parser = commands.add_parser("runs", help="list the saved runs, newest first")
    parser.add_argument(
        "folder", nargs="?", type=Path, default=RESULTS, help="where they are (%(default)s)"
    )
    parser.set_defaults(do=do)


def do(arguments: argparse.Namespace) -> int:
    """Print one line for each run below a folder; a folder that is no run is said to be none."""
    found = sorted(map(listed, _folders(arguments.folder)), key=lambda run: -run.began_s)
    if not found:
        print(f"no runs in {arguments.folder}/: make one with make demo, or make run EXP=…")
        return 0
    rows = [COLUMNS, *map(_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, fault in zip(rows, ("", *(run.fault for run in found)), strict=True):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(f"{line}  ! {fault}" if fault else line.rstrip())
    return 0


def _folders(root: Path) -> Iterator[Path]:
    """Run folders: those below the folders of experiments, and those that have an experiment.toml.

    Links are left out, as is what is hidden: `latest` is a run that is there already.
    """
    for folder in _within(root):
        if (folder / "experiment.toml").is_file():
            yield folder
        else:
            yield from _within(folder)


def _within(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []
    return sorted(path for path in found if not path.name.startswith("."))


def _row(run: Listed) -> tuple[str, ...]:
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(run.began_s))
    words = (run.experiment, when, run.commit, run.trials, run.valid, run.python, run.machine)
    # What comes from a foreign file shall not break the line.
    return tuple(" ".join(word.split()) for word in (str(run.folder), *words))

"""`python -m loadtests replay RUN`: a recorded run as frames, without a server or a load."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from loadtests import experiment as experiments
from loadtests import results, specs
from loadtests.live import lines
from loadtests.live.replay import Replay, cells_of
from loadtests.results import ResultsError


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command at the door."""
    parser = commands.add_parser("replay", help="a recorded run, for a page to show")
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    parser.set_defaults(do=do)


def do(arguments: argparse.Namespace) -> int:
    """Replay until the commands end. Raises ResultsError where there is nothing to replay."""
    folder = results.existing(arguments.run)
    experiment = experiments.parse(folder.experiment.read_text("utf-8"), "experiment.toml")
    cells = cells_of(experiment, list(specs.saved(folder, experiment)))
    if not cells:
        raise ResultsError(
            f"{arguments.run}: none of the trials that its experiment names is saved: go on with "
            f"the run (make resume RUN={arguments.run}), or choose another (make runs)"
        )
    commands = lines.Commands()
    replay = Replay(
        folder.path.name, experiment, cells, lines.write, lambda: 1000.0 * time.monotonic()
    )
    replay.start()
    commands.keep(replay)
    return 0

"""The door: `python -m loadtests run EXPERIMENT` and `python -m loadtests analyze RUN`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from loadtests import experiment as experiments
from loadtests import faults
from loadtests.analysis import analyze
from loadtests.experiment import Experiment
from loadtests.experiment_errors import ExperimentError
from loadtests.run import host, planning, results
from loadtests.run.progress import Lines
from loadtests.run.results import RunFolder
from loadtests.run.runner import RunError, run
from loadtests.run.world import RealWorld
from loadtests.samples import SamplesError

REFUSED = (ExperimentError, results.ResultsError, host.HostError)
FAILED = (RunError, SamplesError, analyze.AnalysisError)


def main(argv: list[str] | None = None) -> int:
    """Parse, do, and turn every expected failure into one line and an exit code.

    0: done. 1: it failed on the way. 2: it was refused at the door. 130: interrupted.
    """
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.do(arguments)
    except REFUSED as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except FAILED as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {faults.sentence(error)}", file=sys.stderr)
        return 1
    return code


def _run(arguments: argparse.Namespace) -> int:
    if arguments.resume:
        folder = results.existing(arguments.resume)
        experiment = experiments.parse(folder.experiment.read_text("utf-8"), "experiment.toml")
    else:
        path = experiments.find(arguments.experiment)
        text = path.read_text("utf-8")
        experiment = experiments.parse(text, path.name)
        folder = results.create(experiment.name, text, arguments.output)
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)
    try:
        _run_trials(experiment, folder)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(f"\ninterrupted; {_kept(folder)}", file=sys.stderr)
        return 130
    except RunError as error:
        raise RunError(f"{error}\n{_kept(folder)}") from None
    analyze.write(folder)
    return 0


def _run_trials(experiment: Experiment, folder: RunFolder) -> None:
    specs = planning.trials(experiment)
    left = [s for s in specs if not folder.trial(s.number, s.profile).path.exists()]
    planned_s = experiment.warmup_s + experiment.measure_s
    progress = Lines(sys.stdout, len(specs), len(left), planned_s)
    cpus = host.split_cpus(experiment.generators)
    run(RealWorld(), experiment, folder, progress, cpus, host.environment)


def _kept(folder: RunFolder) -> str:
    """What is left of a run that ended early, analyzed as far as it goes."""
    saved = folder.saved()
    if not saved:
        return "no trial was saved"
    path = _shown(folder.path)
    try:
        analyze.write(folder)
    except (OSError, *FAILED) as error:
        return f"{len(saved)} trials are saved in {path} (not analyzed: {error})"
    go_on = f"go on with: python -m loadtests run --resume {path}"
    return f"{len(saved)} trials are saved; {go_on}; or report them: make report RUN={path}"


def _analyze(arguments: argparse.Namespace) -> int:
    folder = results.existing(arguments.run)
    analyze.write(folder)
    print(_shown(folder.summary))
    return 0


def _shown(path: Path) -> Path:
    """A path as short as it can be from where the user stands."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtests", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run_ = commands.add_parser("run", help="run an experiment")
    which = run_.add_mutually_exclusive_group(required=True)
    which.add_argument("experiment", nargs="?", help="a shipped experiment's name, or a .toml file")
    which.add_argument("--resume", type=Path, metavar="RUN", help="go on with an interrupted run")
    run_.add_argument("--output", type=Path, metavar="DIR", help="a new folder for the results")
    run_.set_defaults(do=_run)
    analyze_ = commands.add_parser("analyze", help="compute summary.json from a saved run")
    analyze_.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    analyze_.set_defaults(do=_analyze)
    return parser


if __name__ == "__main__":
    sys.exit(main())

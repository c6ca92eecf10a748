"""What `python -m loadtests` does: run, analyze, compare, list, advise, teach, and show live."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from loadtests import experiment as experiments
from loadtests import faults, results
from loadtests.analysis import analyze
from loadtests.commands import advise, compare, lesson, live, replay, runs
from loadtests.experiment import Experiment
from loadtests.experiment_errors import ExperimentError
from loadtests.lessons.lesson import LessonError
from loadtests.results import RunFolder
from loadtests.run import against, host
from loadtests.run.database import VARIABLE, Named
from loadtests.run.progress import Lines
from loadtests.run.runner import RunError, run
from loadtests.run.world import RealWorld
from loadtests.samples import SamplesError
from servers.ledger import default_folder

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REFUSED = (ExperimentError, results.ResultsError, host.HostError, LessonError)
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
        if arguments.against:
            raise ExperimentError(
                "--against is for a new run: one that is resumed goes on as it was begun"
            )
        folder = results.existing(arguments.resume)
        experiment = experiments.parse(_text(folder.experiment), "experiment.toml")
        if arguments.explain and not experiment.explain:
            raise ExperimentError(
                f"{arguments.resume}: was begun without --explain, and its trials would not be "
                "comparable: go on without it, or begin a new run"
            )
    else:
        path = experiments.find(arguments.experiment)
        text = _text(path)
        if arguments.explain:
            text = _explained(text, path.name)
        if arguments.against:
            text += against.table(
                RealWorld(), arguments.against.split(","), arguments.exporter, arguments.ledgers
            )
        experiment = experiments.parse(text, path.name)
        folder = results.create(experiment.name, text, arguments.output)
    try:
        named = Named(os.environ.get(VARIABLE, ""), tuple(arguments.allow_host))
        _run_trials(experiment, folder, named)
    except KeyboardInterrupt:
        print(f"\ninterrupted; {_kept(folder)}", file=sys.stderr)
        return 130
    except RunError as error:
        raise RunError(f"{error}\n{_kept(folder)}") from None
    analyze.write(folder)
    return 0


def _run_trials(experiment: Experiment, folder: RunFolder, named: Named) -> None:
    """Run what is missing. Signals only leave word: a world stops its processes undisturbed."""
    progress = Lines(sys.stdout, experiment.warmup_s)
    cpus = host.split_cpus(experiment.generators)
    beside = host.beside_cpus(experiment.generators)
    world = RealWorld()
    before = {name: signal.signal(name, lambda *_: world.interrupt()) for name in SIGNALS}
    try:
        run(world, experiment, folder, progress, cpus, host.environment, beside, named)
    finally:
        # Who has interrupted a run once has been heard: what follows is short.
        for name, handler in before.items():
            signal.signal(name, signal.SIG_IGN if world.interrupted else handler)
    if world.interrupted:
        raise KeyboardInterrupt


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ExperimentError(f"{path}: not UTF-8 text ({error.reason})") from None


def _explained(text: str, source: str) -> str:
    """The experiment with `explain` set, so that the saved file says how its run was made."""
    experiment = experiments.parse(text, source)
    if experiment.explain:
        return text
    if "explain" in experiment.model_fields_set:
        raise ExperimentError(f"{source}: explain is false, --explain asks for true: choose one")
    return f"explain = true\n{text}"


def _kept(folder: RunFolder) -> str:
    """What is left of a run that ended early, analyzed as far as it goes."""
    saved = folder.saved()
    if not saved:
        return "no trial was saved"
    path = _shown(folder.path)
    try:
        analyze.write(folder)
    except (OSError, *FAILED) as error:
        return f"{len(saved)} saved in {path} (not analyzed: {error})"
    trials = "1 trial is" if len(saved) == 1 else f"{len(saved)} trials are"
    return f"{trials} saved: go on with make resume RUN={path}, or make report RUN={path}"


def _analyze(arguments: argparse.Namespace) -> int:
    folder = results.existing(arguments.run)
    analyze.write(folder)
    print(_shown(folder.summary))
    return 0


def _shown(path: Path) -> Path:
    """A path as short as it can be from where the user stands."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests", description="Run experiments, and say what they decide."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run_ = commands.add_parser("run", help="run an experiment")
    which = run_.add_mutually_exclusive_group(required=True)
    which.add_argument("experiment", nargs="?", help="a shipped experiment's name, or a .toml file")
    which.add_argument("--resume", type=Path, metavar="RUN", help="go on with an interrupted run")
    run_.add_argument("--output", type=Path, metavar="DIR", help="a new folder for the results")
    run_.add_argument(
        "--explain", action="store_true", help="find the lines that hold workers and loops"
    )
    run_.add_argument(
        "--against", metavar="URL,URL", help="servers of the testbed that run already"
    )
    run_.add_argument(
        "--exporter", metavar="URL", default="http://127.0.0.1:9100",
        help="with --against: what serves their metrics (%(default)s)",
    )  # fmt: skip
    run_.add_argument(
        "--ledgers", type=Path, metavar="FOLDER", default=default_folder(),
        help="with --against: where they keep their ledgers (%(default)s)",
    )  # fmt: skip
    run_.add_argument(
        "--allow-host", metavar="HOST", action="append", default=[],
        help=f"the host of {VARIABLE}, where it is not this machine and you may load it",
    )  # fmt: skip
    run_.set_defaults(do=_run)
    analyze_ = commands.add_parser("analyze", help="compute summary.json from a saved run")
    analyze_.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    analyze_.set_defaults(do=_analyze)
    for command in (compare, runs, advise, live, replay, lesson):
        command.add(commands)
    return parser

"""The recorded run of a lesson: kept as far as the analysis reads it, and taken out to be read."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

from loadtests import experiment as experiments
from loadtests import results, specs
from loadtests.analysis import analyze, summary_json
from loadtests.analysis.saved import NAMES
from loadtests.lessons import lesson as lessons
from loadtests.lessons.lesson import LessonError
from loadtests.lessons.outcome import outcome_of
from loadtests.results import RunFolder, write_whole

RECORDED = "recorded"
KEPT = ("experiment.toml", "environment.json", "predictions.json")
KEPT_OF_A_TRIAL = (
    *("trial.json", "plan.json", "server.json", "metrics.jsonl.gz", "slices.jsonl"),
    *("samples*.parquet", "generator*.json"),
)


def recorded(path: Path) -> RunFolder:
    """The recorded run of the lesson in a folder, as a new run that is analyzed.

    Raises LessonError where there is none.
    """
    source = RunFolder(path / RECORDED)
    if not source.experiment.is_file():
        raise LessonError(f"{source.path}: no recorded run; take the lesson without REPLAY=1")
    text = source.experiment.read_text("utf-8")
    name = experiments.parse(text, "experiment.toml").name
    folder = results.create(name, text)
    shutil.copytree(source.path, folder.path, dirs_exist_ok=True)
    analyze.write(folder)
    return folder


def record(run: RunFolder, path: Path) -> None:
    """Keep a run as the recorded one of a lesson: no path of this machine stays in it.

    Raises LessonError where the run is of another experiment, or does not bear out the lesson.
    """
    if run.experiment.read_text("utf-8") != (path / "experiment.toml").read_text("utf-8"):
        raise LessonError(f"{run.path}: its experiment is not that of {path.name}; run that first")
    if faults := _faults(run, path):
        raise LessonError(f"{run.path}: {'; '.join(faults)}; run it again at a quiet moment")
    target = path / RECORDED
    if target.exists():
        shutil.rmtree(target)
    for name in KEPT:
        if (run.path / name).exists():
            _copy(run.path / name, target / name)
    for trial in run.saved():
        into = target / "trials" / trial.path.name
        for pattern in KEPT_OF_A_TRIAL:
            for file in sorted(trial.path.glob(pattern)):
                _copy(file, into / file.name)
        plan = json.loads(trial.plan.read_text("utf-8")) | {"folder": ".", "ledgers": None}
        write_whole(into / trial.plan.name, json.dumps(plan, indent=1) + "\n")
        _thin(into / trial.metrics.name)


def _faults(run: RunFolder, path: Path) -> list[str]:
    """Why a run cannot stand for the lesson."""
    summary = summary_json.read(run.summary)
    experiment = experiments.parse(run.experiment.read_text("utf-8"), "experiment.toml")
    outcome = outcome_of(lessons.read(path), summary)
    faults = [f"trial {trial.number} is INVALID" for trial in summary.trials if not trial.valid]
    if len(list(specs.saved(run, experiment))) != summary.planned_trials:
        faults.append("not all trials were saved")
    faults += [f"it does not say “{one.text}”" for one in outcome.held if not one.true]
    return faults if outcome.right else [*faults, "it does not answer the question"]


def _thin(path: Path) -> None:
    """Leave out of scrapes what the analysis asks for nowhere: nineteen parts in twenty."""
    if not path.exists():
        return
    scrapes = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    for scrape in scrapes:
        rows = scrape["text"].splitlines()
        scrape["text"] = "".join(f"{row}\n" for row in rows if row.startswith(NAMES))
    text = "".join(json.dumps(scrape) + "\n" for scrape in scrapes)
    # Without the time of its making: the same run is recorded in the same bytes.
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)

"""What can be told of a saved run, whatever is missing or broken in its folder."""

from __future__ import annotations

import calendar
import contextlib
import json
import re
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests import experiment as experiments
from loadtests import matrix
from loadtests.analysis.summary import SCHEMA_VERSION
from loadtests.experiment_errors import ExperimentError
from loadtests.results import RunFolder

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")
DECORATION = re.compile(r"\((?:R|TM)\)|\b(?:CPU|Processor)\b|@.*$", re.IGNORECASE)
UNKNOWN = "–"

_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """One run as it is listed: words for what is known of it.

    `trials` is saved/planned, `valid` how many of them are; `fault` says what is wrong and what to
    do, and is empty where nothing is.
    """

    folder: Path
    began_s: float
    experiment: str
    commit: str
    trials: str
    valid: str
    python: str
    machine: str
    fault: str


def listed(folder: Path) -> Listed:
    """A run folder in words; never an error, for what is wrong is one of the words."""
    run = RunFolder(folder)
    environment, summary = _object(run.environment), _object(run.summary)
    trials = [trial for trial in _list(summary, "trials") if isinstance(trial, dict)]
    name, planned = _experiment(run)
    saved = _saved(run)
    if isinstance(found := (summary or {}).get("planned_trials"), int):
        planned = found
    return Listed(
        folder=folder,
        began_s=_began_s(folder),
        experiment=name or UNKNOWN,
        commit=_word(environment, "commit"),
        trials=f"{saved}/{max(planned, saved)}" if planned else f"{saved}/{UNKNOWN}",
        valid=str(sum(trial.get("valid") is True for trial in trials)) if summary else UNKNOWN,
        python=_word(environment, "python"),
        machine=_machine(environment or {}),
        fault=_fault(run, name, environment, summary, saved),
    )


def _fault(
    run: RunFolder, name: str, environment: _Json | None, summary: _Json | None, saved: int
) -> str:
    """The first thing that is wrong with a run and what to do; empty where there is none."""
    if not run.experiment.is_file():
        return "not a run: no experiment.toml"
    if not name:
        return "experiment.toml cannot be read as an experiment"
    if environment is None:
        return f"environment.json is {_state(run.environment)}: restore it from a copy"
    if not saved:
        return "no trial was saved"
    if summary is None:
        return f"summary.json is {_state(run.summary)}: make report RUN=…"
    if summary.get("schema_version") != SCHEMA_VERSION:
        return "summary.json is of another version: make report RUN=…"
    if len(_list(summary, "trials")) != saved:
        return f"summary.json has {len(_list(summary, 'trials'))} trials: make report RUN=…"
    return ""


def _object(path: Path) -> _Json | None:
    """A JSON object; None where there is none to be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _state(path: Path) -> str:
    return "broken" if path.exists() else "missing"


def _list(record: _Json | None, key: str) -> list[Any]:
    found = (record or {}).get(key)
    return found if isinstance(found, list) else []


def _word(record: _Json | None, key: str) -> str:
    return str((record or {}).get(key) or UNKNOWN)


def _experiment(run: RunFolder) -> tuple[str, int]:
    """The name of an experiment and how many trials it names; of an earlier version perhaps 0."""
    try:
        text = run.experiment.read_text("utf-8")
        name = str(tomllib.loads(text).get("name") or "")
    except (OSError, ValueError):
        return "", 0
    try:
        return name, len(matrix.trials(experiments.parse(text)))
    except ExperimentError:
        return name, 0


def _saved(run: RunFolder) -> int:
    try:
        return len(run.saved())
    except (OSError, ValueError):
        return 0


def _began_s(folder: Path) -> float:
    """When a run began, in seconds since 1970: by its name, or else by its folder's time."""
    stamp = STAMP.match(folder.name)
    with contextlib.suppress(ValueError, OSError):
        if stamp:
            return float(calendar.timegm(time.strptime(stamp[0], "%Y-%m-%dT%H%M%SZ")))
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _machine(environment: _Json) -> str:
    """The processor without what says nothing of it, and how many cores there are."""
    cpu = environment.get("cpu")
    if not isinstance(cpu, str):
        return UNKNOWN
    name = " ".join(DECORATION.sub(" ", cpu).split()) or str(environment.get("machine") or UNKNOWN)
    cores = environment.get("cores")
    return f"{name}, {cores} cores" if cores else name

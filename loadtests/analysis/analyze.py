"""A saved run as its summary: from the files alone, the same on every machine."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from loadtests import agenda, specs
from loadtests import experiment as experiments
from loadtests.agenda import Contender, Ended
from loadtests.analysis import trace
from loadtests.analysis.capacities import capacities_of
from loadtests.analysis.compare import compare
from loadtests.analysis.findings import find
from loadtests.analysis.objective import ended_of, failed
from loadtests.analysis.saved import AnalysisError, SavedTrial, load
from loadtests.analysis.summary import (
    SCHEMA_VERSION,
    LoadSummary,
    ProfileSummary,
    Summary,
    Trial,
    WorkloadSummary,
)
from loadtests.analysis.summary_json import to_json
from loadtests.analysis.trial import summarize
from loadtests.experiment import Experiment
from loadtests.results import RunFolder, write_whole
from loadtests.workload import Load, OpenLoad, Workload
from servers.profiles import PROFILES

__all__ = ["AnalysisError", "analyze", "write"]


def write(folder: RunFolder) -> None:
    """Analyze a run and write its `summary.json`, and a trace beside the samples of each trial.

    Raises AnalysisError, SamplesError, OSError.
    """
    summary = analyze(folder)
    for trial in summary.trials:
        if trial.courses:
            there = folder.trial(trial.number, trial.profile)
            write_whole(there.trace, trace.to_json(trial.courses))
    write_whole(folder.summary, to_json(summary))


def analyze(folder: RunFolder) -> Summary:
    """The summary of all trials that were saved."""
    experiment = experiments.parse(folder.experiment.read_text("utf-8"), "experiment.toml")
    environment = _environment(folder)
    # One trial's samples at a time: a long run must fit into memory too.
    trials: list[Trial] = []
    profiles: dict[str, ProfileSummary] = {}
    ended: list[Ended] = []
    probes: list[tuple[Ended, tuple[str, ...]]] = []
    for spec, there in specs.saved(folder, experiment):
        trial = load(spec, there)
        summary = summarize(trial)
        trials.append(replace(summary, role=spec.role, arm=spec.arm, attempt=spec.attempt))
        profiles.setdefault(spec.profile, _profile(trial))
        ended.append(ended_of(trial, summary, experiment.capacity))
        if spec.role == "probe" and experiment.capacity is not None:
            probes.append((ended[-1], failed(trial, experiment.capacity)))
    guesses: dict[Contender, float] = {}
    return Summary(
        schema_version=SCHEMA_VERSION,
        run_id=environment.pop("run_id"),
        experiment=experiment.name,
        question=experiment.question,
        seed=experiment.seed,
        planned_trials=len(trials) + agenda.left(experiment, ended, guesses),
        warmup_s=experiment.warmup_s,
        measure_s=experiment.measure_s,
        drain_s=experiment.drain_s,
        budget=_budget(experiment),
        profiles=tuple(profiles.values()),
        workloads=tuple(_workload(w, experiment) for w in experiment.workloads),
        loads=tuple(_load(load) for load in experiment.loads),
        environment=environment,
        trials=tuple(trials),
        comparisons=compare(trials),
        capacities=capacities_of(probes, experiment.capacity, guesses),
        findings=find(trials, experiment),
    )


def _environment(folder: RunFolder) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(folder.environment.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise AnalysisError(f"{folder.environment}: not readable ({error})") from None
    if not isinstance(found, dict) or not isinstance(found.get("run_id"), str):
        raise AnalysisError(f"{folder.environment}: has no run_id; restore it from a copy")
    return found


def _budget(experiment: Experiment) -> dict[str, int]:
    budget = experiment.server_budget()
    return {name: getattr(budget, name) for name in budget.__dataclass_fields__}


def _profile(trial: SavedTrial) -> ProfileSummary:
    name = trial.spec.profile
    facts = {key: value for key, value in trial.server.facts[0].items() if key != "pid"}
    facts["pinned"] = trial.server.pinned
    facts["unverified"] = list(trial.server.unverified)
    command = tuple(_without_port(part, trial.plan.port) for part in trial.server.command)
    return ProfileSummary(name, PROFILES[name].description, command, facts)


def _without_port(part: str, port: int) -> str:
    """Each trial had a port of its own; the command is the same but for it."""
    return part.replace(str(port), "PORT")


def _workload(workload: Workload, experiment: Experiment) -> WorkloadSummary:
    lines = tuple(
        f"GET {request.url}" + (f" × {request.weight:g}" if len(workload.requests) > 1 else "")
        for request in workload.requests
    )
    loads = workload.loads or tuple(load.name for load in experiment.loads)
    return WorkloadSummary(workload.name, workload.description, lines, loads)


def _load(load: Load) -> LoadSummary:
    if isinstance(load, OpenLoad):
        return LoadSummary(load.name, load.mode, load.rate, None, load.text)
    return LoadSummary(load.name, load.mode, None, load.users, load.text)

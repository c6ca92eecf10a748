"""A saved run as its summary: from the files alone, the same on every machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from loadtests import agenda, databases, downstream, specs
from loadtests import experiment as experiments
from loadtests.agenda import Ended
from loadtests.analysis import forecast, trace
from loadtests.analysis.badday.trial import with_bad_day
from loadtests.analysis.capacities import capacities_of
from loadtests.analysis.compare import compare
from loadtests.analysis.decide import with_decisions
from loadtests.analysis.findings import find
from loadtests.analysis.objective import ended_of, failed
from loadtests.analysis.predicted import Prediction
from loadtests.analysis.prediction.overlay import Curve
from loadtests.analysis.saved import AnalysisError, SavedTrial, load
from loadtests.analysis.subjects import LeftOut, LoadSummary, ProfileSummary, WorkloadSummary
from loadtests.analysis.summary import SCHEMA_VERSION, Summary, Trial
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
    whole = experiments.parse(folder.experiment.read_text("utf-8"), "experiment.toml")
    environment = _environment(folder)
    experiment = databases.possible(whole, environment)
    left_out = tuple(LeftOut(**one) for one in environment.pop(databases.LEFT_OUT, ()))
    predictions = forecast.saved(folder)
    found = _read(folder, experiment, predictions)
    guesses = forecast.guesses(predictions)
    named = [t for t in found.trials if t.role != "probe" and t.arm == 1]
    summary = Summary(
        schema_version=SCHEMA_VERSION,
        run_id=environment.pop("run_id"),
        experiment=experiment.name,
        question=experiment.question,
        seed=experiment.seed,
        planned_trials=agenda.planned(experiment, found.ended),
        warmup_s=experiment.warmup_s,
        measure_s=experiment.measure_s,
        drain_s=experiment.drain_s,
        budget=_budget(experiment),
        profiles=tuple(found.profiles.values()),
        workloads=tuple(workload_summary(w, experiment) for w in experiment.workloads),
        loads=tuple(load_summary(load) for load in experiment.loads),
        environment=environment,
        trials=tuple(found.trials),
        comparisons=compare(found.trials),
        capacities=capacities_of(found.probes, experiment.capacity, guesses),
        findings=find(named, experiment),
        left_out=left_out,
    )
    return with_decisions(summary, experiment, predictions, found.replays)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the trials of a run say, one after the other."""

    trials: list[Trial] = field(default_factory=list)
    profiles: dict[str, ProfileSummary] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    probes: list[tuple[Ended, tuple[str, ...]]] = field(default_factory=list)
    replays: dict[int, Curve] = field(default_factory=dict)


def _read(folder: RunFolder, experiment: Experiment, predictions: Sequence[Prediction]) -> _Found:
    """One trial's samples at a time: a long run must fit into memory too."""
    found, objective = _Found(), experiment.capacity
    for spec, there in specs.saved(folder, experiment):
        trial = load(spec, there)
        found.trials.append(with_bad_day(summarize(trial), trial, experiment))
        found.profiles.setdefault(spec.profile, _profile(trial))
        found.ended.append(ended_of(trial, found.trials[-1], objective))
        if spec.role == "probe" and objective is not None:
            found.probes.append((found.ended[-1], failed(trial, objective)))
        found.replays.update(forecast.replay(predictions, trial))
    return found


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


def workload_summary(workload: Workload, experiment: Experiment) -> WorkloadSummary:
    """What the summary says of a workload."""
    lines = tuple(
        request.line + (f" × {request.weight:g}" if len(workload.requests) > 1 else "")
        for request in workload.requests
    )
    loads = workload.loads or tuple(load.name for load in experiment.loads)
    stall = downstream.stall_of(experiment, workload)
    told = stall.text if stall else ""
    return WorkloadSummary(workload.name, workload.description, lines, loads, told)


def load_summary(load: Load) -> LoadSummary:
    """What the summary says of a load."""
    if isinstance(load, OpenLoad):
        bursts = load.burst is not None
        return LoadSummary(load.name, load.mode, load.rate, None, load.text, bursts)
    return LoadSummary(load.name, load.mode, None, load.users, load.text)

"""Sentences that the measurements support, in the user's three words.

A finding of this version is an observation: it says what was seen in so many trials. It compares
medians over the valid trials of each profile; within `VISIBLE` there is no visible difference.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadtests.analysis.summary import Finding, Trial
from loadtests.analysis.wording import three_digits
from loadtests.experiment import Experiment
from loadtests.workload import Load, OpenLoad, Workload

VISIBLE = 1.1
OBSERVED = "observed"


@dataclass(frozen=True, slots=True)
class _Cell:
    """One workload under one load: each profile's valid trials."""

    workload: Workload
    load: Load
    trials: dict[str, list[Trial]]

    def over(self, profile: str) -> str:
        """`over ` where a profile's bystander figure is a lower bound in any of its trials."""
        for trial in self.trials[profile]:
            latency = trial.bystander.latency_ms if trial.bystander else None
            since = latency.lower_bound_from_ms if latency else None
            if latency and since is not None and (latency.p90 or 0.0) >= since:
                return "over "
        return ""

    def medians(self, value: Callable[[Trial], float | None]) -> dict[str, float]:
        """The median of a metric per profile, where every trial has it; lowest first."""
        found = {}
        for profile, trials in self.trials.items():
            values = [v for v in map(value, trials) if v is not None]
            if values and len(values) == len(trials):
                found[profile] = statistics.median(values)
        return dict(sorted(found.items(), key=lambda item: item[1]))


def find(trials: Sequence[Trial], experiment: Experiment) -> tuple[Finding, ...]:
    """The findings of each workload, at the heaviest load that at least two of its profiles ran."""
    findings: list[Finding] = []
    for workload in experiment.workloads:
        cell = _heaviest(trials, experiment, workload)
        if cell is not None:
            findings += [f for f in (_bystander(cell), _throughput(cell)) if f is not None]
    return tuple(findings)


def _heaviest(trials: Sequence[Trial], experiment: Experiment, workload: Workload) -> _Cell | None:
    """The heaviest open load, or where there is none the most users, that two profiles ran."""
    loads = [load for load in experiment.loads if not workload.loads or load.name in workload.loads]
    for load in sorted(loads, key=_weight, reverse=True):
        by_profile: dict[str, list[Trial]] = {}
        for trial in trials:
            if (trial.workload, trial.load, trial.valid) == (workload.name, load.name, True):
                by_profile.setdefault(trial.profile, []).append(trial)
        if len(by_profile) >= 2:
            return _Cell(workload, load, by_profile)
    return None


def _weight(load: Load) -> tuple[bool, float]:
    return (True, load.rate) if isinstance(load, OpenLoad) else (False, load.users)


def _throughput(cell: _Cell) -> Finding | None:
    bad = any(trial.bad_day for trials in cell.trials.values() for trial in trials)
    medians = cell.medians(_good_rps if bad else lambda trial: trial.achieved_rps)
    if len(medians) < 2:
        return None
    best = max(medians.values())
    behind = {name: value for name, value in medians.items() if value * VISIBLE < best}
    level = [name for name in medians if name not in behind]
    if isinstance(cell.load, OpenLoad):
        offered = cell.medians(lambda trial: trial.offered_rps).values()
        of = f"Of {three_digits(statistics.median(offered))} requests/s of “{cell.workload.name}”"
        unit = ""
    else:
        of, unit = f"For {cell.load.brief} of “{cell.workload.name}”", " requests/s"
    if bad:
        unit += " in time"
    if not behind:
        text = f"{of}, no visible difference: all profiles answer about {three_digits(best)}{unit}."
    else:
        each = _listed(
            [f"{name} answers {three_digits(value)}{unit}" for name, value in behind.items()]
        )
        text = f"{of}, {each}; {_listed(level)} {_verb(level)} {three_digits(best)}{unit}."
    if bad:
        return _finding("goodput", cell, text, "goodput_rps", medians)
    return _finding("scalability", cell, text, "achieved_rps", medians)


def _good_rps(trial: Trial) -> float | None:
    """On a bad day only what was answered within the objective counts."""
    return trial.bad_day.goodput_rps if trial.bad_day else None


def _bystander(cell: _Cell) -> Finding | None:
    medians = cell.medians(lambda t: t.bystander.latency_ms.p90 if t.bystander else None)
    if len(medians) < 2:
        return None
    holds = any(request.endpoint.holds for request in cell.workload.requests)
    word = "blocking" if holds else "responsiveness"
    beside = f"Beside {cell.load.brief} of “{cell.workload.name}”"
    low, high = min(medians.values()), max(medians.values())
    if high > VISIBLE * low:
        each = _listed(
            [f"{cell.over(name)}{_ms(value)} on {name}" for name, value in medians.items()]
        )
        text = f"{beside}, nine trivial requests in ten are answered within {each}."
    else:
        text = f"{beside}, no visible difference for a trivial request: about {_ms(high)} (p90)."
    return _finding(word, cell, text, "bystander_p90_ms", medians)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _verb(names: Sequence[str]) -> str:
    return "answers" if len(names) == 1 else "answer"


def _ms(value: float) -> str:
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"


def _finding(word: str, cell: _Cell, text: str, metric: str, medians: dict[str, float]) -> Finding:
    counts = [len(trials) for trials in cell.trials.values()]
    return Finding(
        id=f"{word}.{cell.workload.name}",
        verdict=OBSERVED,
        text=text,
        evidence={
            "workload": cell.workload.name,
            "load": cell.load.name,
            "metric": metric,
            "medians": {name: round(value, 3) for name, value in medians.items()},
            "trials_each": min(counts),
        },
    )

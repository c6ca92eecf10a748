"""Ratios between profiles: trial by trial of the same repetition, never of averages."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from itertools import combinations

from loadtests.analysis.summary import Comparison, Trial

METRICS: dict[str, Callable[[Trial], float | None]] = {
    "achieved_rps": lambda trial: trial.achieved_rps,
    "latency_p50_ms": lambda trial: trial.latency_ms.p50,
    "latency_p99_ms": lambda trial: trial.latency_ms.p99,
    "bystander_p90_ms": lambda trial: trial.bystander.latency_ms.p90 if trial.bystander else None,
    "cpu_s_per_1000": lambda trial: _cpu_per_1000(trial),
}


def compare(trials: Sequence[Trial]) -> tuple[Comparison, ...]:
    """Every pair of profiles that shared a workload, a load and a repetition, both valid."""
    found: list[Comparison] = []
    cells = dict.fromkeys((trial.workload, trial.load) for trial in trials)
    for workload, load in cells:
        here = [t for t in trials if (t.workload, t.load) == (workload, load) and t.valid]
        profiles = dict.fromkeys(trial.profile for trial in here)
        for a, b in combinations(profiles, 2):
            for metric, value in METRICS.items():
                ratios = _ratios(here, a, b, value)
                if ratios:
                    found.append(_comparison(workload, load, metric, a, b, ratios))
    return tuple(found)


def _ratios(
    trials: Sequence[Trial], a: str, b: str, value: Callable[[Trial], float | None]
) -> list[float]:
    ratios: list[float] = []
    by_repetition = {(trial.profile, trial.repetition): value(trial) for trial in trials}
    for repetition in sorted({trial.repetition for trial in trials}):
        below, above = by_repetition.get((a, repetition)), by_repetition.get((b, repetition))
        if below and above:
            ratios.append(above / below)
    return ratios


def _comparison(
    workload: str, load: str, metric: str, a: str, b: str, ratios: Sequence[float]
) -> Comparison:
    return Comparison(
        workload=workload,
        load=load,
        metric=metric,
        a=a,
        b=b,
        median=round(statistics.median(ratios), 4),
        min=round(min(ratios), 4),
        max=round(max(ratios), 4),
        n=len(ratios),
    )


def _cpu_per_1000(trial: Trial) -> float | None:
    if trial.cpu_s is None or not trial.requests.completed:
        return None
    return 1000.0 * trial.cpu_s / trial.requests.completed

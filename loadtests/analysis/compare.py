"""Ratios between profiles: trial by trial of the same repetition, never of averages."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import combinations

from loadtests.analysis.metrics import METRICS, Metric
from loadtests.analysis.summary import Comparison, Trial
from loadtests.theory.intervals import of_ratio

__all__ = ["METRICS", "comparable", "compare"]

COMPARED = ("sweep", "calibrate")
"""The roles whose trials are compared: what a search probes differs from profile to profile."""


def comparable(trials: Sequence[Trial]) -> list[Trial]:
    """The valid trials of loads that the experiment names; of several attempts the last of them."""
    last: dict[tuple[object, ...], Trial] = {}
    for trial in sorted(trials, key=lambda trial: trial.attempt):
        if trial.valid and trial.role in COMPARED:
            cell = (trial.profile, trial.workload, trial.load)
            last[*cell, trial.role, trial.repetition, trial.arm] = trial
    kept = {id(trial) for trial in last.values()}
    return [trial for trial in trials if id(trial) in kept]


def compare(trials: Sequence[Trial]) -> tuple[Comparison, ...]:
    """Every pair of profiles that shared a workload, a load and a repetition, both valid.

    A second arm takes no part: it is there for the noise floor.
    """
    found: list[Comparison] = []
    first = [trial for trial in comparable(trials) if trial.arm == 1]
    cells = dict.fromkeys((trial.workload, trial.load) for trial in first)
    for workload, load in cells:
        here = [trial for trial in first if (trial.workload, trial.load) == (workload, load)]
        profiles = dict.fromkeys(trial.profile for trial in here)
        for a, b in combinations(profiles, 2):
            for name, metric in METRICS.items():
                ratios = _ratios(here, a, b, metric)
                if ratios:
                    found.append(_comparison(workload, load, name, a, b, ratios))
    return tuple(found)


def _ratios(trials: Sequence[Trial], a: str, b: str, metric: Metric) -> list[float]:
    values = {(t.profile, t.role, t.repetition): metric(t) for t in trials}
    pairs = (
        (values.get((a, *pair)), values.get((b, *pair)))
        for pair in sorted({(trial.role, trial.repetition) for trial in trials})
    )
    return [above / below for below, above in pairs if below and above]


def _comparison(
    workload: str, load: str, metric: str, a: str, b: str, ratios: Sequence[float]
) -> Comparison:
    bounds = of_ratio(ratios)
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
        low=round(bounds.low, 4) if bounds else None,
        high=round(bounds.high, 4) if bounds else None,
    )

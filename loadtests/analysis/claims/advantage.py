"""By how much one profile is ahead of another in a cell: trial by trial of the same repetition."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from loadtests.analysis.claims.cells import Cell
from loadtests.analysis.claims.evidence import FACTOR, REQUESTS, VISIBLE, Ratio
from loadtests.analysis.costs import cpu_ms_per_request, memory_mb
from loadtests.analysis.metrics import METRICS, Metric
from loadtests.analysis.summary import Requests, Summary, Trial
from loadtests.theory.intervals import of_ratio

LATENCY_APART_MS = 1.0
"""Two servers of the same profile may differ by some tenths of a millisecond, each in the whole of
its trial: by the processors that they were put on, and by what else ran on these."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric as claims read it: its name in comparisons and in words, and its unit.

    `of` is the stream that it is taken from. With fewer than five pairs a `factor` counts, where
    `requests` are behind each figure, and only beyond a difference of `apart`, in its unit.
    """

    name: str
    metric: Metric
    words: str
    unit: Literal["requests/s", "ms", "MiB"]
    of: Literal["load", "bystander"] = "load"
    factor: float = FACTOR
    requests: int = REQUESTS
    apart: float = 0.0

    def behind(self, trial: Trial) -> int:
        """How many requests are behind the figure of a trial."""
        stream: Requests | None = trial.requests
        if self.of == "bystander":
            stream = trial.bystander.requests if trial.bystander else None
        return stream.completed + stream.censored if stream else 0


ACHIEVED = Measure("achieved_rps", METRICS["achieved_rps"], "throughput", "requests/s")
P50 = Measure(
    "latency_p50_ms", METRICS["latency_p50_ms"], "median latency", "ms", apart=LATENCY_APART_MS
)
BYSTANDER = Measure(
    "bystander_p90_ms", METRICS["bystander_p90_ms"], "bystander’s p90", "ms", of="bystander",
    apart=LATENCY_APART_MS,
)  # fmt: skip
# A bystander's requests are no part of the cost of a workload: see `costs`.
CPU = Measure(
    "cpu_s_per_1000", Metric("CPU, ms a request", cpu_ms_per_request),
    "processor time of a request", "ms",
)  # fmt: skip
# Memory is counted and not timed, and hardly differs between two trials of a profile.
MEMORY = Measure(
    "rss_mb", Metric("memory, MiB", memory_mb), "memory", "MiB", factor=1.25, requests=0
)


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of a metric over the valid trials of a profile; `floor` where it may be more."""

    value: float
    floor: bool = False


def figures(cell: Cell, measure: Measure, profiles: Iterable[str]) -> dict[str, Figure]:
    """The figures of those profiles that have one in every trial."""
    found: dict[str, Figure] = {}
    for profile in profiles:
        trials = cell.trials.get(profile, ())
        values = [value for value in map(measure.metric, trials) if value is not None]
        if values and len(values) == len(trials):
            found[profile] = Figure(statistics.median(values), _is_floor(measure, trials))
    return found


def ratio_of(
    summary: Summary, cell: Cell, measure: Measure, favoured: str, other: str
) -> Ratio | None:
    """How many times better `favoured` is; None where nothing pairs the two.

    Of two lower bounds nothing is known, nor where a lower bound could turn the ratio round.
    """
    trials = cell.trials.get(favoured, ()), cell.trials.get(other, ())
    both = _pairs(measure, *trials)
    if not both:
        return None
    ratios = [b / a if measure.metric.worse == "higher" else a / b for a, b in both]
    value, bounds = statistics.median(ratios), of_ratio(ratios)
    # Latencies only: a request that was not answered may take longer than it has been waiting.
    ours, theirs = (_is_floor(measure, side) for side in trials)
    if (ours and value >= 1.0) or (theirs and value <= 1.0):
        return None
    spread = _spread(summary, cell, measure)
    return Ratio(
        value=value,
        low=bounds.low if bounds else None,
        high=bounds.high if bounds else None,
        least=min(ratios),
        most=max(ratios),
        n=len(ratios),
        enough=min(measure.behind(t) for side in trials for t in side) >= measure.requests,
        apart=min(abs(a - b) for a, b in both) >= measure.apart,
        factor=max(measure.factor, spread),
        band=max(VISIBLE, spread),
    )


def _pairs(
    measure: Measure, ours: Iterable[Trial], theirs: Iterable[Trial]
) -> list[tuple[float, float]]:
    """The metric of both sides, in each repetition that both have."""
    other = {(trial.role, trial.repetition): measure.metric(trial) for trial in theirs}
    found = ((measure.metric(t), other.get((t.role, t.repetition))) for t in ours)
    return [(a, b) for a, b in found if a and b]


def _is_floor(measure: Measure, trials: Iterable[Trial]) -> bool:
    return any(map(measure.metric.is_lower_bound, trials))


def _spread(summary: Summary, cell: Cell, measure: Measure) -> float:
    """By what factor equal things differed in this cell; 1 where nothing ran twice."""
    here = (cell.workload.name, cell.load.name, measure.name)
    floors = summary.decisions.noise
    return max((f.spread for f in floors if (f.workload, f.load, f.metric) == here), default=1.0)

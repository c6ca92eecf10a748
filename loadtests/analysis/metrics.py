"""What is compared: named figures of a trial, and in which direction each of them is worse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from loadtests.analysis.costs import cpu_ms_per_request
from loadtests.analysis.summary import Latency, Trial


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a trial: called with the trial, it gives the figure or None.

    `title` names it with its unit. `latency` is what it was taken from, where it is a latency.
    """

    title: str
    value: Callable[[Trial], float | None]
    worse: Literal["higher", "lower"] = "higher"
    latency: Callable[[Trial], Latency | None] | None = None

    def __call__(self, trial: Trial) -> float | None:
        """The figure, None where it was not measured or has too few samples."""
        return self.value(trial)

    def is_lower_bound(self, trial: Trial) -> bool:
        """Whether requests without an answer made the figure a lower bound of what it would be."""
        latency, value = self.latency(trial) if self.latency else None, self.value(trial)
        if latency is None or latency.lower_bound_from_ms is None or value is None:
            return False
        return value >= latency.lower_bound_from_ms


def _bystander(trial: Trial) -> Latency | None:
    return trial.bystander.latency_ms if trial.bystander else None


def _bystander_p90(trial: Trial) -> float | None:
    latency = _bystander(trial)
    return latency.p90 if latency else None


def _latency(trial: Trial) -> Latency:
    return trial.latency_ms


METRICS: dict[str, Metric] = {
    "achieved_rps": Metric("answered, requests/s", lambda t: t.achieved_rps, worse="lower"),
    "latency_p50_ms": Metric("latency p50, ms", lambda t: t.latency_ms.p50, latency=_latency),
    "latency_p99_ms": Metric("latency p99, ms", lambda t: t.latency_ms.p99, latency=_latency),
    "bystander_p90_ms": Metric("bystander p90, ms", _bystander_p90, latency=_bystander),
    "cpu_s_per_1000": Metric("CPU, s per 1000 requests", cpu_ms_per_request),
    "rss_mb": Metric("memory, MiB", lambda t: t.rss_mb),
}
"""By the names that comparisons carry. All of them are ratios' material: 0 or more."""

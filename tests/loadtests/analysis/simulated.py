"""Runs as a host would give them: the same figures in each trial but for noise from a seed."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Mapping
from typing import Any

from loadtests.analysis.summary import Requests, Summary, Trial
from tests.dashboards import summaries

NOISE = {
    "achieved_rps": 0.01,
    "latency_p50_ms": 0.01,
    "latency_p99_ms": 0.03,
    "bystander_p90_ms": 0.25,
    "cpu_s_per_1000": 0.08,
    "rss_mb": 0.005,
}
"""How far trials spread in ten tours on a machine of two cores: standard deviations of ln."""
FIGURES = {
    "achieved_rps": 95.0,
    "latency_p50_ms": 102.0,
    "latency_p99_ms": 130.0,
    "bystander_p90_ms": 1.4,
    "cpu_s_per_1000": 1.2,
    "rss_mb": 120.0,
}
PROFILES, LOADS = ("sync", "uvloop"), ("rate-20", "rate-100")
BASE = dataclasses.replace(
    summaries.trial(1, "sync", "wait", "rate-100", summaries.Case(100.0, 100.0, 40.0)),
    timeline=(),
    courses=(),
    warnings=(),
)
ENVIRONMENT: dict[str, Any] = {
    "system": "Linux 6.8",
    "machine": "x86_64",
    "cpu": "Example CPU",
    "cores": 8,
    "usable_cores": 8,
    "memory_mb": 16000,
    "python": "3.11.9",
    "implementation": "CPython",
    "free_threaded": False,
    "packages": {"flask": "3.1.2", "uvicorn": "0.54"},
    "sysctl": {"net.core.somaxconn": "4096"},
    "commit": "1111111",
}


def trial(profile: str, load: str, repetition: int, figures: Mapping[str, float]) -> Trial:
    """A trial with those figures, all of its requests answered."""
    assert BASE.bystander is not None
    latency = dataclasses.replace(
        BASE.latency_ms,
        p50=figures["latency_p50_ms"],
        p99=figures["latency_p99_ms"],
        lower_bound_from_ms=None,
    )
    near = dataclasses.replace(BASE.bystander.latency_ms, p90=figures["bystander_p90_ms"])
    return dataclasses.replace(
        BASE,
        profile=profile,
        load=load,
        repetition=repetition,
        requests=Requests(2000, 2000, 0, 0, 0),
        achieved_rps=figures["achieved_rps"],
        latency_ms=latency,
        bystander=dataclasses.replace(BASE.bystander, latency_ms=near),
        cpu_s=2.0 * figures["cpu_s_per_1000"],
        rss_mb=figures["rss_mb"],
        schedule_digest=f"{load} {repetition}",
    )


def run(
    seed: int,
    changed: Mapping[str, float] | None = None,
    *,
    repetitions: int = 7,
    noise: float = 1.0,
    **over: Any,
) -> Summary:
    """A run of two profiles under two loads; `changed` multiplies figures of uvloop at rate-100.

    `noise` is the share of the usual noise; `over` replaces fields of the summary.
    """
    rng = random.Random(seed)
    trials = []
    for repetition in range(1, repetitions + 1):
        for load in LOADS:
            for profile in PROFILES:
                factors = changed if changed and (profile, load) == ("uvloop", "rate-100") else {}
                figures = {
                    name: value
                    * factors.get(name, 1.0)
                    * math.exp(noise * rng.gauss(0.0, NOISE[name]))
                    for name, value in FIGURES.items()
                }
                trials.append(trial(profile, load, repetition, figures))
    trials = [dataclasses.replace(made, number=n) for n, made in enumerate(trials, 1)]
    fields = {"run_id": f"run-{seed}", "environment": ENVIRONMENT, **over}
    return summaries.summary(trials, **fields)

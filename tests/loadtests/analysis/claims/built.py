"""Summaries as claims, costs and advice read them, of trials whose figures are given."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.analysis.claims import claims_of
from loadtests.analysis.decisions import Capacity, Claim, Decisions, Probe
from loadtests.analysis.subjects import LoadSummary, ProfileSummary, WorkloadSummary
from loadtests.analysis.summary import SCHEMA_VERSION, Latency, Requests, Stream, Summary, Trial
from servers.budget import Budget
from servers.profiles import PROFILES

WINDOW_S = 10.0
REQUESTS = {
    "trivial": ("GET /hello",),
    "wait": ("GET /wait?ms=100",),
    "blocking": ("GET /blocking?ms=80",),
    "offload": ("GET /offload?ms=80",),
    "compute": ("GET /cpu?units=10",),
    "mixed": ("GET /wait?ms=100 × 6", "GET /blocking?ms=80 × 2", "GET /cpu?units=10 × 2"),
    "idle": ("GET /hello",),
}
# How the trials of one profile differ from repetition to repetition: the medians stay.
QUIET = (1.0, 1.01, 0.99, 1.005, 0.995)
NOISY = (1.0, 1.9, 0.5, 1.4, 0.7)


@dataclass(frozen=True)
class Case:
    """A profile under a load, and the figures of its trials: milliseconds, MiB, requests/s.

    `answered` None: all that was offered.
    """

    profile: str
    workload: str
    rate: float
    p50: float = 1.0
    aside: float | None = None
    answered: float | None = None
    cpu_ms: float | None = 0.5
    mb: float | None = 50.0


def trial(case: Case, number: int = 1, repetition: int = 1, factor: float = 1.0) -> Trial:
    """One valid trial: its latencies, processor time and memory times `factor`."""
    scheduled = round(case.rate * WINDOW_S)
    achieved = case.rate if case.answered is None else case.answered
    completed = min(scheduled, round(achieved * WINDOW_S))
    unanswered = scheduled - completed
    aside = None if case.aside is None else case.aside * factor
    return Trial(
        number=number,
        profile=case.profile,
        workload=case.workload,
        load=f"{case.rate:g}/s",
        repetition=repetition,
        valid=True,
        reasons=(),
        requests=Requests(scheduled, completed, 0, 0, unanswered),
        offered_rps=case.rate,
        achieved_rps=achieved,
        latency_ms=Latency(
            case.p50 * factor, case.p50 * 2, None, case.p50 * 3,
            lower_bound_from_ms=case.p50 * 0.4 if unanswered else None,
        ),
        queue_ms=None,
        hold_ms=None,
        cpu_s=None if case.cpu_ms is None else case.cpu_ms * factor * completed / 1000.0,
        rss_mb=None if case.mb is None else case.mb * factor,
        errors={},
        bystander=None
        if aside is None
        else Stream(Requests(250, 250, 0, 0, 0), Latency(aside / 2, aside, None, aside * 2), {}),
        timeline=(),
        schedule_digest="",
        latency_from_send_ms=Latency(None, None, None, None),
        lateness_p99_ms=None,
        punctual=None,
        generator_cpu=None,
        generator_delay=None,
    )  # fmt: skip


def trials(cases: Sequence[Case], spread: Sequence[float]) -> tuple[Trial, ...]:
    """As many trials of each case as `spread` has factors; two profiles never vary together."""
    found: list[Trial] = []
    for repetition in range(1, len(spread) + 1):
        for place, case in enumerate(cases):
            factor = spread[(repetition - 1 + place * (repetition - 1)) % len(spread)]
            found.append(trial(case, len(found) + 1, repetition, factor))
    return tuple(found)


def summary(cases: Sequence[Case], spread: Sequence[float] = QUIET, **more: Any) -> Summary:
    """The summary of a run of those cases; `more` replaces fields."""
    budget = Budget()
    profiles = dict.fromkeys(case.profile for case in cases)
    loads = dict.fromkeys(case.rate for case in cases)
    made = Summary(
        schema_version=SCHEMA_VERSION,
        run_id="2026-11-22T000000Z-0000",
        experiment="built",
        question="",
        seed=1,
        planned_trials=0,
        warmup_s=1.0,
        measure_s=WINDOW_S,
        drain_s=1.0,
        budget={name: getattr(budget, name) for name in budget.__dataclass_fields__},
        profiles=tuple(ProfileSummary(p, "", (), PROFILES[p].facts(budget)) for p in profiles),
        workloads=tuple(
            WorkloadSummary(w, "", REQUESTS.get(w, ()))
            for w in dict.fromkeys(c.workload for c in cases)
        ),
        loads=tuple(LoadSummary(f"{r:g}/s", "open", r, None, f"open, {r:g}/s") for r in loads),
        environment={},
        trials=trials(cases, spread),
        comparisons=(),
        capacities=(),
        findings=(),
    )
    return dataclasses.replace(made, **more)


def capacity(profile: str, workload: str, rate: float, within: float = 0.05) -> Capacity:
    """A capacity with an interval, and no probes that are in the run."""
    probes = (Probe(900, rate, True, ()), Probe(901, rate * 1.1, False, ("p99",)))
    low, high = rate * (1 - within), rate * (1 + within)
    return Capacity(profile, workload, rate, low, high, "p99 ≤ 250 ms", probes)


def decided(made: Summary, **decisions: Any) -> Summary:
    """The summary with some of its decisions."""
    return dataclasses.replace(made, decisions=dataclasses.replace(Decisions(), **decisions))


def claim(name: str, made: Summary) -> Claim:
    """One claim of a run."""
    return next(claim for claim in claims_of(made) if claim.id == name)

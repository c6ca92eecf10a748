"""What each profile does under each load, in one sentence, with the numbers that it rests on.

The rules stand in their order: the first that is met says the most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from loadtests.analysis.decisions import Diagnosis
from loadtests.analysis.diagnosis import remarks
from loadtests.analysis.diagnosis.remarks import LITTLE, MANY
from loadtests.analysis.diagnosis.symptoms import Symptoms, symptoms_of
from loadtests.analysis.summary import Trial
from loadtests.gates import KEPT_UP

FULL = 0.9
"""The share of a processor, or of the time of all slots, from which on there is none left."""
NEARLY = 0.8
"""The same of the processor of a server that is overloaded: the kernel needs some of it."""
LONG_MS = 10.0
"""To hold a loop for so long at a time is felt by everybody else."""
MOST = 0.5
"""The part of all hold from which on one route is to be named."""
FEW = 3
"""So many may wait for a moment, by chance."""
PASSED = ("downstream", "database")
"""Pools that every request passes, which counts as waiting for a moment, a free place or not."""
MUCH, FELT_MS = 0.3, 1.0
"""The part of a latency from which on it is what the latency is about, and how long it must be."""
GENERATOR = (
    *("generator_exhausted", "generator_late", "generator_behind", "generator_busy"),
    *("host_busy", "dropped"),
)
"""The reasons against a trial that the side of the load gives."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A diagnosis: when it is made, and what it says."""

    code: str
    met: Callable[[Symptoms], bool]
    says: Callable[[Symptoms], str]


RULES = (
    Rule("computing", lambda s: _over(s.cpu, FULL if s.kept_up else NEARLY), remarks.computing),
    Rule(
        "contended",
        lambda s: s.ready is not None and _over(s.cpu, FULL - s.ready),
        remarks.contended,
    ),
    Rule(
        "holding",
        lambda s: s.loops and s.at_a_time_ms >= LONG_MS and s.route_share >= MOST,
        remarks.holding,
    ),
    Rule(
        "waiting",
        lambda s: _over(s.occupancy, FULL) and (s.cpu is None or s.cpu < LITTLE),
        remarks.waiting,
    ),
    Rule(
        "pool",
        lambda s: s.pool_waiting >= (FEW if s.kept_up or s.pool in PASSED else 1),
        remarks.pool,
    ),
    Rule(
        "accepting",
        lambda s: s.accept_queue >= MANY,
        lambda s: f"the accept queue holds up to {s.accept_queue} connections",
    ),
    Rule(
        "queueing",
        lambda s: _over(s.queue_ms, max(MUCH * (s.latency_ms or 0.0), FELT_MS)),
        remarks.queueing,
    ),
    Rule(
        "failing",
        lambda s: s.failed > 0 and s.achieved_rps >= KEPT_UP * s.offered_rps,
        remarks.failing,
    ),
    Rule("overloaded", lambda s: not s.kept_up, remarks.overloaded),
    Rule("unseen", lambda s: s.occupancy is None, lambda s: f"not looked into{remarks.used(s)}"),
    Rule(
        "working",
        lambda s: _over(s.occupancy, LITTLE) or _over(s.cpu, LITTLE),
        lambda s: f"working, with room left: {remarks.occupied(s)}",
    ),
    Rule("ease", lambda _: True, lambda s: f"at ease: nothing waits; {remarks.occupied(s)}"),
)

CODES = (*(rule.code for rule in RULES), "generator", "invalid")
"""What a diagnosis can be. The last two are of loads that have no valid trial."""


def diagnoses_of(trials: Sequence[Trial]) -> tuple[Diagnosis, ...]:
    """One for each profile, workload and load, in the order in which they first ran."""
    cells: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in trials:
        cells.setdefault((trial.profile, trial.workload, trial.load), []).append(trial)
    return tuple(_diagnosed(found) for found in cells.values())


def diagnosed(seen: Symptoms) -> tuple[str, str]:
    """The diagnosis of what was seen: its code, and its sentence."""
    rule = next(rule for rule in RULES if rule.met(seen))
    return rule.code, rule.says(seen)


def _diagnosed(trials: Sequence[Trial]) -> Diagnosis:
    first, valid = trials[0], [trial for trial in trials if trial.valid]
    if valid:
        seen = symptoms_of(valid)
        (code, text), evidence = diagnosed(seen), dict(_evidence(seen))
    else:
        code, text, evidence = _against(trials)
    evidence["trials"] = ", ".join(str(trial.number) for trial in valid or trials)
    return Diagnosis(first.profile, first.workload, first.load, code, text, evidence)


def _against(trials: Sequence[Trial]) -> tuple[str, str, dict[str, float | str]]:
    """Of trials none of which is valid."""
    reasons = [reason for trial in trials for reason in trial.reasons]
    evidence: dict[str, float | str] = {
        "reasons": ", ".join(dict.fromkeys(r.code for r in reasons))
    }
    for reason in reasons:
        if reason.code in GENERATOR:
            return (
                "generator",
                f"generator saturated: {reason.text}",
                evidence,
            )
    return "invalid", f"no valid trial: {reasons[0].text if reasons else ''}", evidence


def _evidence(seen: Symptoms) -> Iterator[tuple[str, float | str]]:
    figures = {
        "occupancy": seen.occupancy, "cpu": seen.cpu, "application_cpu": seen.own_cpu,
        "offered_rps": seen.offered_rps, "achieved_rps": seen.achieved_rps,
        "queue_ms": seen.queue_ms, "latency_ms": seen.latency_ms, "ready_threads": seen.ready,
    }  # fmt: skip
    for name, value in figures.items():
        if value is not None:
            yield name, round(value, 3)
    if seen.route:
        yield from (("route", seen.route), ("at_a_time_ms", round(seen.at_a_time_ms, 3)))
    if seen.pool_waiting:
        yield f"{seen.pool}_waiting", seen.pool_waiting
    if seen.accept_queue:
        yield "accept_queue", seen.accept_queue


def _over(value: float | None, bound: float) -> bool:
    return value is not None and value >= bound

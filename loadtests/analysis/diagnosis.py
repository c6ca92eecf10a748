"""What each profile does under each load, in one sentence, with the numbers that it rests on.

The rules stand in their order: the first that is met says the most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from loadtests.analysis.decisions import Diagnosis
from loadtests.analysis.summary import Trial
from loadtests.analysis.symptoms import Symptoms, symptoms_of

FULL = 0.9
"""The share of a processor, or of the time of all slots, from which on there is none left."""
NEARLY = 0.8
"""The same of the processor of a server that is overloaded: the kernel needs some of it."""
LITTLE = 0.5
"""The most that who only waits uses of a processor."""
LONG_MS = 10.0
"""To hold a loop for so long at a time is felt by everybody else."""
MANY = 10
"""So many do not wait by chance."""
FEW = 3
"""So many may."""
MUCH = 0.3
"""The part of a latency from which on it is what the latency is about."""
SEVERAL = 1.05
"""Processors: more than one, and not by a clock's resolution."""
GENERATOR = (
    *("generator_exhausted", "generator_late", "generator_behind", "generator_busy"),
    *("host_busy", "dropped"),
)
"""The reasons against a trial that the side of the load gives."""
POOLS = {"processes": ("process pool", "processes"), "greenlets": ("greenlet pool", "greenlets")}


@dataclass(frozen=True, slots=True)
class Rule:
    """A diagnosis: when it is made, and what it says."""

    code: str
    met: Callable[[Symptoms], bool]
    says: Callable[[Symptoms], str]


RULES = (
    Rule(
        "computing",
        lambda s: _over(s.cpu, FULL if s.kept_up else NEARLY),
        lambda s: _computing(s),
    ),
    Rule(
        "contended",
        lambda s: s.ready is not None and _over(s.cpu, FULL - s.ready),
        lambda s: (
            f"held up: of its processor it got {_share(s.cpu or 0.0)}, and others had it while "
            f"{s.ready:.2g} of its threads were ready on average"
        ),
    ),
    Rule(
        "holding",
        lambda s: s.loops and s.at_a_time_ms >= LONG_MS and s.route_share >= 0.5,
        lambda s: (
            f"one endpoint holds the loop for {s.at_a_time_ms:.0f} ms at a time: {s.route}, "
            f"with {s.route_share:.0%} of all that is held"
        ),
    ),
    Rule(
        "waiting",
        lambda s: _over(s.occupancy, FULL) and (s.cpu is None or s.cpu < LITTLE),
        lambda s: _waiting(s),
    ),
    Rule("pool", lambda s: s.pool_waiting >= (FEW if s.kept_up else 1), lambda s: _pool(s)),
    Rule(
        "accepting",
        lambda s: s.accept_queue >= MANY,
        lambda s: f"the accept queue holds up to {s.accept_queue} connections",
    ),
    Rule(
        "queueing",
        lambda s: _over(s.queue_ms, MUCH * (s.latency_ms or 0.0)) and _over(s.queue_ms, 1.0),
        lambda s: (
            f"queueing: of {s.latency_ms:.3g} ms a request waits {s.queue_ms:.3g} ms before the "
            "application begins it"
        ),
    ),
    Rule(
        "overloaded",
        lambda s: not s.kept_up,
        lambda s: (
            f"overloaded: of {s.offered_rps:.3g} requests/s it answers {s.achieved_rps:.3g}, and "
            "no instrument says by what"
        ),
    ),
    Rule("unseen", lambda s: s.occupancy is None, lambda s: f"not looked into{_used(s)}"),
    Rule(
        "working",
        lambda s: _over(s.occupancy, LITTLE) or _over(s.cpu, LITTLE),
        lambda s: f"working, with room left: {_occupied(s)}",
    ),
    Rule("ease", lambda _: True, lambda s: f"at ease: nothing waits; {_occupied(s)}"),
)

CODES = (*(rule.code for rule in RULES), "generator", "invalid")
"""What a diagnosis can be. The last two are of loads that have no valid trial."""


def diagnoses_of(trials: Sequence[Trial]) -> tuple[Diagnosis, ...]:
    """One for each profile, workload and load, in the order in which they first ran."""
    cells: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in trials:
        cells.setdefault((trial.profile, trial.workload, trial.load), []).append(trial)
    return tuple(_diagnosed(found) for found in cells.values())


def _diagnosed(trials: Sequence[Trial]) -> Diagnosis:
    first, valid = trials[0], [trial for trial in trials if trial.valid]
    if valid:
        seen = symptoms_of(valid)
        rule = next(rule for rule in RULES if rule.met(seen))
        code, text, evidence = rule.code, rule.says(seen), dict(_evidence(seen))
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


def _share(value: float) -> str:
    return "less than 1%" if 0.0 < value < 0.005 else f"{value:.0%}"


def _computing(seen: Symptoms) -> str:
    cpu = seen.cpu or 0.0
    text = "computing: "
    text += (
        f"the processor is used {_share(cpu)}"
        if cpu < SEVERAL
        else f"{cpu:.1f} processors are used"
    )
    if seen.own_cpu is not None and seen.own_cpu < LITTLE * (seen.cpu or 0.0):
        text += f", and only {_share(seen.own_cpu)} by the requests themselves"
    return text


def _waiting(seen: Symptoms) -> str:
    using = "" if seen.cpu is None else f" while using {_share(seen.cpu)} of a processor"
    text = (
        f"waiting, not working: {seen.units} occupied {_share(seen.occupancy or 0.0)} of the time"
    )
    if seen.accept_queue >= MANY:
        return f"{text}{using}, and up to {seen.accept_queue} connections wait to be accepted"
    return text + using


def _pool(seen: Symptoms) -> str:
    pool, places = POOLS.get(seen.pool, ("thread pool", "threads"))
    state = "exhausted" if seen.pool_waiting >= MANY or not seen.kept_up else "full at times"
    waited = "1 request" if seen.pool_waiting == 1 else f"{seen.pool_waiting} requests"
    return f"the {pool} is {state}: up to {waited} waited for one of its {places}"


def _occupied(seen: Symptoms) -> str:
    return f"{seen.units} occupied {_share(seen.occupancy or 0.0)} of the time{_used(seen)}"


def _used(seen: Symptoms) -> str:
    return "" if seen.cpu is None else f", and the processor is used {_share(seen.cpu)}"

"""What a run does next, by what has ended: trials it names, second attempts, searches.

Pure: the same trials that have ended give the same next one, so that an interrupted run goes on
where it was. The order is: low and moderate load, on which predictions rest; all other loads;
more repetitions where a rule asks for them; and the searches for a capacity, whose contenders take
turns so that a slow drift of the host hits all alike. INVALID trials are tried again at the end of
their stage, a bounded number of times.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from loadtests import matrix, search, stopping
from loadtests.deciding import Objective
from loadtests.experiment import Experiment
from loadtests.matrix import TrialSpec, seed_of
from loadtests.search import Tried
from loadtests.theory.intervals import least_samples
from loadtests.workload import OpenLoad, Workload

LEAST_PROBE_S = 3.0
MOST_PROBE_SHARE = 0.2
"""No probe takes more of a search's time."""
ANSWERED = 0.9
"""Where less of a load was answered, a higher one is not tried to predict from."""
SPOILED = 4
"""A search ends when so many of its probes were INVALID."""
Contender = tuple[str, str]
"""A workload's name and a profile."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A trial that has ended: whether it counts, whether another attempt may help, what it says.

    `answered` is the share of what was offered. `tried` is a probe's outcome, None where it is
    INVALID; `values` are the metrics by which a run may decide to stop.
    """

    spec: TrialSpec
    valid: bool
    again: bool = False
    answered: float = 1.0
    tried: Tried | None = None
    values: Mapping[str, float] = field(default_factory=dict)


def next_trial(
    experiment: Experiment, ended: Sequence[Ended], guesses: Mapping[Contender, float]
) -> TrialSpec | None:
    """The trial to run next, or None at the end; `guesses` are predicted capacities."""
    for spec in _wanted(experiment, ended, guesses):
        used = {one.spec.number for one in ended}
        return replace(spec, number=next(n for n in range(1, len(ended) + 2) if n not in used))
    return None


def left(experiment: Experiment, ended: Sequence[Ended], guesses: Mapping[Contender, float]) -> int:
    """About how many trials are still to come, as far as that can be known."""
    named = sum(1 for _ in _stages(experiment, ended))
    contenders = list(_contenders(experiment))
    open_ones = [one for one in contenders if _probe(experiment, one, ended, guesses) is not None]
    probes = [max(search.LEAST_PROBES - len(_probes(ended, one)), 1) for one in open_ones]
    return named + sum(probes)


def planned(experiment: Experiment, ended: Sequence[Ended]) -> int:
    """How many trials the experiment names, as far as its rule for stopping has been looked at.

    Second attempts and the probes of a search are not planned.
    """
    known = [_key(one.spec) for one in ended if one.spec.role != "probe"]
    return len({*known, *map(_key, _stages(experiment, ended))})


def _wanted(
    experiment: Experiment, ended: Sequence[Ended], guesses: Mapping[Contender, float]
) -> Iterator[TrialSpec]:
    yield from _stages(experiment, ended)
    yield from _next_probes(experiment, ended, guesses)


def _stages(experiment: Experiment, ended: Sequence[Ended]) -> Iterator[TrialSpec]:
    """What the experiment names and has no valid trial yet, nor enough attempts."""
    named = matrix.trials(experiment)
    too_much = _overloaded(ended)
    for role in ("calibrate", "sweep"):
        mine = [spec for spec in named if spec.role == role and not too_much(spec)]
        yield from _missing(mine, experiment, ended)
    repetition = experiment.repetitions + 1
    while stopping.goes_on(experiment.stop, _values(ended), repetition - 1):
        yield from _missing(matrix.block(experiment, repetition), experiment, ended)
        if not any(one.spec.repetition == repetition for one in ended):
            return
        repetition += 1


def _overloaded(ended: Sequence[Ended]) -> Callable[[TrialSpec], bool]:
    """Whether a load to predict from is beyond one that was too much already: it says nothing."""
    least: dict[Contender, float] = {}
    for one in ended:
        if one.spec.role == "calibrate" and one.answered < ANSWERED:
            contender = (one.spec.workload.name, one.spec.profile)
            least[contender] = min(least.get(contender, math.inf), _rate(one.spec))

    def is_too_much(spec: TrialSpec) -> bool:
        limit = least.get((spec.workload.name, spec.profile), math.inf)
        return spec.role == "calibrate" and _rate(spec) >= limit

    return is_too_much


def _rate(spec: TrialSpec) -> float:
    return spec.load.rate if isinstance(spec.load, OpenLoad) else 0.0


def _missing(
    specs: Sequence[TrialSpec], experiment: Experiment, ended: Sequence[Ended]
) -> Iterator[TrialSpec]:
    attempts: dict[tuple[object, ...], list[Ended]] = {}
    for one in ended:
        attempts.setdefault(_key(one.spec), []).append(one)
    yield from (spec for spec in specs if _key(spec) not in attempts)
    for spec in specs:
        made = attempts.get(_key(spec), [])
        spoiled = bool(made) and made[-1].again and not any(one.valid for one in made)
        if spoiled and len(made) <= experiment.retries:
            yield replace(spec, attempt=len(made) + 1)


def _key(spec: TrialSpec) -> tuple[object, ...]:
    return (spec.role, spec.workload.name, spec.load.name, spec.profile, spec.arm, spec.repetition)


def _values(ended: Sequence[Ended]) -> list[stopping.Value]:
    return [
        stopping.Value(one.spec.workload.name, one.spec.load.name, one.spec.profile,
                       one.spec.repetition, one.values)
        for one in ended
        if one.valid and one.spec.arm == 1 and one.spec.role != "probe"
    ]  # fmt: skip


def _contenders(experiment: Experiment) -> Iterator[Contender]:
    objective = experiment.capacity
    if objective is None:
        return
    for workload in experiment.workloads:
        if objective.workloads and workload.name not in objective.workloads:
            continue
        for profile in workload.profiles or experiment.profiles:
            if not objective.profiles or profile in objective.profiles:
                yield workload.name, profile


def _next_probes(
    experiment: Experiment, ended: Sequence[Ended], guesses: Mapping[Contender, float]
) -> Iterator[TrialSpec]:
    """Of the contender that has had the fewest first."""
    contenders = sorted(_contenders(experiment), key=lambda one: len(_probes(ended, one)))
    for contender in contenders:
        spec = _probe(experiment, contender, ended, guesses)
        if spec is not None:
            yield spec


def _probes(ended: Sequence[Ended], contender: Contender) -> list[Ended]:
    return [
        one
        for one in ended
        if one.spec.role == "probe" and (one.spec.workload.name, one.spec.profile) == contender
    ]


def _probe(
    experiment: Experiment,
    contender: Contender,
    ended: Sequence[Ended],
    guesses: Mapping[Contender, float],
) -> TrialSpec | None:
    objective = experiment.capacity
    assert objective is not None
    made = _probes(ended, contender)
    tried = [one.tried for one in made if one.tried is not None]
    if len(made) - len(tried) >= SPOILED:
        return None
    rate = search.next_rate(tried, objective.precision, objective.seconds, guesses.get(contender))
    if rate is None:
        return None
    workload: Workload = next(w for w in experiment.workloads if w.name == contender[0])
    turn = len(tried) + 1
    return TrialSpec(
        number=0,
        profile=contender[1],
        workload=workload,
        load=OpenLoad(mode="open", name=f"search {rate:g}/s", rate=rate),
        repetition=turn,
        seed=seed_of(experiment.seed, workload.name, "probe", turn),
        measure_s=probe_s(objective, rate),
        role="probe",
        attempt=1 + _spoiled_since(made),
    )


def _spoiled_since(made: Sequence[Ended]) -> int:
    """How many probes were spoiled since the last that said something."""
    return next((n for n, one in enumerate(reversed(made)) if one.tried), len(made))


def probe_s(objective: Objective, rate_rps: float) -> float:
    """How long a probe measures: as many requests as its p99 needs, within its part of the time."""
    wanted_s = max(LEAST_PROBE_S, 1.05 * least_samples(0.99) / rate_rps)
    return round(min(wanted_s, max(MOST_PROBE_SHARE * objective.seconds, 0.5)), 1)

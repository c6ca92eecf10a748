"""From an experiment to the trials that it names, and from a trial to what its generator is asked.

Pure. Profiles that are compared run next to one another, and every second repetition runs them
in reverse, so that a slow drift of the host hits all alike. Trials that are compared share their
seed, and so their schedule. What follows from the trials that have ended is in `agenda`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loadtests.downstream import is_failing, stall_of
from loadtests.experiment import Experiment
from loadtests.plan import (
    STAMPED_RPS,
    Address,
    ArrivalStream,
    Capture,
    GeneratorPlan,
    Target,
    UserStream,
)
from loadtests.results import TrialFolder
from loadtests.workload import ClosedLoad, Load, OpenLoad, Role, Workload

LOAD, BYSTANDER = "load", "bystander"
LEAD_S = 0.2
LEAD_S_PER_ARRIVAL = 5e-6
CAPTURE_AFTER = 0.25
"""The share of the measurement window after which requests are captured by default."""


@dataclass(frozen=True, slots=True)
class TrialSpec:
    """One trial to run: numbered from 1 in the order of the run.

    Of a profile that runs twice the second `arm` is 2; `attempt` counts from 1.
    """

    number: int
    profile: str
    workload: Workload
    load: Load
    repetition: int
    seed: int
    measure_s: float
    role: Role = "sweep"
    arm: int = 1
    attempt: int = 1


def trials(experiment: Experiment) -> tuple[TrialSpec, ...]:
    """The trials that an experiment names, in the order in which they run; calibration first."""
    repetitions = range(1, experiment.repetitions + 1)
    specs = [spec for n in repetitions for spec in block(experiment, n)]
    specs.sort(key=lambda spec: spec.role != "calibrate")
    return tuple(replace(spec, number=number) for number, spec in enumerate(specs, 1))


def block(experiment: Experiment, repetition: int) -> tuple[TrialSpec, ...]:
    """One repetition: every trial of it, numbered 0, for a run numbers them."""
    low_and_moderate = experiment.predict.loads if experiment.predict else ()
    specs: list[TrialSpec] = []
    for workload in experiment.workloads:
        for load in experiment.loads:
            if workload.loads and load.name not in workload.loads:
                continue
            seed = seed_of(experiment.seed, workload.name, load.name, repetition)
            role: Role = "calibrate" if load.name in low_and_moderate else "sweep"
            for profile, arm in _arms(experiment, workload, repetition):
                specs.append(
                    TrialSpec(
                        number=0, profile=profile, workload=workload, load=load,
                        repetition=repetition, seed=seed, measure_s=experiment.window_s(load),
                        role=role, arm=arm,
                    )
                )  # fmt: skip
    return tuple(specs)


def _arms(experiment: Experiment, workload: Workload, repetition: int) -> list[tuple[str, int]]:
    """The profiles in their order; those that run twice are there again behind all."""
    profiles = workload.profiles or experiment.profiles
    arms = [(profile, 1) for profile in profiles]
    arms += [(profile, 2) for profile in experiment.twice if profile in profiles]
    return arms if repetition % 2 else arms[::-1]


def generator_plan(
    experiment: Experiment,
    spec: TrialSpec,
    address: Address,
    folder: TrialFolder,
    now_ns: int,
    ledgers: Path | None = None,
) -> GeneratorPlan:
    """What one trial's generator must do, from soon after `now_ns` of the monotonic clock on.

    What it counts goes into `ledgers`.
    """
    arrivals, users = _streams(experiment, spec)
    lead_s = _lead_s(experiment.warmup_s + spec.measure_s, arrivals)
    return GeneratorPlan(
        host=address.host,
        port=address.port,
        seed=spec.seed,
        origin_ns=now_ns + round((experiment.warmup_s + lead_s) * 1e9),
        warmup_s=experiment.warmup_s,
        measure_s=spec.measure_s,
        drain_s=experiment.drain_s,
        max_in_flight=experiment.max_in_flight,
        arrivals=tuple(arrivals),
        users=tuple(users),
        folder=folder.path.absolute(),
        processes=experiment.generators,
        spin=experiment.spin,
        profile=spec.profile,
        run=folder.run,
        workload=spec.workload.name,
        load=spec.load.name,
        ledgers=ledgers,
        stamped_rps=STAMPED_RPS if experiment.instruments else 0.0,
        capture=_capture(experiment, spec),
        stall=stall_of(experiment, spec.workload),
        failing=is_failing(experiment, spec.workload),
    )


def _streams(
    experiment: Experiment, spec: TrialSpec
) -> tuple[list[ArrivalStream], list[UserStream]]:
    targets = _targets(spec.workload)
    arrivals: list[ArrivalStream] = []
    users: list[UserStream] = []
    match spec.load:
        case OpenLoad(rate=rate, arrivals=kind, burst=burst):
            arrivals.append(
                ArrivalStream(name=LOAD, arrivals=kind, rate=rate, targets=targets, burst=burst)
            )
        case ClosedLoad(users=count, think_s=think_s):
            users.append(UserStream(name=LOAD, users=count, think_s=think_s, targets=targets))
    if experiment.bystander:
        path = experiment.bystander.path
        aside = Target(
            number=len(targets), stream=BYSTANDER, path=path, url=path, weight=1.0,
            kind=f"GET {path}",
        )  # fmt: skip
        rate = experiment.bystander.rate
        arrivals.append(
            ArrivalStream(name=BYSTANDER, arrivals="poisson", rate=rate, targets=(aside,))
        )
    return arrivals, users


def _targets(workload: Workload) -> tuple[Target, ...]:
    """All that may be sent. Who misbehaves is in a stream named by what it does."""
    pairs = [(request, one) for request in workload.requests for one in request.variants]
    return tuple(
        Target(
            number=number,
            stream=request.client.kind if request.client and request.misbehaves else LOAD,
            path=one.path,
            url=one.url,
            weight=one.weight,
            method=one.verb,
            body_bytes=one.body_bytes,
            kind=request.line,
            client=request.client,
        )
        for number, (request, one) in enumerate(pairs)
    )


def _capture(experiment: Experiment, spec: TrialSpec) -> Capture | None:
    """By default soon enough to leave time for slow answers, late enough for queues to settle."""
    if not experiment.instruments or not experiment.capture or spec.role == "probe":
        return None
    from_s = experiment.capture_from_s
    if from_s is None:
        from_s = CAPTURE_AFTER * spec.measure_s
    return Capture(from_s=from_s, count=experiment.capture)


def _lead_s(seconds: float, streams: Sequence[ArrivalStream]) -> float:
    """Time for the generators to find their plan and to make the schedule, before it begins."""
    return LEAD_S + LEAD_S_PER_ARRIVAL * sum(stream.expected(seconds) for stream in streams)


def seed_of(seed: int, *names: str | int) -> int:
    """The seed of what is so named, from the experiment's."""
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")

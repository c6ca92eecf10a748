"""Synthetic summaries with realistic figures, made without measuring: the input of every test.

The figures follow a simple model: a server of `slots` that each hold a request for `hold_ms`;
above its capacity the queue, and with it the latency, grows with the trial's time.
"""

from __future__ import annotations

import dataclasses
import math
import random
from dataclasses import dataclass
from typing import Any

from loadtests.analysis.subjects import LoadSummary, ProfileSummary, WorkloadSummary
from loadtests.analysis.summary import (
    SCHEMA_VERSION,
    Comparison,
    Finding,
    Instant,
    Latency,
    Reason,
    Requests,
    Stream,
    Summary,
    Trial,
)
from servers.budget import Budget
from servers.profiles import PROFILES
from tests.dashboards.instruments import explained, instrumented

MEASURE_S = 20
LEVELS = [0.01, *(i / 20 for i in range(1, 19)), 0.95, 0.975, 0.99, 0.995, 0.999, 0.9995, 0.9999]
MODELS = {
    "sync": "one request per process at a time (gunicorn sync)",
    "gthread": "a pool of threads per process (gunicorn gthread)",
    "gevent": "greenlets that switch where the program waits (gunicorn gevent)",
    "asgi": "one event loop (uvicorn, asyncio, h11)",
    "uvloop": "one event loop, written in C (uvicorn, uvloop, httptools)",
    "hybrid": "event loop, and pools for blocking and computing work",
    "gunicorn-asgi": "event loops under gunicorn's process manager",
}
VERSIONS = {"gunicorn": "27.0", "uvicorn": "0.54"}
LATE = Reason(
    "generator-late",
    "the load generator sent 3.1 % of the requests more than 5 ms late",
    "close other programs, or lower the rate",
)


@dataclass(frozen=True)
class Case:
    """How one profile behaves under one load: its service time, its slots, its bystander."""

    rate: float
    service_ms: float
    slots: float
    bystander_ms: float = 2.0

    @property
    def capacity(self) -> float:
        return self.slots * 1000 / self.service_ms


def trial(number: int, profile: str, workload: str, load: str, case: Case, **over: Any) -> Trial:
    """One valid trial after the model; `over` replaces fields."""
    rng = random.Random(f"{number}{profile}{workload}{load}")
    achieved = min(case.rate, case.capacity)
    growth = 1000 * MEASURE_S * (1 - achieved / case.rate)
    scheduled = round(case.rate * MEASURE_S)
    completed = round(achieved * MEASURE_S)
    # A censored request counts with its age.
    curve = _curve(case.service_ms, growth, scheduled)
    youngest = case.service_ms + growth * completed / scheduled if growth else None
    instants = tuple(_instant(rng, s, case, achieved, growth) for s in range(MEASURE_S))
    near = case.bystander_ms + growth / 2
    made = Trial(
        number=number, profile=profile, workload=workload, load=load, repetition=1, valid=True,
        reasons=(), requests=Requests(scheduled, completed, 0, 0, scheduled - completed),
        offered_rps=case.rate, achieved_rps=achieved, latency_ms=_latency(curve, youngest),
        queue_ms=Latency(growth / 2 or 0.3, growth * 0.9 or 0.6, None, growth or 4.0),
        hold_ms=Latency(case.service_ms, case.service_ms * 1.1, None, case.service_ms * 2),
        cpu_s=round(0.2 + completed * 0.0007, 3), rss_mb=96.0 + 31 * (profile == "sync"),
        errors={}, timeline=instants, schedule_digest="5e1f0c2ab9", lateness_p99_ms=0.4,
        generator_cpu=0.21, generator_delay=0.01, punctual=1.0,
        latency_from_send_ms=_sooner(_latency(curve, youngest)), bystander=Stream(
            Requests(100, 100, 0, 0, 0),
            Latency(near * 0.7, near * 1.6, None, near * 2.2, ((0.5, near * 0.7),)), {},
        ),
    )  # fmt: skip
    made = instrumented(dataclasses.replace(made, **over), case.service_ms, growth)
    return dataclasses.replace(made, **over)


def invalid(number: int, made: Trial, *reasons: Reason) -> Trial:
    """The trial again, as one that a gate refused."""
    return dataclasses.replace(made, number=number, valid=False, reasons=reasons or (LATE,))


def _curve(service: float, growth: float, samples: int) -> tuple[tuple[float, float], ...]:
    needed = {q: math.log(0.025) / math.log(max(q, 1 - q)) for q in LEVELS}
    enough = [q for q in LEVELS if samples >= needed[q]]
    return tuple((q, service * (1.01 - 0.012 * math.log(1 - q)) + growth * q) for q in enough)


def _latency(curve: tuple[tuple[float, float], ...], youngest: float | None) -> Latency:
    at = dict(curve)
    return Latency(at.get(0.5), at.get(0.9), at.get(0.99), curve[-1][1] * 1.07, curve, youngest)


def _sooner(due: Latency) -> Latency:
    """The latency from sending: what was sent 0.3 ms after it was due seems that much sooner."""
    p50, p90, p99 = (None if v is None else v - 0.3 for v in (due.p50, due.p90, due.p99))
    return dataclasses.replace(due, p50=p50, p90=p90, p99=p99, curve=())


def _instant(
    rng: random.Random, second: int, case: Case, achieved: float, growth: float
) -> Instant:
    noise = rng.gauss(0, math.sqrt(case.rate)) if achieved == case.rate else rng.uniform(-1, 1)
    p50 = case.service_ms * rng.uniform(1.005, 1.03) + growth * second / MEASURE_S
    return Instant(float(second), max(0, case.rate + noise * 0.5), max(0, achieved + noise * 0.5),
                   p50, p50 * 1.2)  # fmt: skip


def summary(trials: list[Trial], **over: Any) -> Summary:
    """A summary of the trials: profiles, workloads and loads are those that the trials name."""
    names = list(dict.fromkeys(t.profile for t in trials))
    loads = {t.load: t.offered_rps for t in trials}
    made = Summary(
        schema_version=SCHEMA_VERSION, run_id="20260114T101500Z-3f9a", experiment="tour",
        question="What does it cost to wait?", seed=7, planned_trials=len(trials), warmup_s=3.0,
        measure_s=float(MEASURE_S), drain_s=2.0, budget={"slots": 4, "backlog": 2048},
        profiles=tuple(profile(name) for name in names),
        workloads=tuple(
            WorkloadSummary(w, WORDS.get(w, w), (f"GET /{w}{QUERIES.get(w, '')} × 1",))
            for w in dict.fromkeys(t.workload for t in trials)
        ),
        loads=tuple(
            LoadSummary(n, "open", r, None, f"open, {r:g} requests/s, Poisson")
            for n, r in loads.items()
        ),
        environment=ENVIRONMENT, trials=tuple(trials), comparisons=(), capacities=(), findings=(),
    )  # fmt: skip
    return dataclasses.replace(made, **over)


def profile(name: str) -> ProfileSummary:
    """A profile with the facts that its workers report, as an analysis passes them on."""
    row = PROFILES[name]
    declared = row.facts(Budget())
    command = (row.server, "--workers", str(declared["workers"]), name)
    version = {"server_version": VERSIONS[row.server]}
    # The backlog is the only fact that depends on the machine.
    own = {"backlog": 2048, "pinned": True, "unverified": []}
    return ProfileSummary(name, MODELS[name], command, declared | version | own)


WORDS = {
    "wait": "Every request waits 100 ms, as for a database or another service.",
    "blocking": "Every request makes a blocking call of 50 ms: on an event loop, the mistake.",
    "hello": "Nothing but the answer: what framework and server cost.",
}
QUERIES = {"wait": "?ms=100", "blocking": "?ms=50"}
ENVIRONMENT: dict[str, Any] = {
    "platform": {"system": "Linux", "release": "6.8.0", "machine": "x86_64"},
    "cpu": {"model": "Example CPU at 2.4 GHz", "cores": 8, "server_cores": [0, 1, 2, 3]},
    "python": "3.11.9",
    "packages": {"flask": "3.1.2", "starlette": "1.10.0", "gunicorn": "27.0", "uvicorn": "0.54"},
}
SLOTS = {"sync": 4.0, "gthread": 16.0, "gevent": 400.0, "asgi": 400.0, "uvloop": 420.0}


def tour(profiles: tuple[str, ...] = ("sync", "gthread", "uvloop", "hybrid")) -> Summary:
    """A tour as `make demo` would save it: three workloads, one of them under two loads."""
    plan = [
        ("wait", "rate-20", 20.0), ("wait", "rate-100", 100.0),
        ("blocking", "rate-30", 30.0), ("hello", "rate-200", 200.0),
    ]  # fmt: skip
    made = [(p, w, load, _case(p, w, rate)) for w, load, rate in plan for p in profiles]
    trials = [trial(n, *cell) for n, cell in enumerate(made, 1)]
    return summary(trials, findings=FINDINGS, comparisons=COMPARISONS)


def instruments() -> Summary:
    """A tour whose lines were explained, with warnings and the cost of the observer."""
    return explained(tour())


def plain() -> Summary:
    """A tour without instruments, as runs of earlier versions were."""
    made = tour()
    bare = tuple(dataclasses.replace(trial, **WITHOUT) for trial in made.trials)
    return dataclasses.replace(made, trials=bare)


WITHOUT: dict[str, Any] = {
    "queue_ms": None, "hold_ms": None, "step_ms": None, "split": None, "holds": (), "workers": (),
    "server_side": None, "held_lines": (), "courses": (), "warnings": (),
}  # fmt: skip


def _case(profile: str, workload: str, rate: float) -> Case:
    service = {"wait": 100.0, "blocking": 50.0, "hello": 1.4}[workload]
    slots = SLOTS.get(profile, 400.0)
    if workload == "blocking":
        slots = {"sync": 4.0, "gthread": 4.0, "hybrid": 4.0}.get(profile, 1.0)
    return Case(rate, service * {"sync": 1.01, "uvloop": 0.99}.get(profile, 1.0), slots)


FINDINGS = (
    Finding(
        "concurrency", "supported",
        "At 100 requests/s that each wait 100 ms, sync answers 40 per second and its latency "
        "grows for as long as the load lasts; the event loop answers all of them within 110 ms.",
        {"load": "rate-100", "achieved_rps": {"sync": 39.6, "gthread": 100.0, "uvloop": 100.0}},
    ),
    Finding(
        "blocking", "depends",
        "One blocking call of 50 ms stops the event loop for everyone; handed to a pool (hybrid) "
        "it costs what it costs a thread.",
        {"uvloop.bystander_p90_ms": 5336.0, "hybrid.bystander_p90_ms": 3.2},
    ),
    Finding(
        "immediacy", "no visible difference",
        "A trivial request is answered equally fast by every profile at low load.",
        {"ratio": 1.02},
    ),
)  # fmt: skip
COMPARISONS = (
    Comparison("wait", "rate-100", "latency_ms.p50", "sync", "uvloop", 0.016, 0.016, 0.016, 1),
    Comparison("wait", "rate-100", "achieved_rps", "sync", "uvloop", 2.53, 2.41, 2.66, 4),
    Comparison("hello", "rate-200", "latency_ms.p50", "sync", "gthread", 0.99, 0.95, 1.04, 3),
)


def awkward() -> Summary:
    """A partial run with what goes wrong: INVALID trials, nothing answered, hostile names."""
    wait = Case(100.0, 100.0, 4.0)
    first = trial(1, "sync", "wait", "rate-100", wait)
    second = trial(2, "sync", "wait", "rate-100", wait, repetition=2, cpu_s=1.9)
    refused = invalid(3, dataclasses.replace(first, repetition=3, achieved_rps=3.0))
    dead = silent(trial(4, "asgi", "wait", "rate-100", Case(100.0, 100.0, 400.0)))
    alone = invalid(5, trial(5, "gevent", "wait", "rate-100", wait), LATE, HOSTILE_REASON)
    other = trial(6, "gunicorn-asgi", "wait", "rate-100", Case(100.0, 20.0, 40.0))
    few = trial(7, "hybrid", HOSTILE, "rate-1", Case(1.0, 50.0, 4.0), bystander=None)
    made = summary([first, second, refused, dead, alone, other, few], planned_trials=24)
    return dataclasses.replace(
        made, question=HOSTILE, environment={HOSTILE: None, "gpu": [], "pinned": True}
    )


def silent(made: Trial) -> Trial:
    """The trial as one in which no request was answered and nothing could be measured."""
    nothing = Latency(None, None, None, None)
    total = made.requests.scheduled
    return dataclasses.replace(
        made,
        requests=Requests(total, 0, total, 0, 0),
        achieved_rps=0.0,
        latency_ms=nothing,
        latency_from_send_ms=nothing,
        **WITHOUT,
        cpu_s=None,
        rss_mb=None,
        errors={HOSTILE: total},
        bystander=Stream(Requests(100, 0, 100, 0, 0), nothing, {"refused": 100}),
        timeline=tuple(
            dataclasses.replace(i, achieved_rps=0.0, p50_ms=None, max_ms=None)
            for i in made.timeline
        ),
    )


HOSTILE = '</script><img src=x onerror=alert(1)>\x1b[31m & "co" {{ 7 * 7 }}'
HOSTILE_REASON = Reason("steal", HOSTILE, HOSTILE)


def empty() -> Summary:
    """A run that was stopped before its first trial was saved."""
    made = tour()
    return dataclasses.replace(made, trials=(), findings=(), comparisons=(), planned_trials=16)


def repeated(repetitions: int = 3) -> Summary:
    """Repetitions of two profiles under three loads, one trial of them INVALID."""
    plan = [
        (profile, slots, rate, repetition)
        for repetition in range(1, repetitions + 1)
        for rate in (20.0, 40.0, 80.0)
        for profile, slots in (("sync", 4.0), ("uvloop", 400.0))
    ]
    trials = [
        trial(
            n, p, "wait", f"rate-{rate:g}", Case(rate, 100.0 + r, slots), repetition=r,
            cpu_s=float(r * r),
        )
        for n, (p, slots, rate, r) in enumerate(plan, 1)
    ]  # fmt: skip
    return summary([invalid(t.number, t) if t.number == 14 else t for t in trials])


def everyone() -> Summary:
    """A tour of all seven profiles, whose lines and labels crowd each chart the most."""
    return tour(tuple(MODELS))


def closed() -> Summary:
    """Closed load: 4, 16 and 64 users without think time."""
    made = [
        trial(n, p, "wait", f"users-{users}", Case(rate, 100.0, 100.0))
        for n, (p, users, rate) in enumerate(
            (("sync", 4, 40.0), ("sync", 16, 40.0), ("uvloop", 4, 40.0), ("uvloop", 16, 160.0)), 1
        )
    ]
    loads = tuple(LoadSummary(f"users-{n}", "closed", None, n, f"{n} users") for n in (4, 16))
    return summary(made, loads=loads)

"""A synthetic run that decides: predictions, searches, fits, costs, laws, verdicts and advice.

The figures follow the same model as those of `summaries`: slots that each hold a request.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from loadtests.analysis.decisions import (
    Advice,
    Capacity,
    Claim,
    Cliff,
    Cost,
    Decisions,
    Diagnosis,
    Estimate,
    LawCheck,
    NoiseFloor,
    Probe,
    ScalePoint,
    Usl,
)
from loadtests.analysis.predicted import (
    Calibration,
    PredictedPoint,
    PredictedTrial,
    Prediction,
)
from loadtests.analysis.subjects import LoadSummary
from loadtests.analysis.summary import Comparison, Requests, Summary, Trial
from tests.dashboards import summaries
from tests.dashboards.summaries import LATE, Case, invalid, trial

OBJECTIVE = "p99 ≤ 250 ms, errors ≤ 0.1 %, answered ≥ 99 %"
SLOTS = {"sync": 4.0, "gthread": 16.0, "asgi": 190.0, "uvloop": 310.0}
LIMITS = {"sync": "slots", "gthread": "threads", "asgi": "loop", "uvloop": "cpu"}
PREDICTED = {"sync": 1.02, "gthread": 0.97, "asgi": 1.11, "uvloop": 0.96}
SWEEP = (("rate-10", 10.0, "calibrate"), ("rate-20", 20.0, "calibrate"), ("rate-30", 30.0, "sweep"),
         ("rate-100", 100.0, "sweep"))  # fmt: skip
USERS = (1, 10, 100, 1000, 10_000)
SERVICE_MS = 100.0


def capacity(profile: str) -> float:
    """Requests/s of a profile in the model, at the objective."""
    return 0.97 * SLOTS[profile] * 1000 / SERVICE_MS


def swept() -> Iterator[Trial]:
    """Calibration and sweep of `wait`, one of its trials twice for the noise floor."""
    for load, rate, role in SWEEP:
        for profile, slots in SLOTS.items():
            made = trial(0, profile, "wait", load, Case(rate, SERVICE_MS, slots), role=role)
            yield dataclasses.replace(made, laws=laws(made))
    yield trial(0, "sync", "wait", "rate-30", Case(30.0, SERVICE_MS, 4.0), arm=2)


def laws(made: Trial) -> tuple[LawCheck, ...]:
    """Both laws of a trial, of which one is off by 2 %, the other by 7 %."""
    expected = made.achieved_rps * SERVICE_MS / 1000
    return (
        LawCheck("little", expected, expected * 1.02, 0.02, 0.1, "in hand against rate × latency"),
        LawCheck("utilisation", expected, expected * 0.93, -0.07, 0.05, "busy against rate × hold"),
    )


def probes(profile: str, first: int) -> list[Trial]:
    """The trials of a search: around the capacity, and once what was INVALID and tried again."""
    top = capacity(profile)
    rates = [top * part for part in (0.5, 1.4, 0.9, 1.12, 0.96, 1.04)]
    found = [
        trial(
            first + n, profile, "wait", f"{rate:.4g}",
            Case(rate, SERVICE_MS, SLOTS[profile]), role="probe",
        )
        for n, rate in enumerate(rates)
    ]  # fmt: skip
    if profile != "sync":
        return found
    again = dataclasses.replace(found[-1], number=first + len(found), attempt=2)
    return [*found[:-1], invalid(found[-1].number, found[-1]), again]


def scaled() -> Iterator[Trial]:
    """Closed load from one user to thousands."""
    for users in USERS:
        for profile, slots in SLOTS.items():
            if profile == "sync" and users > 1000:
                continue
            # In the model one second of hold each: rate and concurrency are in proportion.
            rate = min(users, slots * 10) * 1.0
            yield trial(
                0, profile, "hold", f"users-{users}", Case(rate, 1000.0, slots * 10),
                requests=Requests(round(rate * 20), round(rate * 20), 0, 0, 0),
            )  # fmt: skip


def decided() -> Summary:
    """The whole run, with every record that a summary can have."""
    named = [*swept(), *scaled()]
    trials = [dataclasses.replace(made, number=n) for n, made in enumerate(named, 1)]
    refused = invalid(len(trials) + 1, trials[8], LATE)
    mended = dataclasses.replace(trials[8], attempt=2, number=len(trials) + 2)
    trials = [*trials[:8], *trials[9:], refused, mended]
    searches = {}
    for profile in SLOTS:
        searches[profile] = probes(profile, max(t.number for t in trials) + 1)
        trials += searches[profile]
    made = summaries.summary(trials)
    loads = (
        *(LoadSummary(n, "open", r, None, f"open, {r:g} requests/s") for n, r, _ in SWEEP),
        *(LoadSummary(f"users-{n}", "closed", None, n, f"closed, {n} users") for n in USERS),
    )
    return dataclasses.replace(
        made,
        experiment="claims",
        planned_trials=len(named),
        loads=loads,
        findings=summaries.FINDINGS[:1],
        comparisons=COMPARISONS,
        capacities=tuple(_capacity(profile, found) for profile, found in searches.items()),
        decisions=decisions(trials),
    )


def _capacity(profile: str, found: list[Trial]) -> Capacity:
    top = capacity(profile)
    return Capacity(
        profile=profile,
        workload="wait",
        rate_rps=top,
        low_rps=0.96 * top,
        high_rps=1.04 * top,
        objective=OBJECTIVE,
        probes=tuple(
            Probe(t.number, t.offered_rps, t.offered_rps <= top,
                  () if t.offered_rps <= top else ("p99 > 250 ms", "answered < 99 %"))
            for t in found
            if t.valid
        ),
        note="wider than ±10 %: the host was noisy" if profile == "asgi" else "",
    )  # fmt: skip


def decisions(trials: list[Trial]) -> Decisions:
    """All that the run decides."""
    return Decisions(
        predictions=tuple(_prediction(profile, trials) for profile in SLOTS),
        costs=tuple(_cost(profile, n) for n, profile in enumerate(SLOTS, 1)),
        diagnoses=DIAGNOSES,
        usl=tuple(_usl(profile) for profile in SLOTS),
        cliffs=tuple(_cliff(profile) for profile in SLOTS),
        scale=tuple(_point(t) for t in trials if t.workload == "hold" and t.role == "sweep"),
        claims=CLAIMS,
        advice=ADVICE,
        noise=NOISE,
    )


def _prediction(profile: str, trials: list[Trial]) -> Prediction:
    top = PREDICTED[profile] * capacity(profile)
    mine = [t for t in trials if (t.profile, t.workload, t.arm) == (profile, "wait", 1)]
    return Prediction(
        profile=profile,
        workload="wait",
        model="M/G/c" if profile in ("sync", "gthread") else "infinite server before one loop",
        calibration=Calibration(
            profile, "wait", tuple(t.number for t in mine if t.role == "calibrate"),
            101.3, 100.2 if profile == "sync" else 0.71, 99.4, 0.92, 0.61,
            4 if profile == "sync" else None,
        ),
        capacity_rps=top,
        limit=LIMITS[profile],
        curve=tuple(_at(share, top) for share in (0.05, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)),
        trials=tuple(
            PredictedTrial(t.number, ((0.5, 101.0),), 0.99, 112.0, 110.0, 112 / 110 - 1)
            for t in mine
            if t.role == "sweep" and t.valid
        ),
        measured_rps=capacity(profile),
        error=PREDICTED[profile] - 1,
    )  # fmt: skip


def _at(share: float, top: float) -> PredictedPoint:
    if share >= 1:
        return PredictedPoint(top, None, None, None)
    wait = SERVICE_MS * 0.02 * share / (1 - share)
    mean, p50, p99 = SERVICE_MS + wait, SERVICE_MS + wait / 2, SERVICE_MS + 6 + 5 * wait
    return PredictedPoint(share * top, mean, p50, p99)


def _cost(profile: str, n: int) -> Cost:
    cpu = {"sync": 1.9, "gthread": 1.4, "asgi": 0.92, "uvloop": 0.55}[profile]
    top = capacity(profile)
    idle = None if profile == "sync" else 0.031 / n
    return Cost(profile, "wait", top, (n, n + 4), cpu, 127.0 - 9 * n, 1000 * (127 - 9 * n) / top,
                idle, cpu * 0.0125)  # fmt: skip


def _usl(profile: str) -> Usl:
    slots, alpha, beta = SLOTS[profile] * 10, 0.004, 2e-6 if profile != "sync" else 0.0004
    points = tuple(
        (float(n), n / (1 + alpha * (n - 1) + beta * n * (n - 1)) * (1.03 if n % 3 else 0.97))
        for n in (1, 4, 16, 64, 256, 1024)
        if n < slots * 8
    )
    return Usl(
        profile, "hold", Estimate(1.0, 0.96, 1.04, len(points)),
        Estimate(alpha, 0.001, 0.007, len(points)), Estimate(beta, beta / 2, beta * 2, len(points)),
        ((1 - alpha) / beta) ** 0.5 if profile != "asgi" else None, points,
    )  # fmt: skip


def _cliff(profile: str) -> Cliff:
    places = int(SLOTS[profile])
    ms = [(n, SERVICE_MS * max(n / places, 1.0)) for n in (1, 2, 4, 8, 16, 32, 64, 128)]
    if places > 128:
        return Cliff(profile, "hold", tuple(ms), None, "", None, f"{profile} has no cliff.")
    name = "worker" if profile == "sync" else "thread"
    return Cliff(profile, "hold", tuple(ms), float(places), name, places, f"{profile} has one.")


def _point(made: Trial) -> ScalePoint:
    users = int(made.load.removeprefix("users-"))
    slots = SLOTS[made.profile] * 10
    over = users > slots
    limit = {"sync": "slots", "gthread": "slots", "asgi": "CPU", "uvloop": "descriptors"}
    kept = min(float(users), slots)
    memory = 96.0 + 0.02 * kept
    return ScalePoint(
        made.profile, "hold", users, made.number, 0.99 * kept, made.achieved_rps,
        1000.0 * max(1.0, users / slots), memory, 1024 * 0.02 * kept / users if users > 9 else None,
        min(0.04 + kept / 4000, 1.0), limit[made.profile] if over else "",
        f"{round(slots)} requests can be in hand" if over else "",
    )  # fmt: skip


DIAGNOSES = (
    Diagnosis(
        "sync", "wait", "rate-100", "waiting",
        "all 4 workers are occupied 98 % of the time and use 3 % CPU: waiting, not working.",
        {"occupancy": 0.98, "cpu_share": 0.031},
    ),
    Diagnosis(
        "asgi", "wait", "rate-100", "unloaded",
        "the loop is free 93 % of the time: nothing limits it at this load.", {},
    ),
    Diagnosis(
        "gthread", "wait", "", "threads",
        "its thread pool is exhausted at 16 requests in hand.", {"in_hand": 16.0},
    ),
)  # fmt: skip
CLAIMS = (
    Claim(
        "immediacy", "Synchronous interaction gives the more immediate answer.", "refuted",
        "A trivial request at 20 requests/s takes uvloop 0.97 ms and sync 1.11 ms: "
        "0.87 (0.83–0.92) of it.",
        Estimate(0.87, 0.83, 0.92, 6), "", "wait-rate-20-quantiles", {"load": "rate-20"},
    ),
    Claim(
        "concurrency", "Asynchronous systems run many tasks at once, without waiting for each "
        "other.", "supported",
        "Of requests that wait 100 ms, sync answers 38.8 requests/s at the objective, uvloop "
        "3,007: 77.5 (74.1–81.0) times as many.",
        Estimate(77.5, 74.1, 81.0, 6), "", "capacity-wait", {"sync_rps": 38.8, "uvloop_rps": 3007},
    ),
    Claim(
        "blocking", "Synchronous programs may block and slow everything down.", "depends",
        "A bystander waits 5.2 s beside blocking calls on one loop, 3.2 ms with a pool.",
        None, "from 4 blocking calls at once, the number of its workers", "nowhere-at-all", {},
        "No visible difference beside 10 requests/s of “wait”.",
    ),
    Claim(
        "scalability", "Asynchronous handling improves scalability.", "undecided",
        "Three trials are too few for an interval.", Estimate(2.1, None, None, 3), "",
        "scale-hold",
        {"where": "at 40 requests/s of “hold”", "memory on sync": "95.5 MiB",
         "memory on uvloop": "≥ 29.3 MiB", "trials": "1, 2"},
        "At 40 requests/s of “hold”, the throughput is 38.8 requests/s on sync and 39.5 requests/s "
        "on uvloop. " * 5,
    ),
    Claim(
        "cost", "Synchronous needs more resources.", "no visible difference",
        "1,000 trivial requests cost 0.62 s of CPU on both.", Estimate(1.01, 0.97, 1.06, 8), "",
        "cost-wait", {},
    ),
    Claim("hybrid", "Combining both is most effective.", "not measured",
          "this run has no mixed workload"),
    Claim("stability", "Synchronous interaction depends on stable connections.", "not measured",
          ""),
    Claim("deferral", "Asynchronous exchange leaves a record.", "not measured",
          "this run has no jobs"),
)  # fmt: skip
ADVICE = (
    Advice(
        "wait", "async", "measured",
        "With 100 ms of waiting and 1 ms of CPU in each request, one loop serves 78 times as many "
        "as four workers.",
        "below 40 requests/s any of them does",
        {"sync": 38.8, "threads": 155.0, "async": 1843.0},
    ),
    Advice("blocking", "hybrid", "predicted", "Blocking calls belong in a pool beside the loop.",
           "", {}),
)  # fmt: skip
NOISE = (
    NoiseFloor("sync", "wait", "rate-30", "latency_p50_ms", Estimate(1.003, 0.987, 1.02, 6), 1.041),
)
COMPARISONS = (
    Comparison("wait", "rate-100", "achieved_rps", "sync", "uvloop", 2.53, 2.41, 2.66, 6, 2.44,
               2.62),
    Comparison("wait", "rate-10", "latency_p50_ms", "sync", "uvloop", 0.99, 0.95, 1.04, 6, 0.96,
               1.02),
    Comparison("wait", "rate-30", "cpu_s_per_1000", "sync", "uvloop", 0.8, 0.5, 1.3, 6, 0.55, 1.2),
    Comparison("wait", "rate-100", "latency_p50_ms", "sync", "uvloop", 0.016, 0.016, 0.016, 3),
)  # fmt: skip

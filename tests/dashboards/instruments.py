"""What the instruments of a synthetic trial would say: a small simulation of each model's lanes."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

from loadtests.analysis.instruments import (
    Course,
    HeldLine,
    Parts,
    RouteHold,
    ServerSide,
    Slice,
    Split,
    Stall,
    WorkerShare,
)
from loadtests.analysis.summary import Latency, Reason, Summary, Trial

REQUESTS = 50
FROM_MS = 5000.0
# Computing before and after the work, in ms.
BEFORE, AFTER = 0.4, 0.3
IMBALANCE = Reason(
    "imbalance",
    "worker 1 of 2 answered 71% of the requests, worker 2 only 29%",
    "repeat with one worker",
)
OBSERVER = {
    "sync.full": {"median": 0.97, "min": 0.955, "max": 0.981, "n": 5},
    "uvloop.full": {"median": 0.88, "min": 0.862, "max": 0.9, "n": 5},
    "uvloop.sampled": {"median": 0.984, "min": 0.97, "max": 0.992, "n": 5},
}


@dataclass(frozen=True)
class Model:
    """How a profile works: its workers, its lanes, and whether the work holds them."""

    workers: int
    lanes: tuple[str, ...]
    holds: bool
    pool: str = ""


def model(profile: str, workload: str) -> Model:
    """The model of a profile for a workload."""
    if profile == "sync":
        return Model(4, ("worker",), holds=True)
    if profile == "gthread":
        return Model(1, tuple(f"thread {n}" for n in range(1, 5)), holds=True)
    if profile == "gevent":
        return Model(1, ("greenlets",), holds=False)
    pool = "thread pool" if profile == "hybrid" and workload == "blocking" else ""
    return Model(1, ("loop",), holds=workload == "blocking" and not pool, pool=pool)


def arrivals(rate: float, key: str) -> list[float]:
    """When the captured requests are due: the same for every profile of a repetition."""
    rng = random.Random(key)
    gaps = (rng.expovariate(rate / 1000) for _ in range(REQUESTS))
    return [round(FROM_MS + at, 3) for at in itertools.accumulate(gaps)]


def courses(trial: Trial, service_ms: float, backlog_ms: float) -> tuple[Course, ...]:
    """The captured requests of a trial; `backlog_ms` is what already waits when they come."""
    how = model(trial.profile, trial.workload)
    key = f"{trial.workload}{trial.load}{trial.repetition}"
    free = dict.fromkeys(itertools.product(range(1, how.workers + 1), how.lanes), 0.0)
    free = dict.fromkeys(free, FROM_MS + backlog_ms)
    pool = dict.fromkeys(range(1, 5), FROM_MS)
    found = []
    for due in arrivals(trial.offered_rps, key):
        sent = due + 0.15
        lane = min(free, key=lambda one: free[one])
        began = max(sent + 0.2, free[lane])
        slices, ended = _work(how, lane[1], began, service_ms, free, lane, pool)
        found.append(
            Course(
                stream="load",
                route=f"/{trial.workload}",
                outcome="completed",
                worker=lane[0],
                intended_ms=due,
                connect_ms=0.05,
                sent_ms=round(sent, 3),
                began_ms=round(began, 3),
                ended_ms=round(ended, 3),
                done_ms=round(ended + 0.25, 3),
                slices=tuple(slices),
            )
        )
    return tuple(found)


def _work(
    how: Model,
    lane: str,
    began: float,
    service_ms: float,
    free: dict[tuple[int, str], float],
    key: tuple[int, str],
    pool: dict[int, float],
) -> tuple[list[Slice], float]:
    first = Slice(lane, "run", round(began, 3), round(began + BEFORE, 3))
    if how.holds:
        at = began + BEFORE + service_ms
        held = Slice(lane, "block", round(began + BEFORE, 3), round(at, 3))
        free[key] = at + AFTER
        return [first, held, Slice(lane, "run", round(at, 3), round(at + AFTER, 3))], at + AFTER
    free[key] = began + BEFORE
    at, slices = began + BEFORE + service_ms, [first]
    if how.pool:
        place = min(pool, key=lambda one: pool[one])
        start = max(began + BEFORE, pool[place])
        at = pool[place] = start + service_ms
        slices.append(Slice(f"{how.pool} {place}", "block", round(start, 3), round(at, 3)))
    slices.append(Slice(lane, "run", round(at, 3), round(at + AFTER, 3)))
    return slices, at + AFTER


def parts(requests: int, latency_ms: float, service_ms: float, remainder_ms: float = 0.0) -> Parts:
    """Parts that add up to the latency: what is not known otherwise waited in the queue."""
    known = {"lateness_ms": 0.1, "connect_ms": 0.05, "cpu_ms": BEFORE + AFTER, "return_ms": 0.25}
    wait_ms = max(service_ms - known["cpu_ms"], 0.0)
    queue_ms = max(latency_ms - sum(known.values()) - wait_ms - remainder_ms, 0.0)
    total = sum(known.values()) + wait_ms + queue_ms + remainder_ms
    return Parts(
        requests,
        total,
        **known,
        queue_ms=queue_ms,
        wait_ms=wait_ms,
        remainder_ms=remainder_ms,
    )


def instrumented(trial: Trial, service_ms: float, growth_ms: float) -> Trial:
    """The trial with everything that its instruments would have found."""
    how = model(trial.profile, trial.workload)
    done = trial.requests.completed
    hold_ms = BEFORE + AFTER + (service_ms if how.holds else 0.0)
    slots = how.workers * len(how.lanes)
    busy = min(trial.achieved_rps * hold_ms / 1000 / slots, 0.998)
    route = f"/{trial.workload}"
    total = done * hold_ms + 100 * 0.5
    return dataclasses.replace(
        trial,
        step_ms=Latency(hold_ms, hold_ms * 1.05, None, hold_ms * 1.8),
        split=Split(
            1.0,
            parts(done, service_ms + 1 + growth_ms / 2, service_ms),
            parts(done // 100, service_ms * 1.2 + 4 + growth_ms, service_ms)
            if done >= 1000
            else None,
        ),
        holds=(
            RouteHold(route, done, hold_ms, hold_ms * 1.8, done * hold_ms / total),
            RouteHold("/hello", 100, 0.5, 0.9, 50 / total),
        ),
        workers=tuple(
            WorkerShare(n, done // how.workers, 1 / how.workers, busy)
            for n in range(1, how.workers + 1)
        ),
        server_side=ServerSide(
            accept_queue_max=round(growth_ms / 20) if how.holds else 0,
            accept_queue_limit=2048,
            pools=dict(_pools(trial.profile, growth_ms)),
            stall=Stall(0.4 + busy * hold_ms / 2, 2.136, 24.3, 0.12) if slots == 1 else None,
            voluntary_switches=done * 3,
            involuntary_switches=done // 20,
            run_queue_delay_s=0.031,
            pss_mb=(trial.rss_mb or 0.0) * 0.6,
            open_connections_max=64,
            restarts=0,
            tcp_events={"ListenOverflows": 22} if growth_ms else {},
        ),
        courses=courses(trial, service_ms, growth_ms / 4),
    )


def _pools(profile: str, growth_ms: float) -> Iterator[tuple[str, int]]:
    if profile == "gthread":
        yield "executor", round(growth_ms / 25)
    if profile in ("asgi", "uvloop", "hybrid", "gunicorn-asgi"):
        yield "threads", 9 if profile == "hybrid" else 0
        yield "processes", 0


BLOCK = "servers/work.py:29 block"
ENCODE = "json/encoder.py:200 encode"
LINES = (
    HeldLine("/blocking", BLOCK, 960, 0.96, 4800.0, (BLOCK, "servers/starlette_app.py:8 blocking")),
    HeldLine("/blocking", ENCODE, 40, 0.04, 200.0, (ENCODE,)),
)


def explained(made: Summary) -> Summary:
    """The summary with held lines, warnings and the cost of the observer."""
    trials = tuple(
        dataclasses.replace(
            trial,
            held_lines=LINES if (trial.profile, trial.workload) == ("uvloop", "blocking") else (),
            warnings=(IMBALANCE,) if trial.profile == "gthread" else (),
        )
        for trial in made.trials
    )
    return dataclasses.replace(
        made, trials=trials, environment=made.environment | {"observer": OBSERVER}
    )

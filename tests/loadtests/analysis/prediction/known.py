"""Servers of which everything is known, served event by event, and their trials as if measured."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.summary import Trial
from loadtests.analysis.trial import summarize
from loadtests.matrix import BYSTANDER, LOAD
from loadtests.workload import OpenLoad, Request, Workload
from servers.budget import Budget
from tests.loadtests.analysis.saved import ORIGIN_NS, Row, samples_of, trial_of, usage

SENT_MS, SERVER_MS, BACK_MS = 0.15, 0.6, 0.2
"""To the server; what it spends outside of the application, half of it before; and back."""
BUDGET = Budget()


@dataclass(frozen=True)
class Work:
    """What a request takes in the application, in milliseconds; `kind` numbers its URL."""

    cpu: float
    wait: float = 0.0
    kind: int = 0


HELLO = Work(cpu=0.2)


@dataclass(frozen=True)
class Arrival:
    """A request that reaches the server, in milliseconds of the window."""

    at: float
    work: Work
    stream: str = LOAD


def arrivals(
    work: Work | Sequence[tuple[float, Work]],
    rate: float,
    seconds: float,
    seed: int = 1,
    aside: float = 0.0,
    warmup_s: float = 1.0,
) -> list[Arrival]:
    """Poisson arrivals of work, or of kinds of it by their shares; beside them trivial ones."""
    draws = np.random.default_rng(seed)
    kinds = [(1.0, work)] if isinstance(work, Work) else list(work)
    found = []
    for stream, rps in ((LOAD, rate), (BYSTANDER, aside)):
        number = draws.poisson(rps * (seconds + warmup_s))
        times = draws.uniform(-1000.0 * warmup_s, 1000.0 * seconds, number)
        chosen = draws.choice(len(kinds), number, p=[share for share, _ in kinds])
        found += [
            Arrival(at, kinds[kind][1] if stream == LOAD else HELLO, stream)
            for at, kind in zip(times.tolist(), chosen.tolist(), strict=True)
        ]
    return sorted(found, key=lambda one: one.at)


def in_slots(requests: Sequence[Arrival], slots: int) -> list[Row]:
    """A request keeps a slot while the server and the application work and wait for it."""
    free = [-np.inf] * slots
    rows = []
    for request in requests:
        work, reached = request.work, request.at + SENT_MS
        begun = max(reached, heapq.heappop(free)) + SERVER_MS / 2
        answered = begun + work.cpu + work.wait
        heapq.heappush(free, answered + SERVER_MS / 2)
        rows.append(_row(request, begun, answered, hold=work.cpu + work.wait))
    return rows


def on_loop(requests: Sequence[Arrival], blocking: bool = False, threads: int = 0) -> list[Row]:
    """A loop has one request at a time, but where that waits: unless it is `blocking`.

    With `threads` the wait takes one of so many.
    """
    tasks = [(request.at + SENT_MS, n, 0) for n, request in enumerate(requests)]
    heapq.heapify(tasks)
    places = [-np.inf] * threads
    begun, answered = np.zeros(len(requests)), np.zeros(len(requests))
    free = -np.inf
    while tasks:
        ready, n, visit = heapq.heappop(tasks)
        work = requests[n].work
        half = (SERVER_MS + work.cpu) / 2
        free = max(free, ready)
        if visit == 0:
            begun[n] = free + SERVER_MS / 2
        if visit == 0 and work.wait and not blocking:
            free += half
            start = free
            if threads:
                start = max(free, heapq.heappop(places))
                heapq.heappush(places, start + work.wait)
            heapq.heappush(tasks, (start + work.wait, n, 1))
            continue
        free += half if visit else 2 * half + work.wait
        answered[n] = free - SERVER_MS / 2
    return [
        _row(r, b, a, hold=r.work.cpu + (r.work.wait if blocking else 0.0))
        for r, b, a in zip(requests, begun.tolist(), answered.tolist(), strict=True)
    ]


def _row(request: Arrival, begun: float, answered: float, hold: float) -> Row:
    cpu = request.work.cpu
    ended = answered + SERVER_MS / 2 + BACK_MS
    return Row(
        at=request.at, took=ended - request.at, stream=request.stream,
        queue=begun - request.at, cpu=cpu, wait=answered - begun - cpu, hold=hold, step=hold,
    )  # fmt: skip


def workload(*requests: Request, name: str = "wait") -> Workload:
    """A workload of these requests."""
    return Workload(name=name, requests=requests)


WAIT = workload(Request(path="/wait", params={"ms": 100}))


def saved(
    profile: str,
    rows: Sequence[Row],
    rate: float,
    seconds: float,
    of: Workload = WAIT,
    cpu_s: float = 0.0,
    **spec: Any,
) -> SavedTrial:
    """A saved trial of rows: `cpu_s` is what the processes used in the window."""
    trial = trial_of(rows)
    load = OpenLoad(mode="open", name=f"{rate:g}/s", rate=rate)
    window_s = ORIGIN_NS / 1e9, ORIGIN_NS / 1e9 + seconds
    used = usage((window_s[0], 1.0, 50), (window_s[1], 1.0 + cpu_s, 50))
    return replace(
        trial,
        spec=replace(trial.spec, profile=profile, workload=of, load=load, **spec),
        plan=trial.plan.model_copy(update={"measure_s": seconds}),
        server=trial.server.model_copy(update={"usage": used}),
        samples=replace(samples_of(rows), urls=(of.requests[0].url, "/hello")),
    )


def calibrating(
    profile: str,
    rows: Sequence[Row],
    rate: float,
    seconds: float = 20.0,
    of: Workload = WAIT,
    idle_ms: float = 0.0,
    **changes: Any,
) -> Trial:
    """The summary of a valid trial for a calibration.

    The processes use what each request takes, and `idle_ms` a second without any.
    """
    ended = [row for row in rows if 0.0 <= row.at + (row.took or 0.0) < 1000.0 * seconds]
    cpu_ms = sum((row.cpu or 0.0) + SERVER_MS for row in ended) + idle_ms * seconds
    made = summarize(saved(profile, rows, rate, seconds, of, cpu_ms / 1000.0))
    found: dict[str, Any] = {"role": "calibrate", "valid": True, "reasons": ()} | changes
    return replace(made, **found)

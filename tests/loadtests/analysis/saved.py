"""Trials as if they had been run: a plan, a report, and samples that a test writes row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from loadtests import experiment as experiments
from loadtests import matrix
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.schedule import digest_of
from loadtests.analysis.scrapes import Labels, Scrape
from loadtests.engine.generator import planned
from loadtests.matrix import BYSTANDER, LOAD
from loadtests.plan import Address, GeneratorPlan
from loadtests.records import GeneratorReport, ServerRecord, UsagePoint
from loadtests.results import TrialFolder
from loadtests.samples import NEVER, ErrorKind, Outcome, Samples

ORIGIN_NS = 5_000_000_000
TEXT = """
name = "small"
question = "Does it add up?"
seed = 7
warmup_s = 1.0
measure_s = 10.0
profiles = ["sync", "uvloop"]
[bystander]
rate = 10.0
[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 5 } }]
[[loads]]
name = "50/s"
mode = "open"
rate = 50.0
"""


@dataclass(frozen=True)
class Row:
    """One request, in milliseconds from the start of the window; `took` None: never sent.

    From `queue` to `step` it is the server's split, None where that was not measured.
    """

    at: float
    took: float | None = 10.0
    outcome: Outcome = Outcome.COMPLETED
    error: ErrorKind = ErrorKind.NONE
    status: int = 200
    late: float = 0.0
    connect: float = 0.0
    stream: str = LOAD
    queue: float | None = None
    cpu: float | None = None
    wait: float | None = None
    hold: float | None = None
    step: float | None = None
    worker: int = 0
    attempts: int = 1
    accepted: float | None = None


def samples_of(rows: Sequence[Row]) -> Samples:
    """Rows as columns."""

    def ns(values: Sequence[float | None]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array([NEVER if v is None else round(v * 1e6) for v in values], dtype=np.int64)

    sent = [None if r.took is None else r.at + r.late + r.connect for r in rows]
    return Samples(
        intended_ns=ns([r.at for r in rows]),
        sent_ns=ns(sent),
        done_ns=ns([r.at + (r.took or 0.0) for r in rows]),
        connect_ns=ns([None if r.took is None else r.connect for r in rows]),
        stream=np.array([0 if r.stream == LOAD else 1 for r in rows], dtype=np.int32),
        streams=(LOAD, BYSTANDER),
        url=np.array([0 if r.stream == LOAD else 1 for r in rows], dtype=np.int32),
        urls=("/wait?ms=5", "/hello"),
        outcome=np.array([r.outcome for r in rows], dtype=np.uint8),
        error=np.array([r.error for r in rows], dtype=np.uint8),
        status=np.array([r.status for r in rows], dtype=np.int32),
        queue_ns=ns([r.queue for r in rows]),
        cpu_ns=ns([r.cpu for r in rows]),
        wait_ns=ns([r.wait for r in rows]),
        hold_ns=ns([r.hold for r in rows]),
        step_ns=ns([r.step for r in rows]),
        worker=np.array([r.worker for r in rows], dtype=np.int32),
        kind=np.array([0 if r.stream == LOAD else 1 for r in rows], dtype=np.int32),
        kinds=("GET /wait?ms=5", "GET /hello"),
        attempts=np.array([r.attempts for r in rows], dtype=np.int32),
        accepted_ns=ns([r.accepted for r in rows]),
    )


def trial_of(rows: Sequence[Row]) -> SavedTrial:
    """A trial of those rows, as if they were what had been planned."""
    experiment = experiments.parse(TEXT)
    spec = matrix.trials(experiment)[0]
    plan = matrix.generator_plan(experiment, spec, Address(4321), TrialFolder(Path()), 0)
    plan = plan.model_copy(update={"origin_ns": ORIGIN_NS})
    samples = samples_of(rows)
    report = GeneratorReport(
        schedule_digest=digest_of(samples, plan),
        share=0,
        scheduled=len(rows),
        loop="uvloop.Loop",
        cpu_s=1.0,
        run_delay_s=0.0,
        wall_s=11.0,
        connections=1,
    )
    server = ServerRecord(
        profile="sync",
        command=("python",),
        facts=({"pid": 1},),
        unverified=(),
        ready_s=0.5,
        usage=(),
        lost_workers=(),
        pinned=True,
    )
    return SavedTrial(spec, plan, (report,), server, samples)


def full_rows(plan: GeneratorPlan, took: float = 10.0, late: float = 0.0) -> list[Row]:
    """One completed row for every arrival of a plan."""
    schedule = planned(plan)
    names = {target.number: target.stream for target in plan.targets}
    return [
        Row(at_ns / 1e6, took, late=late, stream=names[target])
        for at_ns, target in zip(schedule.intended_ns, schedule.targets, strict=True)
    ]


def with_server(trial: SavedTrial, **changes: object) -> SavedTrial:
    """The same trial with another word of its server."""
    return replace(trial, server=trial.server.model_copy(update=changes))


def with_generator(trial: SavedTrial, **changes: object) -> SavedTrial:
    """The same trial with another word of its generator."""
    return replace(trial, generators=(trial.generators[0].model_copy(update=changes),))


def usage(*points: tuple[float, float, int]) -> tuple[UsagePoint, ...]:
    """Usage points as (seconds of the clock, CPU seconds, MiB)."""
    return tuple(
        UsagePoint(at_ns=round(at * 1e9), cpu_s=cpu_s, rss_bytes=mb * 2**20)
        for at, cpu_s, mb in points
    )


def scrape(at_s: float, series: Mapping[str, float]) -> Scrape:
    """A scrape at a time of the monotonic clock; `series` as an exporter writes them."""
    found: dict[str, list[tuple[Labels, float]]] = {}
    for text, value in series.items():
        name, _, labels = text.rstrip("}").partition("{")
        pairs = (pair.split("=", 1) for pair in labels.split(",") if pair)
        found.setdefault(name, []).append(({k: v.strip('"') for k, v in pairs}, value))
    return Scrape(round(at_s * 1e9), {name: tuple(rows) for name, rows in found.items()})

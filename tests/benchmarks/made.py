"""A run of one trial that is made, not run, in the files of a real one, with any number of samples.

Every request has its split, rows stand in the order of the answers, and what the exporter served is
counted from them second by second: the trial is valid, and the analysis looks at all of it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from loadtests import experiment as experiments
from loadtests import matrix
from loadtests import samples as sample_files
from loadtests.analysis.schedule import digest_of
from loadtests.plan import Address, GeneratorPlan
from loadtests.records import CourseRecord, GeneratorReport, ServerRecord, SliceRecord, UsagePoint
from loadtests.results import RunFolder, TrialFolder
from loadtests.sample_writer import CHUNK_ROWS, Chunk, SampleWriter
from loadtests.samples import ErrorKind, Outcome
from tests.benchmarks.made_scrapes import ORIGIN_NS, ROUTES, WORKERS, write_scrapes

RATE = 20_000
WARMUP_S = 5.0
BESIDE = 50
EXPERIMENT = """
name = "made"
question = "How long does it take to analyse a long run?"
seed = 1
warmup_s = {warmup_s}
measure_s = {measure_s}
profiles = ["uvloop"]
[budget]
workers = 4
[bystander]
rate = {beside}.0
[[workloads]]
name = "wait"
requests = [{{ path = "/wait", params = {{ ms = 20 }} }}]
[[loads]]
name = "load"
mode = "open"
rate = {rate}.0
"""


def make(folder: RunFolder, count: int) -> None:
    """Write a run of one trial with `count` samples into an empty folder."""
    measure_s = count / RATE - WARMUP_S
    text = EXPERIMENT.format(warmup_s=WARMUP_S, measure_s=measure_s, beside=BESIDE, rate=RATE)
    experiment = experiments.parse(text)
    folder.experiment.write_text(text)
    folder.environment.write_text('{"run_id": "made"}\n')
    spec = matrix.trials(experiment)[0]
    trial = folder.trial(spec.number, spec.profile)
    trial.path.mkdir(parents=True)
    plan = matrix.generator_plan(experiment, spec, Address(8002), trial, 0)
    plan = plan.model_copy(update={"origin_ns": ORIGIN_NS})
    rows = _rows(plan, count)
    _write_samples(plan, rows)
    write_scrapes(trial.metrics, rows, measure_s)
    _write_courses(trial, plan, rows)
    digest = digest_of(sample_files.read(*trial.samples), plan)
    trial.plan.write_text(plan.model_dump_json())
    plan.report(0).write_text(_report(count, measure_s, digest).model_dump_json())
    trial.server.write_text(_server(measure_s).model_dump_json())


def _rows(plan: GeneratorPlan, count: int) -> Any:
    """One in a thousand failed, one in a hundred thousand was never answered."""
    rng = np.random.default_rng(1)
    rows = np.zeros(count, Chunk().columns().dtype)
    gaps = rng.exponential(1.0, count)
    at_s = np.cumsum(gaps) / gaps.sum() * (plan.warmup_s + plan.measure_s) - plan.warmup_s
    took_us = (20_000 + rng.exponential(3_000.0, count)).astype(np.int64)
    rows["intended_ns"] = (at_s * 1e9).astype(np.int64)
    rows["done_ns"] = rows["intended_ns"] + 1_000 * took_us
    for name, low, high in (("queue", 50, 900), ("cpu", 80, 120), ("hold", 90, 180)):
        rows[f"{name}_us"] = 1 + rng.integers(low, high, count)
    rows["step_us"] = 1 + (rows["hold_us"] - 1) // 2
    rows["wait_us"] = 1 + took_us - 1_500
    rows["sent_ns"] = rows["intended_ns"] + rng.integers(20_000, 90_000, count)
    rows["target"] = rng.random(count) < BESIDE / RATE
    rows["reused"] = 1
    rows["worker"] = rng.choice(WORKERS, count)
    kind = rng.random(count)
    rows["outcome"] = np.where(kind < 1e-3, Outcome.FAILED, Outcome.COMPLETED)
    rows["error"] = np.where(kind < 1e-3, ErrorKind.STATUS, ErrorKind.NONE)
    rows["status"] = np.where(kind < 1e-3, 503, 200)
    lost = kind > 1 - 1e-5
    rows["outcome"][lost] = Outcome.CENSORED
    for name in ("status", "queue_us", "cpu_us", "wait_us", "hold_us", "step_us", "worker"):
        rows[name][lost] = 0
    return rows[np.argsort(rows["done_ns"])]


def _write_samples(plan: GeneratorPlan, rows: Any) -> None:
    writer = SampleWriter(plan.samples(0), plan.targets)
    for start in range(0, len(rows), CHUNK_ROWS):
        chunk = Chunk()
        chunk.rows = len(rows[start : start + CHUNK_ROWS])
        chunk.columns()[:] = rows[start : start + CHUNK_ROWS]
        writer.write(chunk)
    writer.close()


def _write_courses(trial: TrialFolder, plan: GeneratorPlan, rows: Any) -> None:
    """What a worker wrote of the first requests of the capture."""
    assert plan.capture is not None
    due = rows["intended_ns"][rows["intended_ns"] >= round(plan.capture.from_s * 1e9)]
    first = np.sort(due)[: plan.capture.count]
    courses = [_course(ORIGIN_NS + int(at_ns)).model_dump_json() for at_ns in first]
    trial.slices.write_text("\n".join(courses))


def _course(at_ns: int) -> CourseRecord:
    began_ns, ended_ns = at_ns + 200_000, at_ns + 20_000_000
    piece = SliceRecord(lane="loop", state="run", from_ns=began_ns, to_ns=began_ns + 100_000)
    return CourseRecord(
        request=f"{at_ns:016x}",
        pid=WORKERS[0],
        route=ROUTES[0],
        began_ns=began_ns,
        ended_ns=ended_ns,
        slices=(piece,),
    )


def _report(count: int, measure_s: float, digest: str) -> GeneratorReport:
    return GeneratorReport(
        schedule_digest=digest,
        share=0,
        scheduled=count,
        loop="uvloop.Loop",
        cpu_s=0.4 * measure_s,
        run_delay_s=0.0,
        wall_s=WARMUP_S + measure_s,
        connections=500,
    )


def _server(measure_s: float) -> ServerRecord:
    """What it had used, five times a second, as a run notes it."""
    moments = range(int(5 * (WARMUP_S + measure_s)))
    return ServerRecord(
        profile="uvloop",
        command=("python", "-m", "uvicorn"),
        facts=tuple({"pid": pid, "threads": 4} for pid in WORKERS),
        unverified=(),
        ready_s=0.5,
        usage=tuple(
            UsagePoint(at_ns=ORIGIN_NS + n * 200_000_000, cpu_s=0.1 * n, rss_bytes=2**28)
            for n in moments
        ),
        lost_workers=(),
        pinned=True,
    )


if __name__ == "__main__":
    make(RunFolder(Path(sys.argv[1])), int(sys.argv[2]))

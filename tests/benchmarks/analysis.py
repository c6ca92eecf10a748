"""Ten million samples analysed: seconds, and peak memory in MiB, of a process of its own.

The trial is made, not run, in the format of a real one: every request has its split, and its rows
stand in the order in which they were answered.
"""

from __future__ import annotations

import json
import sys
import tempfile
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
from loadtests.samples import NEVER, ErrorKind, Outcome
from tests.benchmarks import figures
from tests.benchmarks.timed import timed

ROWS = 10_000_000
RATE = 20_000
WARMUP_S = 5.0
RUNS = 3
WORKERS = (4001, 4002, 4003, 4004)
ORIGIN_NS = 10**12
EXPERIMENT = """
name = "ten-million"
question = "How long does it take to analyse a long run?"
seed = 1
warmup_s = {warmup_s}
measure_s = {measure_s}
profiles = ["uvloop"]
[budget]
workers = 4
[bystander]
rate = 50.0
[[workloads]]
name = "wait"
requests = [{{ path = "/wait", params = {{ ms = 20 }} }}]
[[loads]]
name = "load"
mode = "open"
rate = {rate}.0
"""


def main() -> None:
    """Make the run once and analyse it several times."""
    with tempfile.TemporaryDirectory() as name:
        folder = RunFolder(Path(name))
        make(folder, ROWS)
        analyze = [sys.executable, "-m", "loadtests", "analyze", name]
        found = [timed(analyze) for _ in range(RUNS)]
        told = json.loads(folder.summary.read_text())["trials"][0]
    if not told["valid"]:
        raise SystemExit(f"error: the trial should be valid: {told['reasons']}")
    figures.save("analysis.ten_million_seconds", [seconds for seconds, _ in found])
    figures.save("analysis.ten_million_peak_mb", [peak_mb for _, peak_mb in found])


def make(folder: RunFolder, rows: int) -> None:
    """Write a run of one trial with so many samples into an empty folder."""
    measure_s = rows / RATE - WARMUP_S
    text = EXPERIMENT.format(warmup_s=WARMUP_S, measure_s=measure_s, rate=RATE)
    experiment = experiments.parse(text)
    folder.experiment.write_text(text)
    folder.environment.write_text('{"run_id": "ten-million"}\n')
    spec = matrix.trials(experiment)[0]
    trial = folder.trial(spec.number, spec.profile)
    trial.path.mkdir(parents=True)
    plan = matrix.generator_plan(experiment, spec, Address(8002), trial, 0)
    plan = plan.model_copy(update={"origin_ns": ORIGIN_NS})
    _write_samples(trial, plan, rows)
    digest = digest_of(sample_files.read(*trial.samples), plan)
    for path, record in (
        (trial.plan, plan),
        (plan.report(0), _report(rows, measure_s, digest)),
        (trial.server, _server(measure_s)),
    ):
        path.write_text(record.model_dump_json())


def _write_samples(trial: TrialFolder, plan: GeneratorPlan, rows: int) -> None:
    """Samples in chunks, as the generator writes them, and what workers wrote of fifty of them."""
    rng = np.random.default_rng(1)
    gaps = rng.exponential(1.0, rows)
    seconds = plan.warmup_s + plan.measure_s
    intended = (np.cumsum(gaps) / gaps.sum() * seconds * 1e9).astype(np.int64)
    intended -= round(plan.warmup_s * 1e9)
    took = (20e6 + rng.exponential(3e6, rows)).astype(np.int64)
    order = np.argsort(intended + took)
    writer = SampleWriter(plan.samples(0), plan.targets)
    for start in range(0, rows, CHUNK_ROWS):
        mine = order[start : start + CHUNK_ROWS]
        chunk = Chunk()
        chunk.rows = len(mine)
        _fill(chunk.columns(), intended[mine], took[mine], rng)
        writer.write(chunk)
    writer.close()
    first = np.flatnonzero(intended >= round(plan.measure_s / 4 * 1e9))[:50]
    courses = [_course(ORIGIN_NS + int(intended[n])).model_dump_json() for n in first]
    trial.slices.write_text("\n".join(courses))


def _fill(columns: Any, intended: Any, took: Any, rng: np.random.Generator) -> None:
    """A chunk of rows: one in a thousand failed, one in a hundred thousand was not answered."""
    count = len(intended)
    kind = rng.random(count)
    columns["intended_ns"] = intended
    columns["sent_ns"] = intended + rng.integers(20_000, 90_000, count)
    columns["done_ns"] = intended + took
    columns["connect_ns"] = 0
    columns["target"] = rng.random(count) < 50.0 / RATE
    columns["reused"] = 1
    columns["outcome"] = np.where(kind < 1e-3, Outcome.FAILED, Outcome.COMPLETED)
    columns["error"] = np.where(kind < 1e-3, ErrorKind.STATUS, ErrorKind.NONE)
    columns["status"] = np.where(kind < 1e-3, 503, 200)
    lost = kind > 1 - 1e-5
    columns["outcome"][lost] = Outcome.CENSORED
    columns["sent_ns"][lost & (columns["intended_ns"] < 0)] = NEVER
    columns["status"][lost] = 0
    for name in ("queue_us", "cpu_us", "hold_us", "step_us"):
        columns[name] = 1 + rng.integers(50, 900, count)
    columns["wait_us"] = 1 + took // 1000 - 3_000
    columns["worker"] = rng.choice(WORKERS, count)
    for name in ("queue_us", "cpu_us", "wait_us", "hold_us", "step_us", "worker"):
        columns[name][lost] = 0


def _course(at_ns: int) -> CourseRecord:
    pieces = SliceRecord(lane="loop", state="run", from_ns=at_ns + 200_000, to_ns=at_ns + 400_000)
    return CourseRecord(
        request=f"{at_ns:016x}",
        pid=WORKERS[0],
        route="/wait",
        began_ns=at_ns + 200_000,
        ended_ns=at_ns + 20_000_000,
        slices=(pieces,),
    )


def _report(rows: int, measure_s: float, digest: str) -> GeneratorReport:
    return GeneratorReport(
        schedule_digest=digest,
        share=0,
        scheduled=rows,
        loop="uvloop.Loop",
        cpu_s=0.4 * measure_s,
        run_delay_s=0.0,
        wall_s=WARMUP_S + measure_s,
        connections=500,
    )


def _server(measure_s: float) -> ServerRecord:
    """Usage five times a second, as a run notes it."""
    points = range(int(5 * (WARMUP_S + measure_s)))
    return ServerRecord(
        profile="uvloop",
        command=("python", "-m", "uvicorn"),
        facts=tuple({"pid": pid, "threads": 4} for pid in WORKERS),
        unverified=(),
        ready_s=0.5,
        usage=tuple(
            UsagePoint(at_ns=ORIGIN_NS + n * 200_000_000, cpu_s=0.1 * n, rss_bytes=2**28)
            for n in points
        ),
        lost_workers=(),
        pinned=True,
    )

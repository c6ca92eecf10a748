"""What an analysis says: frozen records, the shape of `summary.json`.

Every presenter takes these records and nothing else.
A quantity that was not measured, or that has too few samples to be stated, is `None`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from loadtests.analysis.badday.records import BadDay
from loadtests.analysis.called import Downstream
from loadtests.analysis.decisions import Capacity, Decisions, LawCheck
from loadtests.analysis.deferred import Deferred
from loadtests.analysis.instruments import (
    Abandoned,
    Course,
    HeldLine,
    RouteHold,
    ServerSide,
    Split,
    WorkerShare,
)
from loadtests.analysis.subjects import LeftOut, LoadSummary, ProfileSummary, WorkloadSummary

SCHEMA_VERSION = 3


@dataclass(frozen=True, slots=True)
class Requests:
    """The fate of every scheduled request.

    scheduled = completed + failed + dropped + censored + gone, which is whose client left before
    the answer came.
    """

    scheduled: int
    completed: int
    failed: int
    dropped: int
    censored: int
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the intended send time, of completed and of censored requests.

    A censored request counts with its age, and so does one whose client has lost patience: a figure
    at or above `lower_bound_from_ms`, the smallest such age, is a lower bound. Failed and dropped
    requests do not enter, nor do clients that were meant to leave.
    `curve` holds (quantile, milliseconds) up to the last quantile that the samples support.
    """

    p50: float | None
    p90: float | None
    p99: float | None
    max: float | None
    curve: tuple[tuple[float, float], ...] = ()
    lower_bound_from_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Instant:
    """One slice of a trial: what was offered, and what was answered, per second of the clock.

    `start_s` counts from the start of the measurement window. The latencies, from the intended
    send time as always, are those of the answers that came in this slice.
    """

    start_s: float
    offered_rps: float
    achieved_rps: float
    p50_ms: float | None
    max_ms: float | None


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of requests of a trial: the load itself, or the bystander."""

    requests: Requests
    latency_ms: Latency
    errors: dict[str, int]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a trial is not valid: a named code, what was seen, and what to do about it."""

    code: str
    text: str
    hint: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One profile under one load, in fresh processes.

    Rates are requests per second over the measurement window, CPU is seconds of all the
    server's processes in that window, memory is their peak resident size in MiB.
    `latency_from_send_ms` counts from the actual send time: what it hides is the time that
    requests waited in the generator. `punctual` is the share of the intended requests that were
    sent within the window; `generator_cpu` and `generator_delay` are shares of a processor that
    the busiest generator process used, and waited for.
    `queue_ms`, `hold_ms` and `step_ms` (the longest step) are of the main stream's completed
    requests that were measured; None without instruments. A warning does not make it INVALID.
    `role` is `calibrate` (what predictions rest on), `sweep`, or `probe` (of a search, whose rate
    is its load's name). Of a profile that is compared with itself the second `arm` is 2. An
    INVALID trial may be tried again: `attempt` counts from 1. `kb_per_connection` is the memory in
    KiB that was added for each of the most connections that were open, where they were many.
    Of a load that bursts, or of a workload whose clients are no ordinary ones, `bad_day` says what
    that did to the load's own clients, and `misbehaving` what became of each kind of the others.
    """

    number: int
    profile: str
    workload: str
    load: str
    repetition: int
    valid: bool
    reasons: tuple[Reason, ...]
    requests: Requests
    offered_rps: float
    achieved_rps: float
    latency_ms: Latency
    queue_ms: Latency | None
    hold_ms: Latency | None
    cpu_s: float | None
    rss_mb: float | None
    errors: dict[str, int]
    bystander: Stream | None
    timeline: tuple[Instant, ...]
    schedule_digest: str
    latency_from_send_ms: Latency
    lateness_p99_ms: float | None
    punctual: float | None
    generator_cpu: float | None
    generator_delay: float | None
    step_ms: Latency | None = None
    split: Split | None = None
    holds: tuple[RouteHold, ...] = ()
    workers: tuple[WorkerShare, ...] = ()
    server_side: ServerSide | None = None
    held_lines: tuple[HeldLine, ...] = ()
    courses: tuple[Course, ...] = ()
    warnings: tuple[Reason, ...] = ()
    role: str = "sweep"
    arm: int = 1
    attempt: int = 1
    laws: tuple[LawCheck, ...] = ()
    downstream: Downstream | None = None
    abandoned: Abandoned | None = None
    kb_per_connection: float | None = None
    deferred: Deferred | None = None
    bad_day: BadDay | None = None
    misbehaving: dict[str, Stream] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ratio b/a of one metric between two profiles, over the repetitions that pair them.

    `low` and `high` are the 95 % interval of the ratio, on the logarithmic scale; None where
    fewer than five pairs stand behind it.
    """

    workload: str
    load: str
    metric: str
    a: str
    b: str
    median: float
    min: float
    max: float
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence that the measurements support; `evidence` names the numbers behind it."""

    id: str
    verdict: str
    text: str
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole of a run, as far as it was saved (`planned_trials` may exceed `trials`)."""

    schema_version: int
    run_id: str
    experiment: str
    question: str
    seed: int
    planned_trials: int
    warmup_s: float
    measure_s: float
    drain_s: float
    budget: dict[str, int]
    profiles: tuple[ProfileSummary, ...]
    workloads: tuple[WorkloadSummary, ...]
    loads: tuple[LoadSummary, ...]
    environment: dict[str, Any]
    trials: tuple[Trial, ...]
    comparisons: tuple[Comparison, ...]
    capacities: tuple[Capacity, ...]
    findings: tuple[Finding, ...]
    decisions: Decisions = field(default_factory=Decisions)
    left_out: tuple[LeftOut, ...] = ()

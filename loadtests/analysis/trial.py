"""One trial's samples as its summary. Only what was intended in the measurement window counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from loadtests.analysis import delivery
from loadtests.analysis.checks import jobs, validity
from loadtests.analysis.generation import generation_of
from loadtests.analysis.instrumented import with_instruments
from loadtests.analysis.quantiles import latency, quantile, rounded
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.summary import Instant, Requests, Stream, Trial
from loadtests.matrix import BYSTANDER, LOAD
from loadtests.records import UsagePoint
from loadtests.samples import ErrorKind, Outcome, Samples

SLICE_S = 0.5
SECOND = 1e9
WAITING = (Outcome.CENSORED, Outcome.GONE)
"""Who waited in vain: until the end of the trial, or of its patience."""
Counts = npt.NDArray[np.intp]


def summarize(trial: SavedTrial) -> Trial:
    """The summary of one trial."""
    window_s = trial.plan.measure_s
    samples = trial.samples
    measured = samples.where(samples.intended_ns >= 0)
    main, bystander = in_stream(measured, LOAD), in_stream(measured, BYSTANDER)
    stream = summarize_stream(main)
    generation = generation_of(trial.generators, measured, window_s)
    against = validity.reasons(trial, count(samples), generation, stream.latency_ms.p50)
    reasons = (*against, *jobs.against(trial))
    summary = Trial(
        number=trial.spec.number,
        profile=trial.spec.profile,
        workload=trial.spec.workload.name,
        load=trial.spec.load.name,
        repetition=trial.spec.repetition,
        valid=not reasons,
        reasons=reasons,
        requests=stream.requests,
        offered_rps=round(stream.requests.scheduled / window_s, 3),
        achieved_rps=round(_answered_in_window(in_stream(samples, LOAD), window_s) / window_s, 3),
        latency_ms=stream.latency_ms,
        queue_ms=None,
        hold_ms=None,
        cpu_s=_cpu_s(trial.server.usage, trial.plan.origin_ns, window_s),
        rss_mb=_peak_mb(trial.server.usage),
        errors=stream.errors,
        bystander=summarize_stream(bystander) if trial_has_bystander(trial) else None,
        timeline=_timeline(in_stream(samples, LOAD), window_s),
        schedule_digest=trial.generators[0].schedule_digest,
        latency_from_send_ms=latency(_from_send_ms(main)),
        lateness_p99_ms=rounded(generation.lateness_p99_ms),
        punctual=rounded(generation.punctual, 4),
        generator_cpu=rounded(generation.cpu),
        generator_delay=rounded(generation.delay),
        role=trial.spec.role,
        arm=trial.spec.arm,
        attempt=trial.spec.attempt,
        deferred=delivery.deferred_of(trial, measured),
    )
    return with_instruments(summary, trial, measured, main)


def trial_has_bystander(trial: SavedTrial) -> bool:
    """Whether the plan asked for a bystander stream."""
    return any(stream.name == BYSTANDER for stream in trial.plan.arrivals)


def count(samples: Samples) -> Requests:
    """The fates of all samples."""
    by_outcome = np.bincount(samples.outcome, minlength=len(Outcome))
    return Requests(
        scheduled=len(samples.outcome),
        completed=int(by_outcome[Outcome.COMPLETED]),
        failed=int(by_outcome[Outcome.FAILED]),
        dropped=int(by_outcome[Outcome.DROPPED]),
        censored=int(by_outcome[Outcome.CENSORED]),
        gone=int(by_outcome[Outcome.GONE]),
    )


def in_stream(samples: Samples, name: str) -> Samples:
    """The samples of one stream."""
    number = samples.streams.index(name) if name in samples.streams else -1
    return samples.where(samples.stream == number)


def summarize_stream(samples: Samples, waiting: Sequence[Outcome] = WAITING) -> Stream:
    """What became of the requests of a stream, how long they took, and what failed.

    Those of the outcomes `waiting` have waited for nothing, and count with their age.
    """
    ages_ms = _latency_ms(samples.where(np.isin(samples.outcome, waiting)))
    youngest_ms = float(ages_ms.min()) if len(ages_ms) else None
    waited_ms = _latency_ms(samples.where(np.isin(samples.outcome, (Outcome.COMPLETED, *waiting))))
    return Stream(count(samples), latency(waited_ms, youngest_ms), _errors(samples))


def _latency_ms(samples: Samples) -> npt.NDArray[np.float64]:
    """From intended time to answer; of a request without one its age, which the answer exceeds."""
    latency_ns: npt.NDArray[np.int64] = samples.done_ns - samples.intended_ns
    return latency_ns.astype(np.float64) / 1e6


def _from_send_ms(samples: Samples) -> npt.NDArray[np.float64]:
    """From the actual send time to the answer."""
    completed = samples.where(samples.outcome == Outcome.COMPLETED)
    latency_ns: npt.NDArray[np.int64] = completed.done_ns - completed.sent_ns
    return latency_ns.astype(np.float64) / 1e6


def _errors(samples: Samples) -> dict[str, int]:
    failed = samples.where(samples.outcome == Outcome.FAILED)
    by_status = np.where(failed.error == ErrorKind.STATUS, failed.status, 0)
    kinds = np.stack([failed.error.astype(np.int64), by_status.astype(np.int64)])
    found, counts = np.unique(kinds, axis=1, return_counts=True)
    names = [
        f"status {status}" if error == ErrorKind.STATUS else ErrorKind(error).name.lower()
        for error, status in found.T.tolist()
    ]
    return dict(sorted(zip(names, counts.tolist(), strict=True)))


def _answered_in_window(samples: Samples, window_s: float) -> int:
    """Completions in the window, whenever they were intended: what the server got done."""
    done = samples.done_ns
    inside = (done >= 0) & (done < window_s * SECOND)
    return int(np.count_nonzero(inside & (samples.outcome == Outcome.COMPLETED)))


def _timeline(samples: Samples, window_s: float) -> tuple[Instant, ...]:
    """Slice by slice, of which there may be thousands: the samples are looked at once for all."""
    starts_s = np.arange(0.0, window_s - 1e-9, SLICE_S)
    lengths_s = np.minimum(SLICE_S, window_s - starts_s)
    ends_s = starts_s + lengths_s
    edges = np.ceil(np.append(starts_s, ends_s[-1]) * SECOND).astype(np.int64)
    offered = np.diff(_below(np.sort(samples.intended_ns), edges))
    completed = samples.where(samples.outcome == Outcome.COMPLETED)
    order = np.argsort(completed.done_ns)
    ends = _below(completed.done_ns[order], edges)
    latency_ms = _latency_ms(completed)[order]
    instants: list[Instant] = []
    for number, (start_s, length_s) in enumerate(zip(starts_s, lengths_s, strict=True)):
        latencies = np.sort(latency_ms[ends[number] : ends[number + 1]])
        instants.append(
            Instant(
                start_s=round(float(start_s), 3),
                offered_rps=round(int(offered[number]) / float(length_s), 3),
                achieved_rps=round(len(latencies) / float(length_s), 3),
                p50_ms=rounded(quantile(latencies, 0.5)),
                max_ms=rounded(float(latencies[-1])) if len(latencies) else None,
            )
        )
    return tuple(instants)


def _below(ascending_ns: npt.NDArray[np.int64], edges_ns: npt.NDArray[np.int64]) -> Counts:
    """How many times are below each edge."""
    found: Counts = np.searchsorted(ascending_ns, edges_ns, side="left")
    return found


def _cpu_s(usage: Sequence[UsagePoint], origin_ns: int, window_s: float) -> float | None:
    """CPU seconds between the window's edges, interpolated between the points around them."""
    if len(usage) < 2:
        return None
    at = np.array([point.at_ns - origin_ns for point in usage]) / SECOND
    used = np.array([point.cpu_s for point in usage])
    start, end = np.interp([0.0, window_s], at, used)
    return round(float(end - start), 3)


def _peak_mb(usage: Sequence[UsagePoint]) -> float | None:
    return round(max(point.rss_bytes for point in usage) / 2**20, 1) if usage else None

"""What queueing theory says before a sweep: frozen records, in `predictions.json` as well."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.plan import STAMPED_RPS


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request of several: its share of all, and milliseconds as in Calibration."""

    share: float
    wait_ms: float
    hold_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a prediction rests on: one profile and workload at low and at moderate load.

    Mean milliseconds a request: `wait_ms` is spent in the application without a processor,
    `hold_ms` of its worker, thread or loop there, `cpu_ms` of all processes of the server at
    moderate load, `latency_ms` at low load, of a request that found no other before it.
    `outside_ms` is what of that is not in the application: sending, connecting, returning.
    `servers` is how many requests can be in hand (on a loop, in the pool that they are given to),
    None where the profile sets no limit; `workers` are the processes that serve.
    Of the bystander's requests, `bystander_rps`, each occupies the server for `bystander_ms`.
    `stamp_ms` is what of `cpu_ms` it costs to be asked for its split: `stamped_rps` requests are.
    `kinds` is empty where all requests of the workload are alike. `moderate_rps` is what was
    offered at moderate load, 0 where that is not known.
    """

    profile: str
    workload: str
    trials: tuple[int, ...]
    latency_ms: float
    hold_ms: float
    wait_ms: float
    cpu_ms: float
    outside_ms: float
    servers: int | None
    workers: int = 1
    bystander_rps: float = 0.0
    bystander_ms: float = 0.0
    stamp_ms: float = 0.0
    stamped_rps: float = STAMPED_RPS
    kinds: tuple[Kind, ...] = ()
    moderate_rps: float = 0.0


@dataclass(frozen=True, slots=True)
class PredictedPoint:
    """Latency at a rate, in milliseconds; None at and beyond the capacity."""

    rate_rps: float
    mean_ms: float | None
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class PredictedTrial:
    """The schedule of one trial, replayed through the model: `curve` as in Latency, and its error.

    `measured_ms` and `predicted_ms` are the latencies at `quantile`, the highest that the trial's
    samples support; `error` is predicted / measured - 1. None where the trial was not measured.
    """

    trial: int
    curve: tuple[tuple[float, float], ...]
    quantile: float | None
    predicted_ms: float | None
    measured_ms: float | None
    error: float | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What queueing theory says of a profile and workload, stored before its sweep began.

    `model` names it, `limit` what ends the capacity first: `slots`, `loop`, `threads` or `cpu`.
    `error` is predicted / measured capacity - 1, None where no capacity was measured. The capacity
    is `at_least` so much where it is far beyond every load that the prediction rests on.
    """

    profile: str
    workload: str
    model: str
    calibration: Calibration
    capacity_rps: float
    limit: str
    curve: tuple[PredictedPoint, ...]
    trials: tuple[PredictedTrial, ...] = ()
    measured_rps: float | None = None
    error: float | None = None
    at_least: bool = False

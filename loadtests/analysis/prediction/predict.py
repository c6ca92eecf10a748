"""What queueing theory says before a sweep: the latency curve, and the capacity."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence

import pydantic

from loadtests.analysis.predicted import Calibration, PredictedPoint, Prediction
from loadtests.analysis.prediction.latency import mean_ms, quantile_ms
from loadtests.analysis.prediction.probes import probed_rps
from loadtests.analysis.prediction.stations import limiting, model_of
from loadtests.analysis.quantiles import rounded

UTILISATIONS = (*(n / 20 for n in range(1, 20)), 0.975, 0.99, 1.0)
HIGHEST = 0.99
"""Beyond this share of a capacity no trial is long enough for its queue to settle."""
FAR = 20.0
"""So many times a load that was tried, a server wakes up for several requests at once, and each
costs it less: what processor time allows is then more than what was measured at that load."""
_PREDICTIONS = pydantic.TypeAdapter(tuple[Prediction, ...])


def capacity_rps(calibration: Calibration) -> float:
    """The rate at which the station that is the limit has no pause, whatever the latency."""
    return limiting(calibration).capacity_rps


def slo_capacity(
    calibration: Calibration,
    p99_ms: float,
    probe_s: Callable[[float], float] | None = None,
    warmup_s: float = 1.0,
) -> float:
    """The highest rate whose predicted p99 is at most `p99_ms`, up to 0.99 of the capacity.

    In the long run, or where `probe_s` tells the seconds of a probe at a rate, the rate at which
    half of such probes meet it: what a search finds. Where requests are of several kinds it is the
    long run in any case. 0 where even a request that finds no other before it takes longer.
    """
    from scipy.optimize import brentq

    station = limiting(calibration)
    lowest, highest = 0.001 * station.capacity_rps, HIGHEST * station.capacity_rps

    def excess_ms(rate_rps: float) -> float:
        return quantile_ms(calibration, station, 0.99, rate_rps) - p99_ms

    if highest <= 0.0 or excess_ms(lowest) > 0.0:
        return 0.0
    if probe_s is not None and not calibration.kinds:
        wait_ms = p99_ms - calibration.latency_ms
        return min(probed_rps(station, wait_ms, probe_s, warmup_s), highest)
    if excess_ms(highest) <= 0.0:
        return highest
    return float(brentq(excess_ms, lowest, highest, rtol=1e-4))


def curve(calibration: Calibration) -> tuple[PredictedPoint, ...]:
    """The latency at some twenty rates up to the capacity, where it has no end any more."""
    station = limiting(calibration)
    points = []
    for utilisation in UTILISATIONS:
        rate = utilisation * station.capacity_rps
        if utilisation >= 1.0 or rate <= 0.0:
            points.append(PredictedPoint(round(rate, 3), None, None, None))
            continue
        mean = mean_ms(calibration, station, rate)
        p50, p99 = (quantile_ms(calibration, station, q, rate) for q in (0.5, 0.99))
        points.append(PredictedPoint(round(rate, 3), rounded(mean), rounded(p50), rounded(p99)))
    return tuple(points)


def predict(
    calibration: Calibration,
    p99_ms: float | None = None,
    probe_s: Callable[[float], float] | None = None,
    warmup_s: float = 1.0,
) -> Prediction:
    """The prediction of a profile and workload; nothing of it is measured yet.

    Its capacity is `slo_capacity` of these arguments; without an objective it is the rate beyond
    which the queue grows without end.
    """
    station = limiting(calibration)
    slo = None if p99_ms is None else slo_capacity(calibration, p99_ms, probe_s, warmup_s)
    beyond = station.capacity_rps > FAR * calibration.moderate_rps > 0.0
    return Prediction(
        profile=calibration.profile,
        workload=calibration.workload,
        model=model_of(station),
        calibration=calibration,
        capacity_rps=round(station.capacity_rps if slo is None else slo, 3),
        limit=station.limit,
        curve=curve(calibration),
        at_least=beyond and station.limit in ("cpu", "loop"),
    )


def to_json(predictions: Sequence[Prediction]) -> str:
    """The text of `predictions.json`: the same predictions give the same bytes."""
    found = [dataclasses.asdict(prediction) for prediction in predictions]
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def read(text: str) -> tuple[Prediction, ...]:
    """The predictions of such a text. A ValueError where it is none."""
    return _PREDICTIONS.validate_json(text)

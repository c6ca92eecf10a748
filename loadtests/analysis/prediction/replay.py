"""The schedule of a trial, played through the model of its server: its whole quantile curve.

The trial's own arrivals, warm-up and bystander included, meet the station that is the limit, as it
was calibrated. That holds beyond the capacity too, where there is no steady state, and for a trial
too short for one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from loadtests.analysis.predicted import Calibration
from loadtests.analysis.prediction.stations import alone_ms, kinds_of, limiting, service_ms
from loadtests.analysis.quantiles import latency
from loadtests.analysis.saved import SavedTrial
from loadtests.matrix import LOAD
from loadtests.samples import NEVER, Samples
from loadtests.theory.replay import loop_latencies, pooled_latencies, waits

Column = npt.NDArray[np.float64]
Curve = tuple[tuple[float, float], ...]
MOST = 1_000_000
"""Requests of a trial that are played: as many take a few seconds, request by request."""


def replayed(trial: SavedTrial, calibration: Calibration) -> Curve | None:
    """(quantile, milliseconds) of the load's requests that were intended in the window.

    As in Latency up to the last quantile that so many support. None where the load is closed:
    there the schedule follows from the answers. None as well of more than a million requests.
    """
    if trial.plan.users or len(trial.samples.intended_ns) > MOST:
        return None
    samples = trial.samples.where(trial.samples.sent_ns != NEVER)
    urls = tuple(request.url for request in trial.spec.workload.variants)
    wanted = _main(samples) & (samples.intended_ns >= 0)
    return latency(latencies_ms(samples, urls, calibration)[wanted]).curve


def latencies_ms(samples: Samples, urls: tuple[str, ...], calibration: Calibration) -> Column:
    """What each request would take by the model.

    `urls` are those of the calibration's kinds. Of the bystander's requests, which only stand in
    the way of others here, it is not meaningful.
    """
    station = limiting(calibration)
    order = np.argsort(samples.intended_ns, kind="stable")
    back, at_s = np.argsort(order), samples.intended_ns[order] / 1e9
    alone = _each(samples, urls, [alone_ms(calibration, k) for k in kinds_of(calibration)])
    if calibration.workers == 1 and station.limit in ("loop", "threads"):
        before, outside, after = _visits(samples, urls, calibration)
        first_s, away_s, last_s = (part[order] / 1000.0 for part in (before, outside, after))
        if calibration.servers is None:
            found_s = loop_latencies(at_s, first_s, away_s, last_s)
        else:
            found_s = pooled_latencies(at_s, first_s, away_s, last_s, calibration.servers)
        # What is not spent on the loop or away from it is the way to the server and back.
        return 1000.0 * found_s[back] + alone - (before + outside + after)
    of_kind = [service_ms(calibration, station.limit, kind) for kind in kinds_of(calibration)]
    aside_ms = 0.0 if station.limit == "threads" else calibration.bystander_ms
    services = np.where(_main(samples), _each(samples, urls, of_kind), aside_ms)
    return alone + 1000.0 * waits(at_s, services[order] / 1000.0, station.servers)[back]


def _visits(
    samples: Samples, urls: tuple[str, ...], calibration: Calibration
) -> tuple[Column, Column, Column]:
    """Milliseconds that each request holds the loop, is away from it, and holds it again.

    One that is mostly away comes back for half of its work: to be answered. Any other one keeps
    the loop until its end.
    """
    kinds = kinds_of(calibration)
    loop_ms = np.array([service_ms(calibration, "loop", kind) for kind in kinds])
    away_ms = np.array([service_ms(calibration, "threads", kind) for kind in kinds])
    after_ms = np.where(away_ms > loop_ms, loop_ms / 2.0, 0.0)
    away_ms = np.where(away_ms > loop_ms, away_ms, 0.0)
    main = _main(samples)
    before = _each(samples, urls, list(loop_ms - after_ms))
    return (
        np.where(main, before, calibration.bystander_ms),
        np.where(main, _each(samples, urls, list(away_ms)), 0.0),
        np.where(main, _each(samples, urls, list(after_ms)), 0.0),
    )


def _each(samples: Samples, urls: tuple[str, ...], of_kind: list[float]) -> Column:
    """The value of each request's kind; of one kind that of all."""
    by_url = dict(zip(urls, of_kind, strict=False))
    return np.array([by_url.get(url, of_kind[0]) for url in samples.urls])[samples.url]


def _main(samples: Samples) -> npt.NDArray[np.bool_]:
    number = samples.streams.index(LOAD) if LOAD in samples.streams else -1
    found: npt.NDArray[np.bool_] = samples.stream == number
    return found

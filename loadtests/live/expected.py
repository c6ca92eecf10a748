"""What queueing theory expects of a twin under the controls: its capacity and its latency.

The same model as a run's predictions have. It rests on what the requests ask for and on the
processor time that a request has used lately beside that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from loadtests.analysis.predicted import Calibration, Kind
from loadtests.analysis.prediction.asked import UNTOLD, rounds_of
from loadtests.analysis.prediction.latency import quantile_ms
from loadtests.analysis.prediction.stations import limiting, model_of
from loadtests.downstream import DOWNSTREAM
from loadtests.live.asked import Asked
from servers.budget import Budget
from servers.contract import AT
from servers.profiles import PROFILES


@dataclass(frozen=True, slots=True)
class Expected:
    """A capacity in requests/s, and latencies in ms, infinite where a queue only grows."""

    capacity_rps: float
    p50_ms: float
    p99_ms: float
    model: str


def expected(profile: str, budget: Budget, asked: Asked, own_ms: float) -> Expected | None:
    """Of a steady state: `own_ms` is what a request costs the server beside what it asks for.

    None where any request does not tell how long it takes, or is answered piece by piece.
    """
    if any(one.path in UNTOLD or one.endpoint.streams for one in asked.requests):
        return None
    calibration = _calibration(profile, budget, asked, own_ms)
    station = limiting(calibration)
    capacity_rps = station.capacity_rps
    if asked.rate is not None:
        p50_ms, p99_ms = (quantile_ms(calibration, station, q, asked.rate) for q in (0.5, 0.99))
    else:
        p50_ms = p99_ms = _closed_ms(calibration.latency_ms, asked, capacity_rps)
    return Expected(capacity_rps, p50_ms, p99_ms, model_of(station))


def _closed_ms(alone_ms: float, asked: Asked, capacity_rps: float) -> float:
    """The least latency of closed users: alone, or as much as the capacity makes them wait.

    The asymptotic bounds of an interactive system: P. J. Denning and J. P. Buzen, "The operational
    analysis of queueing network models", ACM Computing Surveys 10(3), 1978.
    """
    if not capacity_rps:
        return math.inf
    return max(alone_ms, 1000.0 * (asked.users / capacity_rps - asked.think_s))


def _calibration(profile: str, budget: Budget, asked: Asked, own_ms: float) -> Calibration:
    row = PROFILES[profile]
    total = sum(request.weight for request in asked.requests)
    kinds = tuple(
        _kind(profile, request.path, request.numbers, request.weight / total, own_ms)
        for request in asked.requests
    )
    wait_ms, hold_ms, cpu_ms = (
        sum(kind.share * getattr(kind, name) for kind in kinds)
        for name in ("wait_ms", "hold_ms", "cpu_ms")
    )
    if row.worker in ("sync", "gthread"):
        servers: int | None = budget.workers * budget.slots
    else:
        pooled = all(_in_threads(profile, request.path) for request in asked.requests)
        servers = budget.workers * budget.slots if pooled else None
    return Calibration(
        profile=profile,
        workload="",
        trials=(),
        latency_ms=wait_ms + cpu_ms,
        hold_ms=hold_ms,
        wait_ms=wait_ms,
        cpu_ms=cpu_ms,
        outside_ms=own_ms,
        servers=servers,
        workers=row.worker_processes(budget),
        kinds=kinds if len(kinds) > 1 else (),
    )


def _in_threads(profile: str, path: str) -> bool:
    """Whether a loop hands such a request to its threads."""
    pools = PROFILES[profile].placement == "pools"
    return path == "/offload" or (path == "/blocking" and pools)


def _kind(profile: str, path: str, params: dict[str, int], share: float, own_ms: float) -> Kind:
    """What a request is to a profile: on a loop, what does not give it away holds it."""
    row = PROFILES[profile]
    units_ms, wait_ms = float(params.get("units", 0)), float(params.get("ms", 0))
    if path == DOWNSTREAM:
        numbers = {**AT["GET", path].defaults, **params}
        # Through a few threads the calls take about as long as they need rounds.
        rounds = rounds_of(row, numbers) or math.ceil(numbers["calls"] / numbers["threads"])
        wait_ms = float(rounds * numbers["ms"])
    # A patched call gives the loop of greenlets away, and a pool takes it off the other one.
    gives = path != "/blocking" or row.worker == "gevent" or row.placement == "pools"
    away = path == "/cpu-offload" or row.placement == "pools"
    held_ms = (0.0 if gives else wait_ms) + (0.0 if away else units_ms)
    return Kind(share, wait_ms, held_ms, units_ms + own_ms)

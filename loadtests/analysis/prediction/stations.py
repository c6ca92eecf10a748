"""What requests queue for on a server: its slots, its loop, its pool's threads, its processor.

A station serves its requests in order of arrival. The one with the least capacity is the limit,
and the only one whose queue is reckoned with: a request that queues there hardly meets another
queue (P. J. Denning and J. P. Buzen, "The operational analysis of queueing network models", ACM
Computing Surveys 10(3), 1978: the bottleneck bound).

Every profile has one processor, as the runner pins its servers; on a host that cannot pin, what is
said of `cpu` is a lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.analysis.predicted import Calibration, Kind
from servers.profiles import PROFILES


@dataclass(frozen=True, slots=True)
class Station:
    """`servers` places, of which each request takes one for its service; milliseconds.

    `limit` names it as in Prediction. `cs2` is the squared coefficient of variation of the service.
    `aside_rps` is the work that the bystander brings, as a rate of the workload's requests: it
    takes capacity, and little else, for its requests are many and short.
    """

    limit: str
    servers: int
    service_ms: float
    cs2: float
    aside_rps: float

    @property
    def capacity_rps(self) -> float:
        """The rate of the workload's requests that keeps it busy without a pause."""
        return max(1000.0 * self.servers / max(self.service_ms, 1e-6) - self.aside_rps, 0.0)


def stations(calibration: Calibration) -> tuple[Station, ...]:
    """What requests queue for on a profile."""
    servers = calibration.servers
    if PROFILES[calibration.profile].twin == "flask" and servers is not None:
        return _station(calibration, "slots", servers), _station(calibration, "cpu", 1)
    loop = _station(calibration, "loop", calibration.workers)
    pool = () if servers is None else (_station(calibration, "threads", servers),)
    return loop, *pool, _station(calibration, "cpu", 1)


def limiting(calibration: Calibration) -> Station:
    """The station with the least capacity."""
    return min(stations(calibration), key=lambda station: station.capacity_rps)


def kinds_of(calibration: Calibration) -> tuple[Kind, ...]:
    """The kinds of request; one where all are alike."""
    alike = Kind(1.0, calibration.wait_ms, calibration.hold_ms, calibration.cpu_ms)
    return calibration.kinds or (alike,)


def alone_ms(calibration: Calibration, kind: Kind) -> float:
    """The latency of a request that finds no other before it."""
    more_ms = kind.wait_ms - calibration.wait_ms + kind.cpu_ms - calibration.cpu_ms
    return calibration.latency_ms + more_ms


def service_ms(calibration: Calibration, limit: str, kind: Kind) -> float:
    """How long a request takes its place at a station.

    A slot: as long as it waits and computes, in the application or for its connection. A loop: its
    hold, and what the server does outside of the application. A thread of a pool: what of its time
    in the application does not hold the loop.
    """
    application_ms = alone_ms(calibration, kind) - calibration.outside_ms
    # Processor time in the application is what is there beside waiting, and its hold has it.
    application_cpu_ms = calibration.latency_ms - calibration.outside_ms - calibration.wait_ms
    if limit == "slots":
        return kind.wait_ms + kind.cpu_ms
    if limit == "threads":
        return max(application_ms - kind.hold_ms, 0.0)
    if limit == "loop":
        loop_ms = kind.hold_ms + max(calibration.cpu_ms - application_cpu_ms, 0.0)
        return max(loop_ms, kind.cpu_ms) if calibration.servers is None else loop_ms
    return kind.cpu_ms


def model_of(station: Station) -> str:
    """The model's name for a server whose limit is this station."""
    queue = f"M/{'G' if station.cs2 else 'D'}/{station.servers}"
    return {
        "slots": f"{queue}: {station.servers} slots",
        "loop": f"infinite server before a loop, {queue}",
        "threads": f"a loop before {station.servers} places in a pool, {queue}",
        "cpu": f"one processor, {queue}",
    }[station.limit]


def _station(calibration: Calibration, limit: str, servers: int) -> Station:
    kinds = kinds_of(calibration)
    services = [(kind.share, service_ms(calibration, limit, kind)) for kind in kinds]
    mean_ms = sum(share * service for share, service in services)
    variance = sum(share * (service - mean_ms) ** 2 for share, service in services)
    # What a bystander asks for is answered on the loop or in a slot, and in no pool.
    in_pool = limit == "threads"
    aside_ms = 0.0 if in_pool else calibration.bystander_ms
    saved_ms = 0.0 if in_pool else _saved_ms(calibration, servers, mean_ms)
    fast_ms = mean_ms - saved_ms
    aside_rps = calibration.bystander_rps * max(aside_ms - saved_ms, 0.0)
    return Station(
        limit=limit,
        servers=servers,
        service_ms=fast_ms,
        cs2=variance / fast_ms**2 if fast_ms else 0.0,
        aside_rps=aside_rps / fast_ms if fast_ms else 0.0,
    )


def _saved_ms(calibration: Calibration, servers: int, mean_ms: float) -> float:
    """By how much shorter a service is at the capacity, where not every request is asked.

    `stamped_rps` of them are: which share that is follows from how many the station serves in all.
    """
    stamp_ms, aside_rps = calibration.stamp_ms, calibration.bystander_rps
    stamped_rps, aside_ms = calibration.stamped_rps, calibration.bystander_ms
    if stamp_ms <= 0.0 or mean_ms <= stamp_ms:
        return 0.0
    spare_ms = 1000.0 * servers - stamp_ms * stamped_rps - aside_rps * (aside_ms - stamp_ms)
    all_rps = spare_ms / (mean_ms - stamp_ms) + aside_rps
    return stamp_ms * (1.0 - stamped_rps / all_rps) if all_rps > stamped_rps else 0.0

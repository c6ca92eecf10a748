"""How busy those things were that the requests of a trial had to have in turn."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.analysis.summary import Trial


@dataclass(frozen=True, slots=True)
class Station:
    """What serves `servers` requests at once, for `service_s` each, and how busy it was.

    The service is weighed by itself: what a second of work belonged to lasted so long on average.
    """

    utilisation: float
    service_s: float
    servers: int


def window_s(trial: Trial) -> float:
    """The length of the measurement window; 0 where nothing was scheduled."""
    return trial.requests.scheduled / trial.offered_rps if trial.offered_rps else 0.0


def slots_of(trial: Trial) -> Station | None:
    """The processes, threads or loops; None without instruments, or where nothing was held."""
    held = [(hold.requests, hold.mean_ms / 1000) for hold in trial.holds]
    held_s = sum(requests * mean_s for requests, mean_s in held)
    if not trial.workers or not held_s:
        return None
    occupancy = sum(worker.occupancy for worker in trial.workers) / len(trial.workers)
    if not occupancy:
        return None
    servers = round(held_s / (occupancy * window_s(trial)))
    return Station(
        utilisation=occupancy,
        service_s=sum(requests * mean_s**2 for requests, mean_s in held) / held_s,
        servers=max(servers, len(trial.workers)),
    )


def processor_of(trial: Trial) -> Station | None:
    """The one processor that all processes of a server share; None where its use is not known."""
    beside = trial.bystander.requests.completed if trial.bystander else 0
    answered = trial.requests.completed + beside
    if not trial.cpu_s or not answered:
        return None
    return Station(trial.cpu_s / window_s(trial), trial.cpu_s / answered, servers=1)


def stations_of(trial: Trial, *, pinned: bool) -> tuple[Station, ...]:
    """All of them, where nothing waited for any other; empty where that is not known.

    A server that is not `pinned` has more than one processor, and nobody knows how many.
    """
    side, slots = trial.server_side, slots_of(trial)
    if side is None or slots is None or any(side.pools.values()):
        return ()
    processor = processor_of(trial) if pinned else None
    return (slots,) if processor is None else (slots, processor)

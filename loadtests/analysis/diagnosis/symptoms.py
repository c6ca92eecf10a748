"""What the instruments saw of one profile under one load: medians over its valid trials."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadtests.analysis.checks.stations import processor_of, slots_of, window_s
from loadtests.analysis.keeping_up import kept_up
from loadtests.analysis.summary import Trial
from servers.profiles import PROFILES

Value = Callable[[Trial], float | None]


@dataclass(frozen=True, slots=True)
class Symptoms:
    """Shares are of the window; `cpu` is in processors, and `own_cpu` what requests used of them.

    `route` is the one that holds the most, with its part of all hold and for how long at a time.
    What is at its most, is so in any of the trials. `ready` threads had no processor on average,
    where others than the server itself had it. None where it was not measured. So many
    requests `failed` in all trials together.
    """

    profile: str
    workers: int
    slots: int | None
    offered_rps: float
    achieved_rps: float
    kept_up: bool
    occupancy: float | None
    cpu: float | None
    own_cpu: float | None
    route: str
    route_share: float
    at_a_time_ms: float
    queue_ms: float | None
    latency_ms: float | None
    pool: str
    pool_waiting: int
    accept_queue: int
    ready: float | None
    failed: int = 0

    @property
    def loops(self) -> bool:
        """Whether its requests share a loop, and not each have a process or a thread."""
        return PROFILES[self.profile].worker not in ("sync", "gthread")

    @property
    def units(self) -> str:
        """Its processes, threads or loops as the subject of a sentence, with its verb."""
        word = {"sync": "process", "gthread": "thread"}.get(PROFILES[self.profile].worker, "loop")
        count = (self.slots or self.workers) if word == "thread" else self.workers
        many = f"{word}es" if word == "process" else f"{word}s"
        if count < 2:
            return f"the {word} is"
        return f"both {many} are" if count == 2 else f"all {count} {many} are"


def symptoms_of(trials: Sequence[Trial]) -> Symptoms:
    """Of the valid trials of one profile under one load, of which there must be one."""
    first = trials[0]
    slots = [slots_of(trial) for trial in trials]
    route, share, at_a_time_ms = _holding(trials)
    pool, waiting = _pool(trials)
    sides = [trial.server_side for trial in trials if trial.server_side is not None]
    return Symptoms(
        profile=first.profile,
        workers=len(first.workers),
        slots=max((station.servers for station in slots if station), default=None),
        offered_rps=statistics.median(trial.offered_rps for trial in trials),
        achieved_rps=statistics.median(trial.achieved_rps for trial in trials),
        kept_up=all(kept_up(trial) for trial in trials),
        occupancy=_median(trials, _occupancy),
        cpu=_median(trials, _cpu),
        own_cpu=_median(trials, _own_cpu),
        route=route,
        route_share=share,
        at_a_time_ms=at_a_time_ms,
        queue_ms=_median(trials, lambda t: t.split.all.queue_ms if t.split else None),
        latency_ms=_median(trials, lambda t: t.split.all.latency_ms if t.split else None),
        pool=pool,
        pool_waiting=waiting,
        accept_queue=max((side.accept_queue_max or 0 for side in sides), default=0),
        ready=_median(trials, _ready),
        failed=sum(trial.requests.failed for trial in trials),
    )


def _median(trials: Sequence[Trial], value: Value) -> float | None:
    found = [one for one in map(value, trials) if one is not None]
    return statistics.median(found) if found else None


def _occupancy(trial: Trial) -> float | None:
    shares = [worker.occupancy for worker in trial.workers]
    return sum(shares) / len(shares) if shares else None


def _cpu(trial: Trial) -> float | None:
    processor = processor_of(trial)
    return processor.utilisation if processor else None


def _ready(trial: Trial) -> float | None:
    delay_s = trial.server_side.run_queue_delay_s if trial.server_side else None
    others = any(warning.code == "run_queue" for warning in trial.warnings)
    return delay_s / window_s(trial) if others and delay_s is not None else None


def _own_cpu(trial: Trial) -> float | None:
    return trial.split.all.cpu_ms / 1000 * trial.achieved_rps if trial.split else None


def _holding(trials: Sequence[Trial]) -> tuple[str, float, float]:
    """The route that holds the most in the median trial: its share, and how long at a time."""
    most = sorted((trial.holds[0] for trial in trials if trial.holds), key=lambda one: one.mean_ms)
    if not most:
        return "", 0.0, 0.0
    found = most[len(most) // 2]
    longest_ms = found.mean_ms if found.longest_ms is None else found.longest_ms
    return found.route, found.share, min(found.mean_ms, longest_ms)


def _pool(trials: Sequence[Trial]) -> tuple[str, int]:
    """The pool for which the most requests waited at once, and how many."""
    sides = [trial.server_side for trial in trials if trial.server_side is not None]
    found = [(waiting, pool) for side in sides for pool, waiting in side.pools.items()]
    waiting, pool = max(found, default=(0, ""))
    return pool, waiting

"""Which limit a server hit first when it could not hold all that was asked of it, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loadtests.analysis.costs import memory_mb
from loadtests.analysis.summary import Trial
from loadtests.gates import DELAY_SHARE
from servers.budget import Budget
from servers.profiles import PROFILES

FULL_SHARE = 0.95
"""From this share on a processor is busy, and all slots are taken."""
MEMORY_SHARE = 0.9
SPARE_FILES = 64
"""Files that a worker may have open beside its connections."""
MIB_PER_GIB = 1024.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A trial of which a limit is sought: its requests in hand, its window, and what it was given.

    `environment` is that of the run.
    """

    trial: Trial
    in_hand: float
    window_s: float
    budget: Budget
    environment: Mapping[str, Any]

    @property
    def workers(self) -> int:
        """How many processes serve."""
        return PROFILES[self.trial.profile].worker_processes(self.budget)


@dataclass(frozen=True, slots=True)
class Limit:
    """What was hit, and how that was seen; without a name it was nothing of the server's own."""

    name: str
    why: str


def limit_of(seen: Seen) -> Limit | None:
    """The first limit in the order in which one brings about the next; None where none was seen.

    Where all slots are taken, or nothing can be accepted any more, the accept queue fills up too.
    """
    checks: tuple[Callable[[Seen], Limit | None], ...] = (
        *(_slots, _threads, _memory, _descriptors),
        *(_cpu, _host, _backlog),
    )
    found = (check(seen) for check in checks)
    return next((limit for limit in found if limit is not None), None)


def _slots(seen: Seen) -> Limit | None:
    if PROFILES[seen.trial.profile].worker != "sync" or seen.in_hand < FULL_SHARE * seen.workers:
        return None
    memory = memory_mb(seen.trial)
    each = "" if memory is None else f" of {memory / seen.workers:.0f} MiB"
    return Limit("slots", f"each of its {seen.workers} processes{each} has one")


def _threads(seen: Seen) -> Limit | None:
    profile = PROFILES[seen.trial.profile]
    threads = seen.workers * profile.threads(seen.budget)
    if profile.worker != "gthread" or seen.in_hand < FULL_SHARE * threads:
        return None
    return Limit("threads", f"each of its {threads} threads has one")


def _memory(seen: Seen) -> Limit | None:
    memory, there = memory_mb(seen.trial), seen.environment.get("memory_mb")
    if memory is None or not there or memory < MEMORY_SHARE * there:
        return None
    used = f"{memory / MIB_PER_GIB:.3g} of {there / MIB_PER_GIB:.3g} GiB"
    return Limit("memory", f"it uses {used} of memory")


def _descriptors(seen: Seen) -> Limit | None:
    """Each worker has a limit of its own, and the kernel spreads connections over them."""
    side, files = seen.trial.server_side, seen.environment.get("open_files")
    connections = side.open_connections_max if side else None
    if connections is None or not files or connections < seen.workers * (files - SPARE_FILES):
        return None
    of = f"{files:,} files" + (f" in each of {seen.workers} processes" if seen.workers > 1 else "")
    return Limit("descriptors", f"it has {connections:,} connections open, and may have {of}")


def _cpu(seen: Seen) -> Limit | None:
    used = (seen.trial.cpu_s or 0.0) / seen.window_s
    return (
        Limit("cpu", f"its processor is {min(used, 1.0):.0%} busy") if used >= FULL_SHARE else None
    )


def _host(seen: Seen) -> Limit | None:
    """What is short on a busy host says nothing of the server: its queues fill up there too."""
    side = seen.trial.server_side
    waited = (side.run_queue_delay_s or 0.0) / seen.window_s if side else 0.0
    if waited <= DELAY_SHARE:
        return None
    return Limit("", f"others kept it from its processor {min(waited, 1.0):.0%} of the time")


def _backlog(seen: Seen) -> Limit | None:
    side = seen.trial.server_side
    if side is None:
        return None
    most, limit = side.accept_queue_max, side.accept_queue_limit
    if most is not None and limit and most >= limit:
        return Limit("backlog", f"its accept queue was full, with {most:,} connections")
    if times := side.tcp_events.get("ListenOverflows"):
        return Limit("backlog", f"the accept queue overflowed {times:,} times")
    return None

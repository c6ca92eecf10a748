"""Open streams of arrivals: each knows when its next request is intended, and which it is.

Nobody waits for anybody: the next time follows from the last intended time, never from an answer.
"""

from __future__ import annotations

import random
from array import array
from typing import Protocol

from loadtests.engine.schedule import NANOSECONDS, Schedule, choices
from loadtests.plan import ArrivalStream


class Stream(Protocol):
    """A stream of arrivals on the monotonic clock."""

    at_ns: int
    """When the next request is intended."""

    def take(self) -> tuple[int, bool]:
        """The target of the request at `at_ns`, and whether `at_ns` has moved on to another."""


class Replay:
    """A schedule that was made in advance, from `origin_ns` on; `share` of `shares` of it.

    Several processes replay one schedule by dealing it out like cards.
    """

    def __init__(self, schedule: Schedule, origin_ns: int, share: int = 0, shares: int = 1) -> None:
        self._times: array[int] = schedule.intended_ns[share::shares]
        self._targets: array[int] = schedule.targets[share::shares]
        self._origin_ns = origin_ns
        self._next = 0
        self.at_ns = origin_ns + self._times[0] if self._times else 0

    def __len__(self) -> int:
        return len(self._times)

    def take(self) -> tuple[int, bool]:
        """See Stream.take."""
        target = self._targets[self._next]
        self._next += 1
        if self._next == len(self._times):
            return target, False
        self.at_ns = self._origin_ns + self._times[self._next]
        return target, True


class Arrivals:
    """An endless stream from `start_ns` on, de-phased from all others by its own random start."""

    def __init__(self, stream: ArrivalStream, start_ns: int, rng: random.Random) -> None:
        self._gap_ns = NANOSECONDS / stream.rate
        self._rng = rng if stream.arrivals == "poisson" else None
        self._draws = choices(stream.targets, rng)
        phase = rng.random() if self._rng is None else rng.expovariate(1.0)
        self._exact_ns = start_ns + phase * self._gap_ns
        self.at_ns = round(self._exact_ns)

    def take(self) -> tuple[int, bool]:
        """See Stream.take."""
        share = 1.0 if self._rng is None else self._rng.expovariate(1.0)
        self._exact_ns += share * self._gap_ns
        self.at_ns = round(self._exact_ns)
        return next(self._draws), True

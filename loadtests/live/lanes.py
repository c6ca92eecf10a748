"""Which lane each request was in: the process or thread that it had, or the loop it shared.

A worker's threads are not named in its answers: a request takes the first that is free, and so
there are as many lanes taken as there were requests at once. It keeps its lane from the moment at
which it is first seen in the application to its end.
"""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.live.seen import Seen, Waiting
from servers.budget import Budget
from servers.profiles import PROFILES

PAUSE_MS = 2.0
"""Requests that hold a loop with less between them hold it together."""


class Lanes:
    """The lanes of one twin, from the start of its servers on."""

    def __init__(self, profile: str, budget: Budget) -> None:
        row = PROFILES[profile]
        threaded = row.worker == "gthread"
        self.threads = budget.slots if threaded else 1
        self.loops = row.worker not in ("sync", "gthread")
        self._word = "loop" if self.loops else "thread" if threaded else "process"
        self.processes = row.worker_processes(budget)
        self._workers: dict[int, int] = {}
        self._free_ms = [0.0] * self.processes * self.threads
        self._held_ms = [0.0] * self.processes * self.threads
        self._taken: dict[float, int] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each lane."""
        count = self.processes * self.threads
        if count == 1:
            return (self._word,)
        return tuple(f"{self._word} {n}" for n in range(1, count + 1))

    def place(self, seen: Seen) -> int | None:
        """The lane of a request, None where it is not known; by order of their beginnings."""
        if seen.began_ms is None or seen.ended_ms is None:
            return None
        number = self._workers.setdefault(seen.worker, len(self._workers))
        # Workers that were replaced take the lanes of those before them.
        first = number % self.processes * self.threads
        mine = range(first, first + self.threads)
        lane = self._taken.pop(seen.intended_ms, -1)
        if lane not in mine:
            lane = first if self.loops else self._next(mine, seen.began_ms)
        if seen.holds or not self.loops:
            if seen.began_ms - self._free_ms[lane] > PAUSE_MS:
                self._held_ms[lane] = seen.began_ms
            self._free_ms[lane] = seen.ended_ms
        return lane

    def in_hand(self, begun: Sequence[Waiting]) -> list[tuple[int, float]]:
        """Lane and beginning of each of those that the application has in hand.

        `begun` is in the order of their arrival, and so was each begun: when its lane was free.
        """
        known, self._taken = self._taken, {}
        for one in begun:
            if one.intended_ms in known:
                self._taken[one.intended_ms] = known[one.intended_ms]
        found = []
        for one in begun:
            lane = self._taken.get(one.intended_ms, 0)
            if one.intended_ms not in self._taken and not self.loops:
                lane = self._next(range(len(self._free_ms)), one.intended_ms)
            self._taken[one.intended_ms] = lane
            found.append((lane, self._begun_ms(lane, one.intended_ms)))
        return found

    def _begun_ms(self, lane: int, at_ms: float) -> float:
        """When it was begun: a loop begins at once what does not come while something holds it."""
        if self.loops and at_ms < self._held_ms[lane]:
            return at_ms
        return max(at_ms, self._free_ms[lane])

    def _next(self, mine: Sequence[int], at_ms: float) -> int:
        """The first lane that was free at a moment, or the first to be free after it."""
        taken = set(self._taken.values())
        there = [lane for lane in mine if lane not in taken] or mine
        free = [lane for lane in there if self._free_ms[lane] <= at_ms]
        return free[0] if free else min(there, key=lambda lane: self._free_ms[lane])

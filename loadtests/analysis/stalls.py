"""What a random arrival waited for its loop, from the scrapes of a window.

A loop's heartbeat is due every INTERVAL_S. One that comes late is counted in full when it comes,
with a wait for each moment that it slept through: what a scrape falls into is counted later.

Rule 1: a loop that was blocked at the last scrape has waits that no histogram knows yet. They are
added, as long as they were by then, so the figures are lower bounds where they are many.
Rule 2: of a stall that was under way at the first scrape, the moments before that scrape are taken
out again. They are its longest waits, and taken for the longest that were counted until the loop
was seen to go on. How long they were follows from how many moments are in the highest bucket, as
they are INTERVAL_S apart; where two stalls reach into that bucket, it is only about right.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from loadtests.analysis.instruments import Stall
from loadtests.analysis.scrapes import Scrape, grown, seconds_between

STALL = "testbed_event_loop_stall_seconds"
BASELINE = "testbed_event_loop_baseline_seconds"
DUE = "testbed_event_loop_due_seconds"
NAMES = (STALL, BASELINE, DUE)
INTERVAL_S = 0.01
MANY = 0.01
"""The share of all moments from which on those of rule 1 make the figures lower bounds."""


def stall_of(scrapes: Sequence[Scrape]) -> Stall | None:
    """The stalls of all loops together; None where there is no loop, or no beat of one."""
    if len(scrapes) < 2:
        return None
    of_buckets = [labels for labels, _ in scrapes[-1].series.get(f"{STALL}_bucket", ())]
    workers = sorted({labels["worker"] for labels in of_buckets})
    waits = Waits(sorted({float(labels["le"]) for labels in of_buckets}))
    added = 0
    for worker in workers:
        waits.count(scrapes[0], scrapes[-1], worker)
        _take_out(waits, scrapes, worker)
        added += _add(waits, scrapes, worker)
    total = sum(waits.counts)
    if not total:
        return None
    at_least = added >= MANY * total
    expected = len(workers) * seconds_between(scrapes) / INTERVAL_S
    baselines = (v for scrape in scrapes for _, v in scrape.series.get(BASELINE, ()))
    return Stall(
        mean_ms=round(1000 * max(waits.total_s, 0.0) / total, 3),
        p90_ms=waits.bound_ms(0.9, lower=at_least),
        p99_ms=waits.bound_ms(0.99, lower=at_least),
        baseline_ms=round(1000 * max(baselines, default=0.0), 3),
        counted=round(min(total / expected, 1.0), 4),
        at_least=at_least,
    )


class Waits:
    """How many moments waited how long: a count for each bucket, and the sum of all."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0.0] * len(bounds)
        self.total_s = 0.0

    def count(self, first: Scrape, last: Scrape, worker: str) -> None:
        """Add what a worker counted between two scrapes."""
        buckets = grown(first, last, f"{STALL}_bucket")
        below = sorted((float(of["le"]), n) for of, n in buckets if of["worker"] == worker)
        before = 0.0
        for bound, number in below:
            self.counts[self.bounds.index(bound)] += number - before
            before = number
        sums = grown(first, last, f"{STALL}_sum")
        self.total_s += sum(seconds for of, seconds in sums if of["worker"] == worker)

    def add(self, wait_s: float) -> None:
        """Add one moment."""
        self.counts[bisect_left(self.bounds, wait_s)] += 1
        self.total_s += wait_s

    def take(self, bucket: int, wait_s: float) -> None:
        """Take one moment out of a bucket again, if it has one."""
        if self.counts[bucket] >= 1:
            self.counts[bucket] -= 1
            self.total_s -= wait_s

    def highest(self) -> int:
        """The highest bucket that has a moment."""
        return max((n for n, number in enumerate(self.counts) if number >= 1), default=0)

    def lower(self, bucket: int) -> float:
        """The lower bound of a bucket."""
        return self.bounds[bucket - 1] if bucket else 0.0

    def bound_ms(self, quantile: float, *, lower: bool) -> float | None:
        """A bound of the bucket in which a quantile is; None where it has none on that side."""
        wanted, so_far = quantile * sum(self.counts), 0.0
        for bucket, number in enumerate(self.counts):
            so_far += number
            if so_far >= wanted:
                bound = self.lower(bucket) if lower else self.bounds[bucket]
                return round(1000 * bound, 3) if math.isfinite(bound) else None
        return None


def _take_out(waits: Waits, scrapes: Sequence[Scrape], worker: str) -> None:
    """Rule 2, for one loop."""
    due_s, first_s = _value(scrapes[0], DUE, worker), scrapes[0].at_ns / 1e9
    if due_s is None or due_s >= first_s:
        return
    ended = next((n for n, s in enumerate(scrapes) if _value(s, DUE, worker) != due_s), None)
    if ended is None:
        # It never went on, and nothing of it was counted.
        return
    found = Waits(waits.bounds)
    found.count(scrapes[0], scrapes[ended], worker)
    highest = found.highest()
    longest_s = found.lower(highest) + INTERVAL_S * found.counts[highest]
    longest_s = min(longest_s, found.bounds[highest])
    for moment_s in _moments(due_s, due_s, first_s):
        bucket = found.highest()
        wait_s = max(longest_s - (moment_s - due_s), 0.0)
        for one in (found, waits):
            one.take(bucket, wait_s)


def _add(waits: Waits, scrapes: Sequence[Scrape], worker: str) -> int:
    """Rule 1, for one loop: how many moments were added."""
    due_s, last_s = _value(scrapes[-1], DUE, worker), scrapes[-1].at_ns / 1e9
    if due_s is None:
        return 0
    baseline_s = _value(scrapes[-1], BASELINE, worker) or 0.0
    found = list(_moments(due_s, scrapes[0].at_ns / 1e9, last_s))
    for moment_s in found:
        waits.add(max(last_s - moment_s - baseline_s, 0.0))
    return len(found)


def _moments(due_s: float, from_s: float, to_s: float) -> Iterator[float]:
    """The moments of a loop from one time to another, given one at which its beat is due."""
    number = max(math.ceil((from_s - due_s) / INTERVAL_S), 0)
    while (moment_s := due_s + number * INTERVAL_S) < to_s:
        yield moment_s
        number += 1


def _value(scrape: Scrape, name: str, worker: str) -> float | None:
    """A loop's gauge; None where it was never set, or the worker has ended."""
    for labels, value in scrape.series.get(name, ()):
        if labels["worker"] == worker:
            return value or None
    return None

"""The schedule of an open load: made in advance from a seed, the same for every profile.

Pure: no clock, no randomness but the seed. Times are nanoseconds from the start of the
measurement window, so that warm-up has negative times.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import sys
from array import array
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtests.plan import ArrivalStream, Burst, Target

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """Intended times in ascending order, the target of each, and the digest of the whole."""

    intended_ns: array[int]
    targets: array[int]
    digest: str


def arrivals(
    stream: ArrivalStream, start_s: float, end_s: float, rng: random.Random
) -> Iterator[int]:
    """The intended times of one stream in [start_s, end_s), in nanoseconds.

    Poisson: exponential gaps of mean 1/rate. Constant: equal gaps with a random phase, so that
    two constant streams do not march in step.
    """
    if stream.burst is not None:
        yield from _bursting(stream, stream.burst, start_s, end_s, rng)
        return
    at = start_s
    if stream.arrivals == "constant":
        at += (rng.random() - 1.0) / stream.rate
    while True:
        at += 1.0 / stream.rate if stream.arrivals == "constant" else rng.expovariate(stream.rate)
        if at >= end_s:
            return
        yield round(at * NANOSECONDS)


def _bursting(
    stream: ArrivalStream, burst: Burst, start_s: float, end_s: float, rng: random.Random
) -> Iterator[int]:
    """As `arrivals`, at a rate that is constant in pieces.

    Arrivals of rate 1 are counted off against the integral of the rate, which is exact for a
    Poisson process too: E. Çinlar, "Introduction to Stochastic Processes", 1975, chapter 4.7.
    """
    inner = (min(max(at, start_s), end_s) for at in (burst.from_s, burst.until_s))
    pieces = itertools.pairwise((start_s, *inner, end_s))
    constant = stream.arrivals == "constant"
    due = rng.random() if constant else rng.expovariate(1.0)
    passed = 0.0
    for (low, high), rate in zip(pieces, (stream.rate, stream.peak, stream.rate), strict=True):
        until = passed + rate * (high - low)
        while due < until:
            yield round((low + (due - passed) / rate) * NANOSECONDS)
            due += 1.0 if constant else rng.expovariate(1.0)
        passed = until


def choices(targets: Sequence[Target], rng: random.Random) -> Iterator[int]:
    """An endless draw of target numbers by weight."""
    if len(targets) == 1:
        return itertools.repeat(targets[0].number)
    return _by_weight(targets, rng)


def _by_weight(targets: Sequence[Target], rng: random.Random) -> Iterator[int]:
    totals = list(itertools.accumulate(target.weight for target in targets))
    while True:
        yield targets[bisect(totals, rng.random() * totals[-1])].number


def _line(target: Target) -> str:
    """What a request does that is drawn: of an ordinary GET its URL alone."""
    line = target.url if target.method == "GET" else f"{target.method} {target.url}"
    line += f" {target.body_bytes} bytes" if target.body_bytes else ""
    return line + (f" {target.client.model_dump_json()}" if target.client else "")


def make(streams: Sequence[ArrivalStream], seed: int, start_s: float, end_s: float) -> Schedule:
    """Merge all streams into one schedule. Each stream draws from a generator of its own."""
    events: list[tuple[int, int]] = []
    for stream in streams:
        rng = random.Random(f"{seed}/{stream.name}")
        draws = choices(stream.targets, random.Random(f"{seed}/{stream.name}/targets"))
        times = arrivals(stream, start_s, end_s, rng)
        events += zip(times, draws, strict=False)
    events.sort()
    intended = array("q", (at for at, _ in events))
    targets = array("H", (number for _, number in events))
    return Schedule(intended, targets, digest(streams, intended, targets))


def digest(streams: Sequence[ArrivalStream], intended: array[int], targets: array[int]) -> str:
    """SHA-256 over the request targets and every intended time and choice, as 16 hex digits."""
    sha = hashlib.sha256()
    for target in sorted((t for s in streams for t in s.targets), key=lambda t: t.number):
        sha.update(f"{target.number} {_line(target)}\n".encode())
    for column in (intended, targets):
        if sys.byteorder == "big":
            column = array(column.typecode, column)
            column.byteswap()
        sha.update(column.tobytes())
    return sha.hexdigest()[:16]

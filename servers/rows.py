"""Measured requests as their worker notes them: a row each, to be added up later in one go.

A row in memory that others see costs a worker one call, four histograms cost it thirty. The rows
of one worker follow each other from the first place on; an empty one ends them.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from servers.metrics import BUCKETS, SUM

ROWS = 128
"""Rows that a ledger has room for. When it is full they are added up at once, which takes a
worker some tenths of a millisecond."""
KIND = struct.Struct("=8i")
"""Where a row is counted: the first cells of the histograms of service, queue, hold and longest
step, and the cells of processor time, wait, measured requests and hold."""
ROW = struct.Struct("=5q32s")
"""Nanoseconds: service, queue, hold, longest step, processor time; and a kind.

Rule: the kind is written last, and its last cell is not 0. So a row that has a kind is whole, and
whoever copies rows while more are written copies those again that had one.
"""
SIZE = ROWS * ROW.size

_BOUNDS_NS = [round(bound * 1e9) for bound in BUCKETS]
# The last numbers of all rows, which are the last of their kinds.
_ENDS = slice(ROW.size // 4 - 1, None, ROW.size // 4)


def folded(rows: Any) -> dict[int, float]:
    """What rows add to each cell; all of the memory `rows` is whole rows (see `whole`)."""
    kinds: dict[bytes, list[tuple[Any, ...]]] = defaultdict(list)
    for row in ROW.iter_unpack(rows):
        kinds[row[5]].append(row)
    more: dict[int, float] = defaultdict(float)
    for kind, found in kinds.items():
        *histograms, cpu, wait, measured, held = KIND.unpack(kind)
        *times_ns, cpu_ns, _ = zip(*found, strict=True)
        # The steps of plain requests are all that they are: most columns are there several times.
        known = {column: list(_distribution(column)) for column in {*times_ns}}
        for first, column in zip(histograms, times_ns, strict=True):
            for bucket, count in known[column]:
                more[first + bucket] += count
            more[first + SUM] += sum(column) / 1e9
        service_ns, _, hold_ns, _ = times_ns
        more[cpu] += sum(cpu_ns) / 1e9
        both = zip(service_ns, cpu_ns, strict=True)
        more[wait] += sum([all_ns - on_ns for all_ns, on_ns in both if all_ns > on_ns]) / 1e9
        more[measured] += len(found)
        more[held] += sum(hold_ns) / 1e9
    return more


def whole(rows: Any) -> int:
    """How long the rows are that were written whole, in bytes."""
    ends = memoryview(rows).cast("B").cast("i")[_ENDS].tolist()
    return ROW.size * (ends.index(0) if 0 in ends else len(ends))


def add(cells: memoryview[float] | list[float], kind: bytes, *times_ns: int) -> None:
    """Add up one row at once, with times in the order of `ROW`: as `folded` does with many."""
    *histograms, cpu, wait, measured, held = KIND.unpack(kind)
    service_ns, _, hold_ns, _, cpu_ns = times_ns
    for first, time_ns in zip(histograms, times_ns[:4], strict=True):
        cells[first + bisect_left(_BOUNDS_NS, time_ns)] += 1.0
        cells[first + SUM] += time_ns / 1e9
    cells[cpu] += cpu_ns / 1e9
    # No call between reading a cell and writing it: threads do this at once.
    wait_s = max(service_ns - cpu_ns, 0) / 1e9
    cells[wait] += wait_s
    cells[measured] += 1.0
    cells[held] += hold_ns / 1e9


def _distribution(times_ns: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The buckets that times fall into, each with how many do.

    Rule: to sort many and to look for the few bounds between them takes a quarter of the time that
    it takes to look each of them up.
    """
    ordered = sorted(times_ns)
    below = 0
    while below < len(ordered):
        bucket = bisect_left(_BOUNDS_NS, ordered[below])
        last = bucket == len(_BOUNDS_NS)
        upto = len(ordered) if last else bisect_right(ordered, _BOUNDS_NS[bucket], below)
        yield bucket, upto - below
        below = upto

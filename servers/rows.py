"""Measured requests as their worker notes them: a row each, to be added up later in one go.

A row in memory that others see costs a worker one call, four histograms cost it thirty. The rows
of one worker follow each other from the first place on; an empty one ends them.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections import Counter, defaultdict
from itertools import repeat
from typing import Any

from servers.metrics import BUCKETS, SUM

ROWS = 512
"""Rows that a ledger has room for; when it is full they are added up at once."""
KIND = struct.Struct("=8i")
"""Where a row is counted: the first cells of the histograms of service, queue, hold and longest
step, and the cells of processor time, wait, measured requests and hold."""
ROW = struct.Struct("=32s5q")
"""A kind, and nanoseconds: service, queue, hold, longest step, processor time."""
SIZE = ROWS * ROW.size

_BOUNDS_NS = [bound * 1e9 for bound in BUCKETS]
_EMPTY = bytes(KIND.size)


def folded(rows: Any) -> dict[int, float]:
    """What rows add to each cell; `rows` is memory, whole rows up to its end or an empty one."""
    kinds: dict[bytes, list[tuple[Any, ...]]] = defaultdict(list)
    for row in ROW.iter_unpack(rows):
        if row[0] == _EMPTY:
            break
        kinds[row[0]].append(row)
    more: dict[int, float] = defaultdict(float)
    for kind, found in kinds.items():
        *histograms, cpu, wait, measured, held = KIND.unpack(kind)
        _, *times_ns, cpu_ns = zip(*found, strict=True)
        for first, column in zip(histograms, times_ns, strict=True):
            for bucket, count in Counter(map(bisect_left, repeat(_BOUNDS_NS), column)).items():
                more[first + bucket] += count
            more[first + SUM] += sum(column) / 1e9
        service_ns, _, hold_ns, _ = times_ns
        more[cpu] += sum(cpu_ns) / 1e9
        waits = (max(all_ns - on_ns, 0) for all_ns, on_ns in zip(service_ns, cpu_ns, strict=True))
        more[wait] += sum(waits) / 1e9
        more[measured] += len(found)
        more[held] += sum(hold_ns) / 1e9
    return more

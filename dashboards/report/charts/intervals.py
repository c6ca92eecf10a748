"""When a captured request waited for what, and which row it may wait in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loadtests.analysis.instruments import Course, Slice

Interval = tuple[float, float]


def queued(course: Course) -> list[Interval]:
    """When a request was sent, and not begun."""
    return [(course.sent_ms, course.done_ms if course.began_ms is None else course.began_ms)]


def awaiting(worker: int, course: Course) -> list[Interval]:
    """When a request was in the application of a worker, and on no lane."""
    return list(course.awaited) if course.worker == worker else []


def packed(intervals: Sequence[Interval | None]) -> list[int]:
    """A row for each interval, in their order: the first in which nothing else is at that time."""
    ends: list[float] = []
    rows: list[int] = []
    for interval in intervals:
        if interval is None:
            rows.append(-1)
            continue
        low, high = interval
        row = next((i for i, end in enumerate(ends) if end <= low), len(ends))
        ends[row : row + 1] = [high]
        rows.append(row)
    return rows


def merged(slices: Sequence[Slice], least_ms: float) -> list[Slice]:
    """The slices, where one of less than `least_ms` is part of its longer neighbour on the lane."""
    found: list[Slice] = []
    for piece in slices:
        last = found[-1] if found else None
        if last is None or last.lane != piece.lane or piece.from_ms - last.to_ms > least_ms:
            found.append(piece)
            continue
        lengths = [one.to_ms - one.from_ms for one in (last, piece)]
        if min(lengths) >= least_ms:
            found.append(piece)
        else:
            longer = last if lengths[0] >= lengths[1] else piece
            found[-1] = replace(longer, from_ms=last.from_ms, to_ms=piece.to_ms)
    return found

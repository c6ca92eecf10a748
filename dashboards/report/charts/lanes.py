"""Where the bars of captured requests stand: packed rows for what waits, a lane for what holds.

A request waits in a row of its own for as long as it waits, so that the height of a queue is its
length. What holds a worker, a thread or a loop stands in the lane of that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from dashboards.report.charts.intervals import Interval, awaiting, merged, packed, queued
from loadtests.analysis.instruments import Course

GAP = 8
# Pixels from one row to the next, by how many rows there are at most.
ROW_PIXELS = ((6, 6), (16, 4), (10_000, 3))
LANE_PIXELS = ((12, 17), (24, 11), (10_000, 6))
LABEL_PIXELS = 16
# In percent, about a pixel: what waits for less is not drawn, what runs for less is so wide.
LEAST = 0.15
# A bar that is wide has a gap to the next.
WIDE, SLIT = 0.6, 0.12
# Threads and processes that work for a loop stand below it.
POOLS = ("thread pool", "process")


@dataclass(frozen=True, slots=True)
class Mark:
    """A bar of a request: its state; left edge and width in percent, top and height in pixels."""

    state: str
    x: float
    width: float
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a lane or of a group of rows, and the pixel of its middle."""

    text: str
    y: int


@dataclass(frozen=True, slots=True)
class Lanes:
    """A profile's picture: `grounds` are top and height of its lanes, `marks` those of each course.

    All is in pixels from the top but for what is across, in percent.
    """

    height: int
    labels: tuple[Label, ...]
    grounds: tuple[tuple[int, int], ...]
    marks: tuple[tuple[Mark, ...], ...]


def drawn(courses: Sequence[Course], end_ms: float) -> Lanes:
    """The picture of courses on an axis that begins when the first of them was due."""
    picture = _Picture(courses, min(c.intended_ms for c in courses), end_ms)
    picture.rows("queue", "queue", queued)
    workers = sorted({c.worker for c in courses if c.worker is not None})
    for worker in workers:
        mine = f"worker {worker}" if len(workers) > 1 else ""
        picture.rows("await", f"{mine} awaiting".strip(), partial(awaiting, worker))
        picture.lanes(worker, mine)
    return Lanes(
        height=picture.y,
        labels=tuple(picture.labels),
        grounds=tuple(picture.grounds),
        marks=tuple(map(tuple, picture.marks)),
    )


class _Picture:
    """Grows downwards: `y` is where the next group of rows or lanes begins."""

    def __init__(self, courses: Sequence[Course], origin_ms: float, end_ms: float) -> None:
        self._courses, self._origin, self._end = courses, origin_ms, end_ms
        self.marks: list[list[Mark]] = [[] for _ in courses]
        self.labels: list[Label] = []
        self.grounds: list[tuple[int, int]] = []
        self.y = 0

    def rows(self, state: str, label: str, read: Callable[[Course], list[Interval]]) -> None:
        """Add what the requests wait for, each request in one row; nothing where none waits."""
        least_ms = LEAST / 100 * self._end
        found = [
            [(low, high) for low, high in self._inside(read(course)) if high - low > least_ms]
            for course in self._courses
        ]
        rows = packed([(f[0][0], f[-1][1]) if f else None for f in found])
        count = max(rows, default=-1) + 1
        if not count:
            return
        self.y += GAP if self.y else 0
        pitch = _pixels(ROW_PIXELS, count)
        for number, (row, intervals) in enumerate(zip(rows, found, strict=True)):
            for interval in intervals:
                self._mark(number, state, interval, self.y + row * pitch, pitch - 1)
        height = max(count * pitch, LABEL_PIXELS)
        self.labels.append(Label(label, self.y + height // 2))
        self.y += height + GAP // 2

    def lanes(self, worker: int, prefix: str) -> None:
        """Add the lanes of a worker, those of its pools last."""
        names = {p.lane for c in self._courses if c.worker == worker for p in c.slices}
        pitch = _pixels(LANE_PIXELS, len(names))
        tops = {name: self.y + n * pitch for n, name in enumerate(sorted(names, key=_lane_order))}
        for number, course in enumerate(self._courses):
            if course.worker == worker:
                for piece in merged(course.slices, LEAST / 100 * self._end):
                    for interval in self._inside([(piece.from_ms, piece.to_ms)]):
                        self._mark(number, piece.state, interval, tops[piece.lane], pitch - 3)
        self._name(tops, prefix, pitch)
        self.grounds += [(top, pitch - 3) for top in tops.values()]
        self.y += len(names) * pitch

    def _name(self, tops: dict[str, int], prefix: str, pitch: int) -> None:
        every = -(-LABEL_PIXELS // pitch)
        for number, (name, top) in enumerate(tops.items()):
            if number % every == 0:
                text = prefix if prefix and name == "worker" else f"{prefix} {name}".strip()
                self.labels.append(Label(text, top + (pitch - 3) // 2))

    def _inside(self, intervals: Sequence[Interval]) -> list[Interval]:
        """What of the intervals lies on the axis, counted from its origin."""
        moved = [(low - self._origin, high - self._origin) for low, high in intervals]
        return [
            (max(low, 0.0), min(high, self._end))
            for low, high in moved
            if high >= 0.0 and low < self._end
        ]

    def _mark(self, number: int, state: str, interval: Interval, y: int, height: int) -> None:
        low, high = interval
        width = 100 * (high - low) / self._end
        shown = width - SLIT if width > WIDE else max(width, LEAST)
        x = 100 * low / self._end
        self.marks[number].append(Mark(state, round(x, 2), round(shown, 2), y, height))


def _pixels(table: Sequence[tuple[int, int]], count: int) -> int:
    return next(pixels for most, pixels in table if count <= most)


def _lane_order(name: str) -> tuple[bool, str, int]:
    kind, _, end = name.rpartition(" ")
    number = int(end) if end.isdigit() else 0
    return name.startswith(POOLS), kind if number else name, number

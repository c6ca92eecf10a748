"""The same captured requests in each profile's lanes: who held what, and who waited for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.palette import look
from dashboards.report.cells import Cell
from dashboards.report.charts.bars import ticks
from dashboards.report.charts.captured import chosen, last_ms, unanswered
from dashboards.report.charts.chart import Table
from dashboards.report.charts.lanes import Lanes, drawn
from dashboards.report.charts.sentences import spread
from dashboards.report.format import MISSING, duration, plural
from loadtests.analysis.instruments import Course

STRETCH = 10.0
"""The axis is at most so many times as long as the quickest profile needs."""
LABEL_PIXELS = 7.4
"""Width of one character of a lane's label."""
STATES = {
    "queue": "sent, and not begun: in a queue",
    "run": "running: on a processor for at least half of the piece",
    "block": "holding its worker, thread or loop, and not running",
    "await": "in the application, and holding nothing",
}


@dataclass(frozen=True, slots=True)
class Swim:
    """One profile: its lanes, each request in them in words, and what the axis leaves out."""

    profile: str
    colour: str
    note: str
    lanes: Lanes
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Swimlane:
    """The chart of a cell: one small multiple per profile over one axis in milliseconds."""

    id: str
    title: str
    caption: str
    rows: tuple[Swim, ...]
    label_pixels: int
    ticks: tuple[tuple[float, str], ...]
    legend: tuple[tuple[str, str, str], ...]
    table: Table


def chart(cell: Cell, key: str) -> Swimlane | None:
    """The chart of a cell; None where no trial has captured requests."""
    found, same = chosen(cell)
    if not found:
        return None
    last = {name: last_ms(courses) for name, courses in found.items()}
    slowest = {name: max(c.done_ms - c.intended_ms for c in cs) for name, cs in found.items()}
    end = min(max(last.values()), STRETCH * min(last.values())) or 1.0
    count = max(len(courses) for courses in found.values())
    whose = f"the same {plural(count, 'request')}" if same else plural(count, "captured request")
    rows = tuple(_swim(name, courses, end) for name, courses in found.items())
    longest = max((len(x.text) for row in rows for x in row.lanes.labels), default=0)
    waiting = [name for name, courses in found.items() if any(map(unanswered, courses))]
    return Swimlane(
        id=f"{key}-swimlane",
        title=spread(
            slowest,
            duration,
            what=f"The slowest of {whose} is answered within",
            floors=waiting,
        ),
        caption=_caption(same),
        rows=rows,
        label_pixels=round(LABEL_PIXELS * longest),
        ticks=ticks(end),
        legend=tuple((state, "", meaning) for state, meaning in STATES.items()),
        table=_table(found),
    )


def _swim(profile: str, courses: Sequence[Course], end_ms: float) -> Swim:
    origin = min(course.intended_ms for course in courses)
    never = sum(map(unanswered, courses))
    late = [c.done_ms - origin for c in courses if not unanswered(c)]
    late = [after for after in late if after > end_ms]
    notes = []
    if late:
        last = duration(max(late))
        notes.append(f"{len(late)} answered beyond the axis, the last after {last}")
    if never:
        notes.append(f"{never} not answered before the trial ended")
    return Swim(
        profile=profile,
        colour=look(profile).colour,
        note=", ".join(notes),
        lanes=drawn(courses, end_ms),
        words=tuple(_words(course, origin) for course in courses),
    )


def _words(course: Course, origin: float) -> str:
    """A request in words, for who points at it."""
    due = f"{course.route}, due at {duration(course.intended_ms - origin)}"
    if course.began_ms is None or course.ended_ms is None:
        return f"{due}: not answered before the trial ended"
    return (
        f"{due}: queue {duration(max(course.began_ms - course.sent_ms, 0))}, "
        f"service {duration(course.ended_ms - course.began_ms)}, "
        f"answered after {duration(course.done_ms - course.intended_ms)}"
    )


def _caption(same: bool) -> str:
    whose = (
        "The same requests of one repetition, by the times at which they were due"
        if same
        else "The requests that were captured in one repetition"
    )
    return (
        f"{whose}. At the top of each profile is its queue, a line for each request that waits; "
        "below it, lane by lane, who held a worker, a thread or the loop. Who holds one and does "
        "not run waits, or is ready and has no processor or not the interpreter’s lock. A bar "
        "belongs to one request: point at it to follow that request."
    )


def _table(found: dict[str, Sequence[Course]]) -> Table:
    headings = [f"{name}: {what}" for name in found for what in ("queue", "answered after")]
    count = max(len(courses) for courses in found.values())
    return Table(
        ("request", *headings),
        tuple(
            (str(n + 1), *(cell for courses in found.values() for cell in _figures(courses, n)))
            for n in range(count)
        ),
    )


def _figures(courses: Sequence[Course], number: int) -> tuple[str, str]:
    if number >= len(courses):
        return "", ""
    course = courses[number]
    if course.began_ms is None:
        return MISSING, "not answered"
    queue = max(course.began_ms - course.sent_ms, 0)
    return duration(queue), duration(course.done_ms - course.intended_ms)

"""The captured requests in the Chrome Trace Event Format, which Perfetto opens.

One process is the client with a row for each request, the others are the workers with a row for
each lane; beside these stands what was awaited between the pieces of a request. Times are
microseconds from the start of the measurement window. Every row has a number of its own: some
viewers take rows of one number for one thread, whatever the process.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from loadtests.analysis.instruments import Course

CLIENT = 1

RETURN = "what is left of the latency: from when the answer began until it was here"

Event = dict[str, Any]


def to_json(courses: Sequence[Course]) -> str:
    """The trace as JSON text: the same courses give the same bytes."""
    events = [json.dumps(event, ensure_ascii=False) for event in _events(courses)]
    return '{"displayTimeUnit": "ms", "traceEvents": [\n' + ",\n".join(events) + "\n]}\n"


def stages(course: Course) -> Iterator[tuple[str, float, float]]:
    """What a request went through, as (name, from, to) in milliseconds, one after another.

    Where two clocks disagree a stage ends where the one before it did.
    """
    begun_ms = course.sent_ms - course.connect_ms
    ends = [("lateness", begun_ms), ("connect", course.sent_ms)]
    if course.began_ms is None or course.ended_ms is None:
        ends.append(("unanswered", course.done_ms))
    else:
        ends += [
            ("queue", course.began_ms),
            ("service", course.ended_ms if course.answered_ms is None else course.answered_ms),
            ("return", course.done_ms),
        ]
    at = course.intended_ms
    for name, end in ends:
        to = min(max(at, end), course.done_ms)
        if to > at:
            yield name, at, to
        at = max(at, to)


def _events(courses: Sequence[Course]) -> Iterator[Event]:
    numbers = itertools.count(1)
    yield _named("process_name", CLIENT, 0, "client")
    for request, course in enumerate(courses, 1):
        row = next(numbers)
        yield _named("thread_name", CLIENT, row, f"request {request} {course.route}")
        more = {"request": request, "stream": course.stream, "outcome": course.outcome}
        for name, from_ms, to_ms in stages(course):
            said = {"meaning": RETURN} if name == "return" else {}
            yield _slice(name, name, CLIENT, row, from_ms, to_ms, more | said)
    yield from _workers(courses, numbers)
    yield from _awaits(courses, numbers)


def _workers(courses: Sequence[Course], numbers: Iterator[int]) -> Iterator[Event]:
    lanes = sorted(
        {(c.worker, piece.lane) for c in courses if c.worker is not None for piece in c.slices}
    )
    rows = {lane: next(numbers) for lane in lanes}
    for worker in sorted({worker for worker, _ in lanes}):
        yield _named("process_name", CLIENT + worker, 0, f"worker {worker}")
    for (worker, lane), row in rows.items():
        yield _named("thread_name", CLIENT + worker, row, lane)
    for request, course in enumerate(courses, 1):
        for piece in course.slices:
            if course.worker is not None:
                yield _slice(
                    f"{course.route} {piece.state}",
                    piece.state,
                    CLIENT + course.worker,
                    rows[course.worker, piece.lane],
                    piece.from_ms,
                    piece.to_ms,
                    {"request": request},
                )


def _awaits(courses: Sequence[Course], numbers: Iterator[int]) -> Iterator[Event]:
    """As many requests of a loop may wait at once as there are: events that belong to no row."""
    row = next(numbers)
    for request, course in enumerate(courses, 1):
        for span in course.awaited if course.worker is not None else ():
            for phase, at_ms in zip("be", span, strict=True):
                yield {
                    "ph": phase,
                    "name": f"{course.route} await",
                    "cat": "await",
                    "id": f"{request:#x}",
                    "pid": CLIENT + (course.worker or 0),
                    "tid": row,
                    "ts": round(1000 * at_ms),
                    "args": {"request": request},
                }


def _named(kind: str, process: int, row: int, name: str) -> Event:
    return {"ph": "M", "name": kind, "pid": process, "tid": row, "args": {"name": name}}


def _slice(
    name: str, category: str, process: int, row: int, from_ms: float, to_ms: float, more: Event
) -> Event:
    at, end = round(1000 * from_ms), round(1000 * to_ms)
    return {
        "ph": "X",
        "name": name,
        "cat": category,
        "pid": process,
        "tid": row,
        "ts": at,
        "dur": max(end - at, 0),
        "args": more,
    }

"""The course of each captured request: the client's times and the worker's slices in one record."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from loadtests.analysis.instruments import Course, Slice
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.workers import numbers_of
from loadtests.records import CourseRecord
from loadtests.samples import NEVER, Outcome

Lane = tuple[int, str]
"""A worker's process id, and what that worker calls the lane."""


def courses_of(trial: SavedTrial, routes: Mapping[str, str]) -> tuple[Course, ...]:
    """The captured requests as they were due; `routes` tells the route of each URL.

    They are those that a worker recorded, and those among the first of the capture that were sent
    and never answered. Empty where nothing was recorded.
    """
    if not trial.records:
        return ()
    samples, origin_ns = trial.samples, trial.plan.origin_ns
    by_key = {(r.intended_ns - origin_ns, r.route): r for r in trial.records}
    due = np.isin(samples.intended_ns, [intended_ns for intended_ns, _ in by_key])
    rows = np.union1d(np.flatnonzero(due), _unanswered(trial))
    workers, lanes = numbers_of(trial), _lanes(trial)
    found: list[Course] = []
    for row in rows[np.argsort(samples.intended_ns[rows], kind="stable")].tolist():
        route = routes[samples.urls[samples.url[row]]]
        course = _sent(trial, row, route)
        record = by_key.get((int(samples.intended_ns[row]), route))
        if record is not None:
            served = _served(course, record, origin_ns, workers, lanes)
            found.append(_answered(served, trial, row))
        elif course.outcome == Outcome.CENSORED.name.lower():
            found.append(course)
    return tuple(found)


def _unanswered(trial: SavedTrial) -> npt.NDArray[np.intp]:
    """Of the first requests from the capture's start on those that were sent, with no answer."""
    capture, samples = trial.plan.capture, trial.samples
    if capture is None:
        return np.array([], dtype=np.intp)
    sent = (samples.intended_ns >= capture.from_s * 1e9) & (samples.sent_ns != NEVER)
    rows = np.flatnonzero(sent)
    first = rows[np.argsort(samples.intended_ns[rows], kind="stable")][: capture.count]
    unanswered: npt.NDArray[np.intp] = first[samples.outcome[first] == Outcome.CENSORED]
    return unanswered


def _sent(trial: SavedTrial, row: int, route: str) -> Course:
    """The client's half."""
    samples = trial.samples
    return Course(
        stream=samples.streams[samples.stream[row]],
        route=route,
        outcome=Outcome(samples.outcome[row]).name.lower(),
        worker=None,
        intended_ms=_ms(int(samples.intended_ns[row])),
        connect_ms=_ms(int(samples.connect_ns[row])),
        sent_ms=_ms(int(samples.sent_ns[row])),
        began_ms=None,
        ended_ms=None,
        done_ms=_ms(int(samples.done_ns[row])),
        slices=(),
    )


def _served(
    course: Course,
    record: CourseRecord,
    origin_ns: int,
    workers: Mapping[int, int],
    lanes: Mapping[Lane, str],
) -> Course:
    """The client's half with the worker's."""
    return dataclasses.replace(
        course,
        worker=workers[record.pid],
        began_ms=_ms(record.began_ns - origin_ns),
        ended_ms=_ms(record.ended_ns - origin_ns),
        slices=tuple(
            Slice(
                lane=lanes[record.pid, piece.lane],
                state=piece.state,
                from_ms=_ms(piece.from_ns - origin_ns),
                to_ms=_ms(piece.to_ns - origin_ns),
            )
            for piece in sorted(record.slices, key=lambda piece: (piece.from_ns, piece.to_ns))
        ),
    )


def _answered(course: Course, trial: SavedTrial, row: int) -> Course:
    """The course with the moment at which the answer began, by what that answer said."""
    cpu_ns, wait_ns = int(trial.samples.cpu_ns[row]), int(trial.samples.wait_ns[row])
    if course.began_ms is None or NEVER in (cpu_ns, wait_ns):
        return course
    return dataclasses.replace(
        course, answered_ms=round(course.began_ms + (cpu_ns + wait_ns) / 1e6, 3)
    )


def _ms(nanoseconds: int) -> float:
    """To the microsecond, which is finer than the clocks of two processes agree."""
    return round(nanoseconds / 1e6, 3)


def _lanes(trial: SavedTrial) -> dict[Lane, str]:
    """A name for each lane: what it is, and where that ends in an id, a number from 1 instead."""
    met = {(record.pid, piece.lane) for record in trial.records for piece in record.slices}
    found: dict[Lane, str] = {}
    for (_, kind), group in itertools.groupby(sorted(met, key=_order), key=_kind):
        for number, lane in enumerate(group, 1):
            found[lane] = f"{kind} {number}" if _order(lane)[1] else lane[1]
    return found


def _kind(lane: Lane) -> Lane:
    return _order(lane)[0]


def _order(lane: Lane) -> tuple[Lane, int]:
    """The lane without the id that its name ends in, and that id; 0 where there is none."""
    pid, name = lane
    kind, _, end = name.rpartition(" ")
    return ((pid, kind), int(end)) if end.isdigit() else ((pid, name), 0)

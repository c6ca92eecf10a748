"""Which captured requests are drawn: those of one repetition, the same of each profile."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.report.cells import Cell
from loadtests.analysis.instruments import Course

MOST = 4
"""Profiles that are drawn: more would not be compared."""


def chosen(cell: Cell) -> tuple[dict[str, Sequence[Course]], bool]:
    """The courses of each profile in the repetition that most of them have; whether the same.

    Under open load the profiles of a repetition have the same schedule; what one of them does not
    have is left out of all.
    """
    by_repetition: dict[int, dict[str, Sequence[Course]]] = {}
    for row in cell.drawn:
        for trial in row.valid:
            if trial.courses:
                by_repetition.setdefault(trial.repetition, {})[row.profile] = trial.courses
    if not by_repetition:
        return {}, False
    best = max(sorted(by_repetition), key=lambda repetition: len(by_repetition[repetition]))
    found = dict(list(by_repetition[best].items())[:MOST])
    shared = set.intersection(*(set(map(_due, courses)) for courses in found.values()))
    if cell.load.mode != "open" or not shared:
        return found, False
    same: dict[str, Sequence[Course]] = {
        name: [course for course in courses if _due(course) in shared]
        for name, courses in found.items()
    }
    return same, len(found) > 1


def _due(course: Course) -> tuple[float, str]:
    return course.intended_ms, course.route


def unanswered(course: Course) -> bool:
    """Whether the server never finished it."""
    return course.began_ms is None


def last_ms(courses: Sequence[Course]) -> float:
    """From the moment at which the first was due to the last answer."""
    return max(c.done_ms for c in courses) - min(c.intended_ms for c in courses)

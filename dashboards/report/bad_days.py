"""What a bad day did, load by load: to the load's own clients, and to those who misbehaved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dashboards.report.cells import Cell, Row, median
from dashboards.report.format import MISSING, count, figure
from loadtests.analysis.badday.records import BadDay, OfKind
from loadtests.analysis.summary import Stream, Trial

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A table: its headings and units, and a row for each profile, or profile and client."""

    headings: tuple[str, ...]
    units: tuple[str, ...]
    rows: Rows


@dataclass(frozen=True, slots=True)
class BadDays:
    """What is shown of a cell; `objective` is how many ms an answer may take and still be good.

    What somebody may recover from is named by `after`. `kinds` is None where there is only one.
    """

    objective: str
    good: Shown
    after: str
    kinds: Shown | None
    misbehaving: Shown | None


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    unit: str
    value: Callable[[BadDay], float | None]


def _fairness(over: str) -> Callable[[BadDay], float | None]:
    return lambda day: next((one.index for one in day.fairness if one.over == over), None)


_COLUMNS = (
    _Column("goodput", "good answers/s", lambda day: day.goodput_rps),
    _Column("longest wait", "ms", lambda day: day.longest_wait_ms),
    _Column("attempts", "per request", lambda day: day.attempts),
    _Column("accepted p50", "ms", lambda day: day.accepted_ms),
    _Column("wasted", "s for clients gone", lambda day: day.wasted_s),
    _Column("fairness", "kinds of requests", _fairness("kinds of requests")),
    _Column("fairness", "workers", _fairness("workers")),
)
_OF_KIND = ("answered well", "longest wait", "failed", "requests")
_OF_KIND_UNITS = ("%", "ms", "", "")
_FATES = ("scheduled", "completed", "gone", "failed", "censored", "dropped")


def bad_days(cell: Cell) -> BadDays | None:
    """What the valid trials of a cell say of their bad day; None where there was none."""
    days = [t.bad_day for row in cell.drawn for t in row.valid if t.bad_day is not None]
    if not days:
        return None
    columns = [one for one in _COLUMNS if any(one.value(day) is not None for day in days)]
    after = next((day.recovery.after for day in days if day.recovery is not None), "")
    last = (("recovered", f"s after the {after}"),) if after else ()
    heads = [(one.heading, one.unit) for one in columns]
    return BadDays(
        objective=figure(days[0].objective_ms),
        good=Shown(
            ("profile", *(heading for heading, _ in (*heads, *last))),
            ("", *(unit for _, unit in (*heads, *last))),
            tuple(_good(row, columns, recovers=bool(after)) for row in cell.drawn),
        ),
        after=after,
        kinds=_kinds(cell),
        misbehaving=_misbehaving(cell),
    )


def _good(row: Row, columns: list[_Column], *, recovers: bool) -> tuple[str, ...]:
    days = [trial.bad_day for trial in row.valid if trial.bad_day is not None]
    floor = "≥ " if any(day.at_least for day in days) else ""
    shown = [
        (floor if one.heading == "longest wait" else "")
        + figure(median(one.value(day) for day in days))
        for one in columns
    ]
    return (row.profile, *shown, *([_recovered(days)] if recovers else []))


def _recovered(days: list[BadDay]) -> str:
    """The median; in words where it is not known of every trial that it came to that."""
    found = [day.recovery for day in days]
    if any(one is None for one in found):
        return MISSING
    taken = [one.took_s for one in found if one is not None]
    known = median(taken)
    return "not within the trial" if known is None else figure(known)


def _kinds(cell: Cell) -> Shown | None:
    """Who noticed: every kind of request, profile by profile."""
    rows = tuple(
        (row.profile, line, *_of_kind([one for one in _kinds_of(row) if one.line == line]))
        for row in cell.drawn
        for line in dict.fromkeys(one.line for one in _kinds_of(row))
    )
    if len({row[1] for row in rows}) < 2:
        return None
    return Shown(("profile", "request", *_OF_KIND), ("", "", *_OF_KIND_UNITS), rows)


def _kinds_of(row: Row) -> list[OfKind]:
    return [one for trial in row.valid if trial.bad_day for one in trial.bad_day.kinds]


def _of_kind(found: list[OfKind]) -> tuple[str, ...]:
    floor = "≥ " if any(one.at_least for one in found) else ""
    return (
        figure(median(100.0 * one.good / one.requests for one in found)),
        floor + figure(median(one.longest_wait_ms for one in found)),
        count(median(float(one.failed) for one in found)),
        count(median(float(one.requests) for one in found)),
    )


def _misbehaving(cell: Cell) -> Shown | None:
    rows = tuple(
        (row.profile, name, *(_count(row, name, fate) for fate in _FATES))
        for row in cell.drawn
        for name in dict.fromkeys(name for trial in row.valid for name in trial.misbehaving)
    )
    return Shown(("profile", "client", *_FATES), (), rows) if rows else None


def _count(row: Row, name: str, fate: str) -> str:
    return count(median(float(getattr(one.requests, fate)) for one in _streams(row, name)))


def _streams(row: Row, name: str) -> Iterator[Stream]:
    trials: tuple[Trial, ...] = row.valid
    return (trial.misbehaving[name] for trial in trials if name in trial.misbehaving)

"""The trials of a run, sorted into what is compared: one cell per workload and load.

Rule: an INVALID trial is kept and shown, and never enters a median. The probes of a search and the
second arm of a profile that is compared with itself are no part of a cell.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from loadtests.analysis.subjects import LoadSummary
from loadtests.analysis.summary import Instant, Latency, Stream, Summary, Trial

# Below this ratio two medians are not told apart.
VISIBLE = 1.1

# A course over time is drawn where this share of its slices has enough requests to be stated.
STATED = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """One profile in a cell: its valid and its INVALID trials, in the order they ran."""

    profile: str
    valid: tuple[Trial, ...]
    invalid: tuple[Trial, ...]

    def median(self, value: Callable[[Trial], float | None]) -> float | None:
        """The median over the valid trials; None unless every valid trial states the value."""
        return median(value(trial) for trial in self.valid)


@dataclass(frozen=True, slots=True)
class Cell:
    """One workload under one load: a row per profile, in the order of the experiment."""

    workload: str
    load: LoadSummary
    rows: tuple[Row, ...]

    @property
    def calibrates(self) -> bool:
        """Whether all its trials are those that predictions rest on."""
        return all(t.role == "calibrate" for row in self.rows for t in (*row.valid, *row.invalid))

    @property
    def drawn(self) -> tuple[Row, ...]:
        """The rows that have a valid trial, the only ones that charts and sentences use."""
        return tuple(row for row in self.rows if row.valid)


def cells(summary: Summary) -> tuple[Cell, ...]:
    """The cells of a run in the order of its workloads, then of its loads; empty ones left out."""
    found = (
        Cell(workload.name, load, _rows(summary, workload.name, load.name))
        for workload in summary.workloads
        for load in sorted(summary.loads, key=_size)
    )
    return tuple(cell for cell in found if cell.rows)


def _size(load: LoadSummary) -> tuple[str, float]:
    return (load.mode, load.rate_rps or load.users or 0)


def _rows(summary: Summary, workload: str, load: str) -> tuple[Row, ...]:
    here = [
        t
        for t in summary.trials
        if (t.workload, t.load, t.arm) == (workload, load, 1) and t.role != "probe"
    ]
    known = [profile.name for profile in summary.profiles]
    names = sorted({t.profile for t in here}, key=lambda n: (n not in known, _place(known, n)))
    return tuple(
        Row(
            name,
            valid=tuple(t for t in here if t.profile == name and t.valid),
            invalid=tuple(t for t in here if t.profile == name and not t.valid),
        )
        for name in names
    )


def _place(known: Sequence[str], name: str) -> int:
    return known.index(name) if name in known else 0


def median(values: Iterable[float | None]) -> float | None:
    """The median of the values; None where there is none, or where one of them is not stated."""
    found = list(values)
    stated = [value for value in found if value is not None]
    return statistics.median(stated) if stated and len(stated) == len(found) else None


def bystander(value: Callable[[Stream], float | None]) -> Callable[[Trial], float | None]:
    """Read a value of a trial's bystander stream; None where the trial had none."""
    return lambda trial: None if trial.bystander is None else value(trial.bystander)


def latency(row: Row, read: Callable[[Trial], Latency | None]) -> tuple[tuple[float, float], ...]:
    """The row's quantile curve: at each quantile that all its valid trials state, the median ms."""
    curves = [dict(found.curve) if (found := read(t)) else {} for t in row.valid]
    if not curves:
        return ()
    shared = set(curves[0]).intersection(*curves[1:])
    return tuple((q, statistics.median(curve[q] for curve in curves)) for q in sorted(shared))


def timeline(row: Row, value: Callable[[Instant], float | None]) -> list[tuple[float, float]]:
    """(seconds, value) per slice of the trial: the median over the valid trials that state it."""
    slices: dict[float, list[float]] = {}
    for trial in row.valid:
        for instant in trial.timeline:
            if (found := value(instant)) is not None:
                slices.setdefault(instant.start_s, []).append(found)
    return [(start, statistics.median(found)) for start, found in sorted(slices.items())]


def course(row: Row) -> list[tuple[float, float]]:
    """(seconds, median ms of the answers that came in the slice); empty where few slices have it.

    Without STATED of them the course of the trial is not known.
    """
    points = timeline(row, lambda instant: instant.p50_ms)
    slices = len(timeline(row, lambda instant: instant.offered_rps))
    return points if len(points) >= slices * STATED else []


def censored(row: Row) -> bool:
    """Whether a valid trial of the row has unanswered requests: its latency is a lower bound."""
    return any(trial.requests.censored or trial.requests.gone for trial in row.valid)


def bystander_censored(row: Row) -> bool:
    """The same of the row's bystander."""
    return any(t.bystander.requests.censored for t in row.valid if t.bystander is not None)

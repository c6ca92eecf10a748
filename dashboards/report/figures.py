"""The lines of a cell's tables: medians of the valid trials, and INVALID trials as they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashboards.report import inside
from dashboards.report.cells import Cell, Row
from dashboards.report.columns import FATES, FIGURES, Column, measured
from dashboards.report.deferred import DEFERRED
from dashboards.report.generator import GENERATOR
from loadtests.analysis.summary import Trial


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of a table: a profile's medians, or (with `trial`) one INVALID trial as it was."""

    profile: str
    trials: str
    figures: tuple[str, ...]
    fates: tuple[str, ...]
    generator: tuple[str, ...]
    times: tuple[str, ...]
    host: tuple[str, ...]
    deferred: tuple[str, ...]
    trial: Trial | None = None


def tables(trials: Sequence[Trial]) -> tuple[tuple[Column, ...], ...]:
    """The columns of each table that the run has figures for, in the order of Figures' fields."""
    kinds = (FIGURES, FATES, GENERATOR, inside.TIMES, inside.host(trials), DEFERRED)
    return tuple(measured(trials, of) for of in kinds)


def lines(cell: Cell, tables: Sequence[Sequence[Column]]) -> Iterator[Figures]:
    """Each profile's medians, and below them its INVALID trials one by one."""
    for row in cell.rows:
        trials = f"{len(row.valid)} of {len(row.valid) + len(row.invalid)}"
        yield _figures(row.profile, trials, [_medians(row, columns) for columns in tables])
        for trial in row.invalid:
            values = [_values(trial, columns) for columns in tables]
            yield _figures(row.profile, "INVALID", values, trial)


def _figures(
    profile: str, trials: str, found: Sequence[tuple[str, ...]], trial: Trial | None = None
) -> Figures:
    figures, fates, generator, times, host, deferred = found
    return Figures(profile, trials, figures, fates, generator, times, host, deferred, trial)


def _medians(row: Row, columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.of_row(row) for column in columns)


def _values(trial: Trial, columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.of_trial(trial) for column in columns)

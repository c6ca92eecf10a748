"""One section of the report per workload: tables and charts per load, then from load to load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashboards.report import charts, holding, inside
from dashboards.report.cells import Cell, Row, cells, censored
from dashboards.report.charts.chart import Chart
from dashboards.report.charts.split import SplitChart
from dashboards.report.charts.swimlane import Swimlane
from dashboards.report.columns import FATES, FIGURES, Column, measured
from dashboards.report.format import listed
from dashboards.report.generator import GENERATOR
from dashboards.report.holding import Held, HeldAt
from dashboards.report.ratios import verdict
from loadtests.analysis.decisions import Capacity
from loadtests.analysis.instruments import WorkerShare
from loadtests.analysis.summary import Comparison, Summary, Trial, WorkloadSummary


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
    trial: Trial | None = None


@dataclass(frozen=True, slots=True)
class Inside:
    """What the instruments say of a cell: where the time went, and who held what."""

    split: SplitChart | None
    swimlane: Swimlane | None
    routes: tuple[Held, ...]
    lines: tuple[HeldAt, ...]
    workers: tuple[tuple[Trial, WorkerShare], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """One cell of the run, ready to be shown; `notes` says what limits its figures."""

    cell: Cell
    lines: tuple[Figures, ...]
    charts: tuple[Chart, ...]
    inside: Inside
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One workload: its loads, its charts from load to load, its ratios and capacities."""

    workload: WorkloadSummary
    loads: tuple[Load, ...]
    sweep: tuple[Chart, ...]
    ratios: tuple[tuple[Comparison, str], ...]
    capacities: tuple[Capacity, ...]


def sections(summary: Summary) -> list[Section]:
    """The sections of a run in the order of its workloads; those without trials left out."""
    found = []
    for number, workload in enumerate(summary.workloads, 1):
        mine = [cell for cell in cells(summary) if cell.workload == workload.name]
        if mine:
            found.append(_section(summary, workload, mine, number))
    return found


def _section(
    summary: Summary, workload: WorkloadSummary, mine: Sequence[Cell], number: int
) -> Section:
    per_cell, sweep = charts.of_workload(mine, number)
    trials = summary.trials
    kinds = (FIGURES, FATES, GENERATOR, inside.TIMES, inside.host(trials))
    tables = tuple(measured(trials, of) for of in kinds)
    drawings = charts.inside(mine, number)
    ratios = (c for c in summary.comparisons if c.workload == workload.name)
    return Section(
        workload=workload,
        loads=tuple(
            Load(
                cell,
                tuple(_lines(cell, tables)),
                tuple(drawn),
                _inside(cell, *drawings[n]),
                tuple(_notes(cell)),
            )
            for n, (cell, drawn) in enumerate(zip(mine, per_cell, strict=True))
        ),
        sweep=tuple(sweep),
        ratios=tuple((c, verdict(c)) for c in ratios),
        capacities=tuple(c for c in summary.capacities if c.workload == workload.name),
    )


def _inside(cell: Cell, split: SplitChart | None, swimlane: Swimlane | None) -> Inside:
    return Inside(
        split=split,
        swimlane=swimlane,
        routes=holding.routes(cell),
        lines=holding.lines(cell),
        workers=holding.workers(cell),
        notes=tuple(holding.notes(cell)),
    )


def _lines(cell: Cell, tables: Sequence[Sequence[Column]]) -> Iterator[Figures]:
    for row in cell.rows:
        trials = f"{len(row.valid)} of {len(row.valid) + len(row.invalid)}"
        figures, fates, generator, times, host = (_medians(row, columns) for columns in tables)
        yield Figures(row.profile, trials, figures, fates, generator, times, host)
        for trial in row.invalid:
            figures, fates, generator, times, host = (_values(trial, columns) for columns in tables)
            yield Figures(row.profile, "INVALID", figures, fates, generator, times, host, trial)


def _medians(row: Row, columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.of_row(row) for column in columns)


def _values(trial: Trial, columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.of_trial(trial) for column in columns)


def _notes(cell: Cell) -> Iterator[str]:
    absent = [row.profile for row in cell.rows if not row.valid]
    if absent:
        yield f"Not drawn, for want of a valid trial: {listed(absent)}."
    floors = [row.profile for row in cell.drawn if censored(row)]
    if floors:
        yield (
            f"≥: when the trial ended, some requests to {listed(floors)} were still waiting for "
            "their answer, so that this figure is a lower bound."
        )

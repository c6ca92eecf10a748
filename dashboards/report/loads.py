"""One workload under one load, ready to be shown: tables, charts, and what limits them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashboards.report import charts, holding
from dashboards.report.bad_days import BadDays, bad_days
from dashboards.report.cells import Cell, censored
from dashboards.report.charts.chart import Chart
from dashboards.report.charts.split import SplitChart
from dashboards.report.charts.swimlane import Swimlane
from dashboards.report.figures import Figures, lines, tables
from dashboards.report.format import listed
from dashboards.report.holding import Held, HeldAt
from loadtests.analysis.decisions import Diagnosis
from loadtests.analysis.instruments import WorkerShare
from loadtests.analysis.summary import Summary, Trial


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
    """One cell of the run, ready to be shown; `notes` says what limits its figures.

    A `folded` one is shown on demand: predictions rest on it, or it is one step of many.
    """

    cell: Cell
    folded: bool
    diagnoses: tuple[Diagnosis, ...]
    lines: tuple[Figures, ...]
    charts: tuple[Chart, ...]
    inside: Inside
    notes: tuple[str, ...]
    bad_days: BadDays | None

    @property
    def defers(self) -> bool:
        """Whether its requests gave jobs to be done later."""
        return any(trial.deferred for row in self.cell.rows for trial in (*row.valid, *row.invalid))


def loads(
    summary: Summary, mine: Sequence[Cell], per_cell: Sequence[Sequence[Chart]], number: int
) -> Iterator[Load]:
    """The loads of a workload from its cells, their charts, and the workload's place in the run."""
    columns = tables(summary.trials)
    drawings = charts.inside(mine, number)
    stepped = {(point.workload, point.users) for point in summary.decisions.scale}
    for cell, drawn, (split, swimlane) in zip(mine, per_cell, drawings, strict=True):
        folded = cell.calibrates or (cell.workload, cell.load.users) in stepped
        yield Load(
            cell=cell,
            folded=folded,
            diagnoses=tuple(
                d
                for d in summary.decisions.diagnoses
                if (d.workload, d.load) == (cell.workload, cell.load.name)
            ),
            lines=tuple(lines(cell, columns)),
            charts=tuple(drawn),
            inside=_inside(cell, split, None if folded else swimlane),
            notes=tuple(_notes(cell)),
            bad_days=bad_days(cell),
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


def _notes(cell: Cell) -> Iterator[str]:
    absent = [row.profile for row in cell.rows if not row.valid]
    if absent:
        yield f"Not drawn, for want of a valid trial: {listed(absent)}."
    floors = [row.profile for row in cell.drawn if censored(row)]
    if floors:
        yield (
            f"≥: some requests to {listed(floors)} were still waiting for their answer when the "
            "trial ended, or when their client lost patience, so that this figure is a lower bound."
        )

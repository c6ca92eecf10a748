"""The terminal's view of a run: tables, capacities, verdicts, findings. 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from dashboards.report import columns, decisions_text, trials
from dashboards.report.cells import Cell, Row, cells
from dashboards.report.columns import Column
from dashboards.report.decisions_text import NAME, WIDTH
from dashboards.report.format import printable
from loadtests.analysis.summary import Summary, Trial

VALID = 8

# Column, the two lines of its heading, and the width with the gap before it.
LAYOUT: tuple[tuple[Column, str, str, int], ...] = (
    (columns.OFFERED, "offered", "/s", 9),
    (columns.ACHIEVED, "achieved", "/s", 10),
    (columns.P50, "p50", "ms", 8),
    (columns.P99, "p99", "ms", 8),
    (columns.MAX, "max", "ms", 8),
    (columns.LOST, "not", "answered", 10),
    (columns.BYSTANDER, "bystander", "p90 ms", 11),
    (columns.CPU, "CPU", "s", 7),
    (columns.RSS, "memory", "MiB", 7),
)


def render(summary: Summary) -> str:
    """The whole view as text that ends in a newline; medians over the valid trials only."""
    lines = [printable(summary.question), *_progress(summary)]
    for cell in cells(summary):
        lines += ["", *_table(cell)]
    lines += decisions_text.lines(summary)
    return "\n".join(lines) + "\n"


def _progress(summary: Summary) -> Iterator[str]:
    done, planned = trials.named(summary.trials), summary.planned_trials
    if done < planned:
        yield f"Partial run: {done} of {planned} planned trials were saved."
    for one in summary.left_out:
        text = f"Not measured: workload {one.workload}, for {one.why}"
        yield from textwrap.wrap(printable(text), WIDTH, subsequent_indent=" " * 2)


def _table(cell: Cell) -> Iterator[str]:
    yield printable(f"{cell.workload} · {cell.load.text or cell.load.name}")
    first, second = ("".join(f"{line[at]:>{line[3]}}" for line in LAYOUT) for at in (1, 2))
    yield f"{'profile':<{NAME}}{'valid':>{VALID}}{first}"
    yield f"{'':<{NAME}}{'trials':>{VALID}}{second}"
    for row in cell.rows:
        yield from _row(row)


def _row(row: Row) -> Iterator[str]:
    trials = f"{len(row.valid)}/{len(row.valid) + len(row.invalid)}"
    values = (column.of_row(row) for column, *_ in LAYOUT)
    yield _line(row.profile, trials, values)
    for trial in row.invalid:
        yield from _invalid(trial)


def _invalid(trial: Trial) -> Iterator[str]:
    values = (column.of_trial(trial) for column, *_ in LAYOUT)
    yield _line(f"  trial {trial.number}", "INVALID", values)
    for reason in trial.reasons:
        text = f"{reason.code}: {reason.text} → {reason.hint}"
        yield from textwrap.wrap(
            printable(text), WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 6
        )


def _line(name: str, trials: str, values: Iterator[str]) -> str:
    figures = "".join(
        f"{value:>{width}}" for value, (*_, width) in zip(values, LAYOUT, strict=True)
    )
    return f"{printable(name):<{NAME}}{trials:>{VALID}}{figures}"

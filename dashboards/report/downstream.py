"""What the servers called: the downstream service's own figures, trial by trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboards.report.columns import Column
from dashboards.report.format import count, figure
from loadtests.analysis.called import Downstream
from loadtests.analysis.summary import Trial


def _of(value: Callable[[Downstream], float | None]) -> Callable[[Trial], float | None]:
    return lambda trial: None if trial.downstream is None else value(trial.downstream)


COLUMNS = (
    Column(
        "calls", "", _of(lambda d: d.requests),
        "Calls that it answered in the window.", count,
    ),
    Column(
        "failed", "", _of(lambda d: d.failures),
        "Of these, those that it was told to fail.", count,
    ),
    Column(
        "at once", "", _of(lambda d: d.active_max),
        "The most calls that were under way at once in the whole trial.", count,
    ),
    Column(
        "latency", "ms", _of(lambda d: d.latency_ms),
        "What was drawn for a call, on average.",
    ),
    Column(
        "late p99", "ms", _of(lambda d: d.lateness_p99_ms),
        "99 calls in a hundred were answered at most this long after they were meant to be.",
        sign="≤ ",
    ),
    Column(
        "CPU", "% of a processor", _of(lambda d: 100 * d.cpu),
        "What its process used.", figure,
    ),
)  # fmt: skip


def downstream(trials: Sequence[Trial]) -> list[tuple[Trial, tuple[str, ...]]]:
    """The figures of every trial whose servers called it, in the order of the columns."""
    return [
        (trial, tuple(column.of_trial(trial) for column in COLUMNS))
        for trial in trials
        if trial.downstream is not None
    ]

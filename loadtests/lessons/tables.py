"""A lesson's metrics for every load and profile of a run: what its page shows as tables."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.analysis.summary import Summary
from loadtests.lessons.lesson import METRICS, Figure, Lesson
from loadtests.lessons.outcome import Value, measured


@dataclass(frozen=True, slots=True)
class Row:
    """One workload under one load: a value for each profile, None where it was not measured."""

    name: str
    values: tuple[Value | None, ...]


@dataclass(frozen=True, slots=True)
class MetricTable:
    """One metric in the run: a column for each profile."""

    title: str
    profiles: tuple[str, ...]
    rows: tuple[Row, ...]


def tables_of(lesson: Lesson, summary: Summary) -> tuple[MetricTable, ...]:
    """A table for each metric that the lesson names, in the order in which it names them."""
    metrics = dict.fromkeys(one.metric for one in lesson.figures.values() if one.metric)
    return tuple(_table(metric, summary) for metric in metrics)


def _table(metric: str, summary: Summary) -> MetricTable:
    profiles = tuple(profile.name for profile in summary.profiles)
    rows = []
    for workload in summary.workloads:
        for load in workload.loads or [one.name for one in summary.loads]:
            found = (
                measured(
                    Figure(profile=profile, workload=workload.name, load=load, metric=metric),
                    summary,
                )
                for profile in profiles
            )
            rows.append(Row(_name(workload.name, load, summary), tuple(found)))
    # The unit stands with each value: what is long is in seconds.
    title = METRICS[metric].title.rpartition(", ")[0]
    return MetricTable(title[:1].upper() + title[1:], profiles, tuple(rows))


def _name(workload: str, load: str, summary: Summary) -> str:
    """A row's name: of workload and load that of which there are several."""
    if len(summary.workloads) == 1:
        return load
    return workload if len(summary.loads) == 1 else f"{workload}, {load}"

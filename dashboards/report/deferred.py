"""The figures of deferred jobs, as columns of a table that only their runs have."""

from __future__ import annotations

from collections.abc import Callable

from dashboards.report.columns import Column
from dashboards.report.format import count, figure
from loadtests.analysis.summary import Trial


def _of(name: str) -> Callable[[Trial], float | None]:
    def value(trial: Trial) -> float | None:
        return None if trial.deferred is None else getattr(trial.deferred, name)

    return value


def _column(
    heading: str,
    unit: str,
    name: str,
    meaning: str,
    show: Callable[[float | None], str] = count,
) -> Column:
    def bound(trial: Trial) -> bool:
        since, value = _of("at_least_ms")(trial), _of(name)(trial)
        of_delivery = name.startswith("delivery")
        return of_delivery and since is not None and value is not None and value >= since

    return Column(heading, unit, _of(name), meaning, show, optional=True, floor=bound)


def _forgotten(trial: Trial) -> float | None:
    """None where no record is missing: then it is not told of."""
    return _of("forgotten")(trial) or None


DEFERRED = (
    _column(
        "accepted", "jobs", "accepted",
        "Jobs that were accepted in the window. Done, failed and left add up to it.",
    ),
    _column("done", "jobs", "done", "Jobs of those that were done when the trial ended."),
    _column("failed", "jobs", "failed", "Jobs of those that failed for good."),
    _column("left", "jobs", "left", "Jobs of those that had not ended when the trial had."),
    _column("refused", "jobs", "refused", "Jobs that were refused because too many waited."),
    _column(
        "wait p50", "ms", "wait_p50_ms",
        "Half of the jobs that were begun had waited for at most this long since their acceptance.",
        figure,
    ),
    _column(
        "delivery p50", "ms", "delivery_p50_ms",
        "Half of the jobs were done within this time from their acceptance.", figure,
    ),
    _column(
        "delivery p90", "ms", "delivery_p90_ms", "Nine jobs in ten were done within this time.",
        figure,
    ),
    _column(
        "delivery p99", "ms", "delivery_p99_ms",
        "99 jobs in a hundred were done within this time.", figure,
    ),
    _column(
        "delivery max", "ms", "delivery_max_ms",
        "The longest from acceptance to done. ≥ where jobs were left: they count with their age.",
        figure,
    ),
    Column(
        "without a record", "jobs", _forgotten,
        "Ended jobs of which the server had no record any more: it keeps those of so many only. "
        "– stands for what cannot be known without them.",
        count, optional=True,
    ),
)  # fmt: skip

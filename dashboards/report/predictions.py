"""What was predicted of a workload: its chart, what it rests on, and its error trial by trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.report.charts import predicted as charts
from dashboards.report.charts.plane import Plot
from dashboards.report.format import MISSING, count, duration, figure, percentile, relative, slug
from loadtests.analysis.predicted import Prediction
from loadtests.analysis.summary import Summary, Trial

RESTS = ("profile", "latency", "hold", "wait", "CPU", "outside", "in hand at most", "trials")
RESTS_UNITS = ("", "ms, low load", "ms", "ms", "ms, moderate load", "ms", "requests", "")
ERRORS = ("profile", "trial", "at", "predicted", "measured", "error")


@dataclass(frozen=True, slots=True)
class Predicted:
    """The predictions of a workload: rows are those of RESTS and of ERRORS."""

    chart: Plot
    rests: tuple[tuple[str, ...], ...]
    errors: tuple[tuple[str, ...], ...]


def predicted(summary: Summary, workload: str) -> Predicted | None:
    """The predictions of a workload; None where there are none."""
    found = [p for p in summary.decisions.predictions if p.workload == workload]
    if not found:
        return None
    trials = {p.profile: _open(summary, workload, p.profile) for p in found}
    return Predicted(
        chart=charts.chart(found, trials, f"predicted-{slug(workload)}"),
        rests=tuple(_rests(p) for p in found),
        errors=tuple(row for p in found for row in _errors(p)),
    )


def _open(summary: Summary, workload: str, profile: str) -> list[Trial]:
    closed = {load.name for load in summary.loads if load.mode != "open"}
    return [
        trial
        for trial in summary.trials
        if (trial.workload, trial.profile, trial.arm) == (workload, profile, 1)
        and trial.valid
        and (trial.role == "probe" or trial.load not in closed)
    ]


def _rests(prediction: Prediction) -> tuple[str, ...]:
    own = prediction.calibration
    times: Sequence[float] = (own.latency_ms, own.hold_ms, own.wait_ms, own.cpu_ms, own.outside_ms)
    servers = "no limit" if own.servers is None else count(own.servers)
    trials = ", ".join(map(str, own.trials)) or MISSING
    return (prediction.profile, *map(figure, times), servers, trials)


def _errors(prediction: Prediction) -> list[tuple[str, ...]]:
    return [
        (
            prediction.profile,
            str(one.trial),
            MISSING if one.quantile is None else percentile(one.quantile),
            duration(one.predicted_ms),
            duration(one.measured_ms),
            relative(one.error),
        )
        for one in prediction.trials
        if one.error is not None
    ]

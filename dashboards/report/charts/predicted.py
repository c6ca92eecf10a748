"""Latency against the rate, predicted and measured: a panel per profile over shared axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

from dashboards.report.charts.axes import Axis, axis, number, time
from dashboards.report.charts.chart import Table
from dashboards.report.charts.plane import Panel, Plot
from dashboards.report.charts.plot import CALIBRATED, MEASURED, PREDICTED, Series, panel
from dashboards.report.charts.prediction_words import limit, stated, title
from dashboards.report.charts.ranges import WIDE
from dashboards.report.format import MISSING, duration, figure, rate, relative
from loadtests.analysis.predicted import Prediction
from loadtests.analysis.summary import Trial

HEADINGS = ("profile", "model", "limited by", "predicted", "measured", "error")
Trials = Mapping[str, Sequence[Trial]]
"""The valid trials of a workload under open load, by profile."""


def chart(found: Sequence[Prediction], trials: Trials, key: str) -> Plot:
    """The chart of one workload's predictions, with what was measured over it."""
    name = "p99" if _has(found, trials, "p99") else "p50"
    series = {p.profile: _series(p, trials.get(p.profile, ()), name) for p in found}
    points = [point for all_of in series.values() for one in all_of for point in one.points]
    x = _rates([at for at, _ in points] + [p.capacity_rps for p in found])
    y = axis(f"{name} latency", [ms for _, ms in points], time, log=True)
    kinds = {one.kind for all_of in series.values() for one in all_of}
    return Plot(
        id=key,
        title=title(found),
        caption=f"The {name} of latency at each rate. The dashed line was computed from a few "
        "calibrating trials before the sweep began; the dotted one stands at the predicted "
        "capacity. A symbol is one valid trial.",
        panels=tuple(_panel(p, series[p.profile], x, y) for p in found),
        legend=tuple((kind, words) for kind, words in LEGEND.items() if kind in kinds),
        table=Table(HEADINGS, tuple(_row(p) for p in found)),
    )


LEGEND = {
    PREDICTED: "predicted",
    MEASURED: "measured, one trial",
    CALIBRATED: "measured before: the prediction rests on it",
}


def _has(found: Sequence[Prediction], trials: Trials, name: str) -> bool:
    predicted = any(getattr(at, f"{name}_ms") is not None for p in found for at in p.curve)
    return predicted and any(
        _ms(t, name) is not None for p in found for t in trials.get(p.profile, ())
    )


def _ms(trial: Trial, name: str) -> float | None:
    found: float | None = attrgetter(name)(trial.latency_ms)
    return found


def _series(prediction: Prediction, trials: Sequence[Trial], name: str) -> list[Series]:
    curve = [
        (at.rate_rps, ms)
        for at in prediction.curve
        if at.rate_rps > 0 and (ms := getattr(at, f"{name}_ms")) is not None
    ]
    profile = prediction.profile
    found = [Series(profile, curve, PREDICTED, "predicted", marked=False)] if curve else []
    for kind, roles in ((CALIBRATED, ("calibrate",)), (MEASURED, ("sweep", "probe"))):
        points, words = [], []
        for trial in trials:
            ms = _ms(trial, name)
            if trial.role in roles and ms is not None and trial.offered_rps > 0:
                points.append((trial.offered_rps, ms))
                words.append(f"trial {trial.number}: {rate(trial.offered_rps)}, {duration(ms)}")
        if points:
            found.append(Series(profile, points, kind, line=False, words=words))
    return found


def _rates(values: Sequence[float]) -> Axis:
    most = [value for value in values if value > 0] or [1.0]
    wide = max(most) > WIDE * min(most)
    return axis("offered requests per second", most, number, log=wide)


def _panel(prediction: Prediction, series: Sequence[Series], x: Axis, y: Axis) -> Panel:
    most = "at most" if not prediction.at_least else "not ended below"
    said = f"{most} {rate(prediction.capacity_rps)} predicted, by {limit(prediction)}"
    if prediction.measured_rps is not None:
        said += f"; {figure(prediction.measured_rps)} measured"
    return panel(
        series, x, y, profile=prediction.profile, heading=said,
        rules=[prediction.capacity_rps],
    )  # fmt: skip


def _row(prediction: Prediction) -> tuple[str, ...]:
    measured = MISSING if prediction.measured_rps is None else figure(prediction.measured_rps)
    return (
        prediction.profile,
        prediction.model,
        limit(prediction),
        stated(prediction),
        measured,
        relative(prediction.error),
    )

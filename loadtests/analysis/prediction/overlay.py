"""Predictions with what was measured: each trial at its highest quantile, and the capacity."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from loadtests.analysis.decisions import Capacity
from loadtests.analysis.predicted import PredictedTrial, Prediction
from loadtests.analysis.quantiles import rounded
from loadtests.analysis.summary import Latency, Trial

Curve = tuple[tuple[float, float], ...]


def with_measurements(
    predictions: Iterable[Prediction],
    trials: Sequence[Trial],
    capacities: Sequence[Capacity],
    replays: Mapping[int, Curve],
) -> tuple[Prediction, ...]:
    """The predictions with their errors.

    `replays` are curves by the number of the trial whose schedule was replayed. Of these the valid
    ones of a prediction's profile and workload are added to it, but for those that it rests on.
    """
    measured = {(one.profile, one.workload): one.rate_rps for one in capacities}
    return tuple(
        _with_capacity(
            dataclasses.replace(one, trials=_trials(one, trials, replays)),
            measured.get((one.profile, one.workload)),
        )
        for one in predictions
    )


def predicted_trial(trial: Trial, curve: Curve) -> PredictedTrial:
    """A trial against the curve of its replay, at the highest quantile that both of them state."""
    measured, predicted = dict(_known(trial.latency_ms)), dict(curve)
    quantile = max(measured.keys() & predicted.keys(), default=None)
    if quantile is None:
        return PredictedTrial(trial.number, curve, None, None, None, None)
    return PredictedTrial(
        trial=trial.number,
        curve=curve,
        quantile=quantile,
        predicted_ms=predicted[quantile],
        measured_ms=measured[quantile],
        error=_error(predicted[quantile], measured[quantile]),
    )


def _trials(
    prediction: Prediction, trials: Iterable[Trial], replays: Mapping[int, Curve]
) -> tuple[PredictedTrial, ...]:
    wanted = (prediction.profile, prediction.workload)
    return tuple(
        predicted_trial(trial, replays[trial.number])
        for trial in trials
        if (trial.profile, trial.workload) == wanted
        and trial.valid
        and trial.number in replays
        and trial.number not in prediction.calibration.trials
    )


def _known(latency: Latency) -> Curve:
    """The quantiles below every age of a request that was never answered: those are exact.

    The last of them may lie between a latency and an age, and is left out.
    """
    since = latency.lower_bound_from_ms
    if since is None or not latency.curve or latency.curve[-1][1] < since:
        return latency.curve
    return tuple((q, ms) for q, ms in latency.curve if ms < since)[:-1]


def _with_capacity(prediction: Prediction, measured_rps: float | None) -> Prediction:
    if measured_rps is None:
        return prediction
    error = _error(prediction.capacity_rps, measured_rps)
    return dataclasses.replace(prediction, measured_rps=measured_rps, error=error)


def _error(predicted: float, measured: float) -> float | None:
    return rounded(predicted / measured - 1.0, 4) if measured > 0.0 else None

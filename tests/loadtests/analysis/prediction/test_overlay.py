"""Predictions beside what was measured: where they can be compared, and how far they are off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loadtests.analysis.decisions import Capacity
from loadtests.analysis.predicted import Calibration
from loadtests.analysis.prediction.overlay import predicted_trial, with_measurements
from loadtests.analysis.prediction.predict import predict
from loadtests.analysis.quantiles import latency
from loadtests.analysis.summary import Trial
from tests.loadtests.analysis.prediction.known import Work, arrivals, calibrating, in_slots

CALIBRATION = Calibration(
    profile="sync", workload="wait", trials=(1, 2), latency_ms=101.35, hold_ms=100.4,
    wait_ms=100.0, cpu_ms=1.0, outside_ms=0.95, servers=4, workers=4,
)  # fmt: skip
MEASURED = calibrating("sync", in_slots(arrivals(Work(0.4, 100.0), 20.0, 20.0), 4), 20.0)


def trial(number: int, values_ms: list[float], since_ms: float | None = None) -> Trial:
    measured = latency(np.array(values_ms), since_ms)
    return replace(MEASURED, number=number, role="sweep", latency_ms=measured)


def test_a_trial_is_compared_at_the_highest_quantile_that_its_samples_state() -> None:
    values = [float(n) for n in range(400)]
    few, many = trial(3, values[:20]), trial(4, values)
    curve = tuple((q, 1.1 * ms) for q, ms in many.latency_ms.curve)

    assert predicted_trial(few, curve).quantile == 0.8
    found = predicted_trial(many, curve)
    assert found.quantile == 0.99
    assert found.measured_ms == many.latency_ms.p99
    assert found.error == pytest.approx(0.1, abs=1e-4)
    assert found.curve == curve


def test_an_age_is_no_latency_to_compare_with() -> None:
    """Of 400 requests 40 had no answer after a second: p90 lies between a latency and an age."""
    answered = [float(n) for n in range(360)]
    censored = trial(5, [*answered, *(1000.0 + n for n in range(40))], since_ms=1000.0)
    curve = tuple((q, ms) for q, ms in censored.latency_ms.curve)

    found = predicted_trial(censored, curve)

    assert found.quantile == 0.85
    assert found.error == 0.0


def test_where_no_answer_is_known_there_is_no_error() -> None:
    censored = trial(5, [1000.0 + n for n in range(400)], since_ms=1000.0)

    found = predicted_trial(censored, ((0.5, 3000.0),))

    assert (found.quantile, found.predicted_ms, found.measured_ms, found.error) == (None,) * 4
    assert found.curve == ((0.5, 3000.0),)


def test_a_prediction_gets_its_own_valid_trials_that_were_replayed() -> None:
    values = [float(n) for n in range(400)]
    of_another = replace(trial(6, values), profile="gthread")
    invalid = replace(trial(7, values), valid=False)
    its_own = replace(trial(2, values), role="calibrate")
    trials = [trial(3, values), trial(4, values), of_another, invalid, its_own]
    curve = trials[0].latency_ms.curve

    (found,) = with_measurements(
        [predict(CALIBRATION)], trials, [], dict.fromkeys((2, 3, 6, 7), curve)
    )

    assert [one.trial for one in found.trials] == [3]
    assert (found.measured_rps, found.error) == (None, None)


def test_the_capacity_is_held_against_the_one_that_was_measured() -> None:
    capacities = [
        Capacity("sync", "wait", 25.0, 24.0, 26.0),
        Capacity("gthread", "wait", 99.0, 98.0, 100.0),
    ]
    prediction = replace(predict(CALIBRATION), capacity_rps=27.5)
    unmeasured = replace(prediction, workload="other")

    sync, other = with_measurements([prediction, unmeasured], [], capacities, {})

    assert (sync.measured_rps, sync.error) == (25.0, 0.1)
    assert other == unmeasured

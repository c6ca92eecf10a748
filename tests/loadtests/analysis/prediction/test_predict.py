"""A whole prediction: its curve, its capacity at an objective, and its file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loadtests.analysis.predicted import Calibration, Kind
from loadtests.analysis.prediction.predict import (
    capacity_rps,
    curve,
    predict,
    read,
    slo_capacity,
    to_json,
)
from loadtests.theory.constant import wait_quantile_mdc
from tests.loadtests.analysis.prediction.known import Work, arrivals, in_slots

SYNC = Calibration(
    profile="sync", workload="wait", trials=(1, 2), latency_ms=101.35, hold_ms=100.4,
    wait_ms=100.0, cpu_ms=1.0, outside_ms=0.95, servers=4, workers=4,
)  # fmt: skip
ASGI = replace(SYNC, profile="asgi", hold_ms=0.4, servers=None, workers=1)
MIXED = replace(SYNC, kinds=(Kind(0.5, 50.0, 50.4, 1.0), Kind(0.5, 150.0, 150.4, 1.0)))


def test_at_the_capacity_at_an_objective_p99_is_as_long_as_it_may_be() -> None:
    """Against the queue itself, and against the server played event by event."""
    rate = slo_capacity(SYNC, 250.0)
    found = in_slots(arrivals(Work(0.4, 100.0), rate, 1500.0), 4)
    wait_ms = 1000.0 * wait_quantile_mdc(0.99, rate, 0.101, 4)

    assert 101.35 + wait_ms == pytest.approx(250.0, abs=0.1)
    assert np.quantile([row.took or 0.0 for row in found], 0.99) == pytest.approx(250.0, rel=0.06)


def test_a_loop_meets_it_almost_up_to_its_capacity() -> None:
    """150 requests of 1 ms may be before one: that is so until 98.5 % of 1000 requests/s.

    A short probe is over before its queue is as long, and a second is met up to the bound.
    """
    assert slo_capacity(ASGI, 250.0) == pytest.approx(985.0, abs=1.0)
    assert slo_capacity(ASGI, 250.0, lambda _: 3.0) == pytest.approx(990.0)
    assert slo_capacity(ASGI, 1000.0) == pytest.approx(990.0)


def test_what_takes_too_long_alone_never_meets_it() -> None:
    assert slo_capacity(SYNC, 100.0) == 0.0
    assert slo_capacity(MIXED, 150.0) == 0.0


def test_a_search_with_short_probes_finds_more() -> None:
    found = slo_capacity(SYNC, 250.0, lambda _: 12.0)

    assert 1.05 < found / slo_capacity(SYNC, 250.0) < 1.2
    assert slo_capacity(MIXED, 400.0, lambda _: 12.0) == slo_capacity(MIXED, 400.0)


def test_the_curve_rises_from_the_latency_alone_to_its_end_at_the_capacity() -> None:
    points = curve(SYNC)
    rates = [point.rate_rps for point in points]
    means, tails = ([getattr(p, name) for p in points[:-1]] for name in ("mean_ms", "p99_ms"))

    assert 20 <= len(points) <= 24
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(capacity_rps(SYNC), abs=0.001)
    assert (points[-1].mean_ms, points[-1].p50_ms, points[-1].p99_ms) == (None, None, None)
    assert means[0] == pytest.approx(101.35, abs=0.1)
    assert means == sorted(means)
    assert tails == sorted(tails)
    assert tails[-1] > 1000.0


def test_a_point_of_the_curve_is_the_published_value() -> None:
    """M/D/1 at 80 %: 2 service times of wait (L. Kleinrock, Queueing Systems 1, section 5.6)."""
    point = next(p for p in curve(ASGI) if p.rate_rps == 800.0)

    assert point.mean_ms == pytest.approx(101.35 + 2.0)


def test_a_prediction_names_its_model_its_limit_and_its_capacity() -> None:
    raw, slo = predict(SYNC), predict(SYNC, 250.0)

    assert (raw.profile, raw.workload, raw.limit, raw.model) == (
        "sync", "wait", "slots", "M/D/4: 4 slots",
    )  # fmt: skip
    assert raw.capacity_rps == pytest.approx(4 / 0.101, abs=0.001)
    assert slo.capacity_rps == pytest.approx(slo_capacity(SYNC, 250.0), abs=0.001)
    assert (slo.measured_rps, slo.error, slo.trials) == (None, None, ())


def test_predictions_are_read_as_they_were_written() -> None:
    predictions = (predict(SYNC, 250.0), predict(ASGI), predict(MIXED, 250.0))
    text = to_json(predictions)

    assert read(text) == predictions
    assert to_json(read(text)) == text
    with pytest.raises(ValueError, match="servers"):
        read(text.replace('"servers": 4', '"servers": "four"'))


def test_a_server_with_nothing_left_has_a_prediction_too() -> None:
    """100 bystanders a second of 20 ms are twice what a loop can do."""
    full = predict(replace(ASGI, bystander_rps=100.0, bystander_ms=20.0), 250.0)

    assert full.capacity_rps == 0.0
    assert {point.mean_ms for point in full.curve} == {None}


@pytest.mark.parametrize(
    ("calibration", "moderate_rps", "at_least"),
    [(ASGI, 400.0, False), (ASGI, 25.0, True), (ASGI, 0.0, False), (SYNC, 1.0, False)],
    ids=["near", "far", "not known", "slots, which cost the same at any load"],
)
def test_far_beyond_what_was_tried_a_processor_does_more_than_is_predicted(
    calibration: Calibration, moderate_rps: float, at_least: bool
) -> None:
    found = predict(replace(calibration, moderate_rps=moderate_rps))

    assert found.at_least is at_least
    assert read(to_json([found])) == (found,)

"""Latency against rate: against published queues, and against servers played event by event."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from loadtests.analysis.predicted import Calibration, Kind
from loadtests.analysis.prediction.calibration import calibrate
from loadtests.analysis.prediction.latency import mean_ms, mean_wait_ms, quantile_ms
from loadtests.analysis.prediction.stations import Station, limiting
from loadtests.workload import Request, Workload
from tests.loadtests.analysis.prediction.known import (
    BUDGET,
    WAIT,
    Work,
    arrivals,
    calibrating,
    in_slots,
    on_loop,
    workload,
)
from tests.loadtests.analysis.saved import Row

WORK = Work(cpu=0.4, wait=100.0)
BLOCKING = workload(Request(path="/blocking", params={"ms": 100}), name="blocking")
OFFLOAD = workload(Request(path="/offload", params={"ms": 100}), name="offload")


def served(profile: str, of: Workload, rate: float, seconds: float, seed: int) -> list[Row]:
    requests = arrivals(WORK, rate, seconds, seed, aside=25.0)
    if profile in ("sync", "gthread"):
        return in_slots(requests, BUDGET.slots)
    return on_loop(requests, of is BLOCKING, BUDGET.slots if of is OFFLOAD else 0)


def calibrated(profile: str, of: Workload, low: float, moderate: float) -> Calibration:
    trials = [
        calibrating(profile, served(profile, of, rate, 60.0, seed), rate, 60.0, of, number=seed)
        for seed, rate in ((1, low), (2, moderate))
    ]
    found = calibrate(profile, of, BUDGET, trials)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("profile", "of", "low", "moderate", "share", "seconds"),
    [
        ("sync", WAIT, 5.0, 25.0, 0.8, 1500.0),
        ("gthread", WAIT, 5.0, 25.0, 0.6, 900.0),
        ("asgi", WAIT, 20.0, 300.0, 0.8, 40.0),
        ("gevent", WAIT, 20.0, 300.0, 0.7, 40.0),
        ("uvloop", BLOCKING, 1.0, 4.0, 0.6, 3000.0),
        ("hybrid", OFFLOAD, 5.0, 25.0, 0.7, 1200.0),
    ],
)
def test_latency_is_that_of_the_server_played_event_by_event(
    profile: str, of: Workload, low: float, moderate: float, share: float, seconds: float
) -> None:
    """Calibrated at low load, predicted at 60 to 80 % of the capacity, beside a bystander."""
    calibration = calibrated(profile, of, low, moderate)
    station = limiting(calibration)
    rate = share * station.capacity_rps
    found = [row for row in served(profile, of, rate, seconds, 7) if row.stream == "load"]
    latencies = np.array([row.took for row in found])

    assert mean_ms(calibration, station, rate) == pytest.approx(latencies.mean(), rel=0.02)
    for q in (0.5, 0.99):
        predicted = quantile_ms(calibration, station, q, rate)
        assert predicted == pytest.approx(np.quantile(latencies, q), rel=0.05)


def test_a_constant_service_waits_half_as_long_as_an_exponential_one() -> None:
    """One server at 80 %: 2 service times, by Pollaczek and Khinchine; M/M/1 has 4."""
    constant, exponential = (Station("loop", 1, 10.0, cs2, 0.0) for cs2 in (0.0, 1.0))

    assert mean_wait_ms(constant, 80.0) == pytest.approx(20.0)
    assert mean_wait_ms(exponential, 80.0) == pytest.approx(40.0)


def test_what_the_bystander_brings_makes_others_wait() -> None:
    """A tenth of the capacity more: 70 requests/s wait as 80 without it."""
    beside = Station("loop", 1, 10.0, 0.0, aside_rps=10.0)

    assert mean_wait_ms(beside, 70.0) == mean_wait_ms(Station("loop", 1, 10.0, 0.0, 0.0), 80.0)
    assert math.isinf(mean_wait_ms(beside, 90.0))


def test_of_different_requests_the_slow_ones_are_the_tail() -> None:
    """Nine in ten wait 20 ms, one 200: in 4 slots, at 30 and at 70 % of the capacity."""
    kinds = ((0.9, Work(0.4, 20.0)), (0.1, Work(0.4, 200.0)))
    of = workload(
        Request(path="/wait", params={"ms": 20}, weight=9.0),
        Request(path="/wait", params={"ms": 200}, weight=1.0),
    )
    rows = in_slots(arrivals(kinds, 20.0, 400.0), 4)
    calibration = calibrate("sync", of, BUDGET, [calibrating("sync", rows, 20.0, 400.0, of)])
    assert calibration is not None
    station = limiting(calibration)

    for share, tolerance in ((0.3, 0.02), (0.7, 0.1)):
        rate = share * station.capacity_rps
        found = in_slots(arrivals(kinds, rate, 1000.0, seed=5), 4)
        latencies = np.array([row.took for row in found])
        assert mean_ms(calibration, station, rate) == pytest.approx(latencies.mean(), rel=tolerance)
        predicted = quantile_ms(calibration, station, 0.99, rate)
        assert predicted == pytest.approx(np.quantile(latencies, 0.99), rel=tolerance)


def test_a_quantile_of_different_requests_alone_is_one_of_theirs() -> None:
    kinds = (Kind(0.7, 20.0, 20.4, 1.0), Kind(0.3, 200.0, 200.4, 1.0))
    mean_wait = 0.7 * 20.0 + 0.3 * 200.0
    calibration = Calibration(
        profile="sync", workload="mixed", trials=(1,), latency_ms=mean_wait + 1.0,
        hold_ms=mean_wait + 0.4, wait_ms=mean_wait, cpu_ms=1.0, outside_ms=0.6, servers=4,
        kinds=kinds,
    )  # fmt: skip
    station = limiting(calibration)

    assert quantile_ms(calibration, station, 0.5, 1e-6) == pytest.approx(21.0, abs=0.01)
    assert quantile_ms(calibration, station, 0.9, 1e-6) == pytest.approx(201.0, abs=0.01)


def test_there_is_no_latency_at_the_capacity() -> None:
    calibration = calibrated("sync", WAIT, 5.0, 25.0)
    station = limiting(calibration)

    assert math.isinf(mean_ms(calibration, station, station.capacity_rps))
    assert math.isinf(quantile_ms(calibration, station, 0.5, station.capacity_rps))
    mixed = replace(calibration, kinds=(Kind(1.0, 100.0, 100.4, 1.0),))
    assert math.isinf(quantile_ms(mixed, station, 0.5, station.capacity_rps))

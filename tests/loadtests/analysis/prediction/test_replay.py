"""A trial's own schedule through the model: the latencies that a known server gave it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from loadtests.analysis.predicted import Calibration, Kind
from loadtests.analysis.prediction import replay
from loadtests.analysis.prediction.replay import latencies_ms, replayed
from loadtests.analysis.quantiles import latency
from loadtests.plan import UserStream
from loadtests.samples import Outcome
from loadtests.workload import Request
from tests.loadtests.analysis.prediction.known import (
    SERVER_MS,
    Arrival,
    Work,
    arrivals,
    in_slots,
    on_loop,
    saved,
    workload,
)
from tests.loadtests.analysis.saved import Row, samples_of

WORK = Work(cpu=0.4, wait=100.0)
SLOTS = Calibration(
    profile="sync", workload="wait", trials=(1,), latency_ms=101.35, hold_ms=100.4, wait_ms=100.0,
    cpu_ms=1.0, outside_ms=0.95, servers=4, workers=4, bystander_rps=25.0, bystander_ms=0.8,
)  # fmt: skip
LOOP = replace(SLOTS, profile="asgi", hold_ms=0.4, servers=None, workers=1)
# A clock says that a moment of the time in the application was not on the loop.
BLOCKED = replace(LOOP, hold_ms=100.35)
POOL = replace(LOOP, profile="hybrid", servers=4)


def requests(rate: float, seed: int = 3) -> list[Arrival]:
    return arrivals(WORK, rate, 20.0, seed, aside=25.0)


@pytest.mark.parametrize(
    ("calibration", "rows", "rate"),
    [
        (SLOTS, in_slots(requests(30.0), 4), 30.0),
        # Twice and five times what 4 slots can do: the queue grows for as long as the trial lasts.
        (SLOTS, in_slots(requests(80.0), 4), 80.0),
        (replace(SLOTS, profile="gthread", workers=1), in_slots(requests(200.0), 4), 200.0),
        (LOOP, on_loop(requests(500.0)), 500.0),
        (LOOP, on_loop(requests(1200.0)), 1200.0),
        (BLOCKED, on_loop(requests(7.0), blocking=True), 7.0),
        (BLOCKED, on_loop(requests(20.0), blocking=True), 20.0),
        (POOL, on_loop(requests(35.0), threads=4), 35.0),
        (POOL, on_loop(requests(80.0), threads=4), 80.0),
    ],
)
def test_the_whole_curve_is_that_of_the_known_server(
    calibration: Calibration, rows: Sequence[Row], rate: float
) -> None:
    trial = saved(calibration.profile, rows, rate, 20.0)
    main = [row.took or 0.0 for row in rows if row.stream == "load" and row.at >= 0.0]
    expected = dict(latency(np.array(main)).curve)

    found = replayed(trial, calibration)

    assert found is not None
    assert dict(found) == pytest.approx(expected, rel=0.005)
    assert len(expected) >= 10


def test_computing_slots_share_one_processor() -> None:
    """Four processes that compute for 10 ms are no more than one: waits as in one queue."""
    compute = replace(SLOTS, hold_ms=10.0, wait_ms=0.0, cpu_ms=10.0 + SERVER_MS, latency_ms=10.95)
    rows = in_slots(arrivals(Work(10.0), 80.0, 20.0), 1)

    found = replayed(saved("sync", rows, 80.0, 20.0), compute)

    assert found is not None
    expected = latency(np.array([row.took for row in rows if row.at >= 0.0])).curve
    assert dict(found) == pytest.approx(dict(expected), rel=0.01)


def test_two_loops_serve_two_at_a_time() -> None:
    rows = in_slots(arrivals(WORK, 15.0, 20.0), 2)
    two = replace(BLOCKED, workers=2, bystander_rps=0.0)

    found = replayed(saved("uvloop", rows, 15.0, 20.0), two)

    assert found is not None
    expected = latency(np.array([row.took for row in rows if row.at >= 0.0])).curve
    assert dict(found) == pytest.approx(dict(expected), rel=0.01)


def test_a_closed_load_has_no_schedule_of_its_own() -> None:
    trial = saved("sync", in_slots(requests(20.0), 4), 20.0, 20.0)
    users = UserStream(name="load", users=4, think_s=0.0, targets=())
    closed = replace(trial, plan=trial.plan.model_copy(update={"users": (users,)}))

    assert replayed(closed, SLOTS) is None


def test_a_trial_of_too_many_requests_is_not_played(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = in_slots(requests(20.0), 4)
    monkeypatch.setattr(replay, "MOST", len(rows))
    just, more = (saved("sync", some, 20.0, 20.0) for some in (rows, [*rows, Row(at=19_999.0)]))

    assert replayed(just, SLOTS) is not None
    assert replayed(more, SLOTS) is None


def test_who_was_never_sent_keeps_nobody_waiting() -> None:
    """Fifty arrive one by one, and between them a thousand that were dropped."""
    rows = [Row(at=200.0 * n, took=101.35) for n in range(50)]
    dropped = [Row(at=10.0 * n + 1.0, took=None, outcome=Outcome.DROPPED) for n in range(1000)]

    found = replayed(saved("sync", [*rows, *dropped], 5.0, 20.0), SLOTS)

    assert found is not None
    assert dict(found)[0.9] == pytest.approx(101.35, abs=0.001)


def test_each_kind_takes_what_it_asks_for() -> None:
    """One after another in one slot: the long one keeps the short one behind it waiting."""
    kinds = (Kind(0.5, 50.0, 50.4, 1.0), Kind(0.5, 150.0, 150.4, 1.0))
    mixed = replace(SLOTS, kinds=kinds, servers=1, bystander_rps=0.0)
    of = workload(
        Request(path="/wait", params={"ms": 50}), Request(path="/wait", params={"ms": 150})
    )
    urls = tuple(request.url for request in of.requests)
    samples = samples_of([Row(at=at) for at in (0.0, 1.0, 1000.0, 1001.0)])
    samples = replace(samples, urls=urls, url=np.array([1, 0, 0, 1], dtype=np.int32))

    found = latencies_ms(samples, urls, mixed)

    assert found == pytest.approx([151.35, 51.35 + 150.0, 51.35, 151.35 + 50.0])


@pytest.mark.parametrize("calibration", [SLOTS, BLOCKED])
def test_samples_need_not_be_in_order(calibration: Calibration) -> None:
    rows = in_slots(requests(35.0), 4)
    ordered, turned = (saved("sync", some, 35.0, 20.0) for some in (rows, rows[::-1]))

    assert replayed(turned, calibration) == replayed(ordered, calibration)

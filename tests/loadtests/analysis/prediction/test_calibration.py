"""Of a known server the calibration finds what it was made of."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from loadtests.analysis.instruments import RouteHold
from loadtests.analysis.prediction.calibration import calibrate
from loadtests.analysis.summary import Trial
from loadtests.workload import Request
from servers.budget import Budget
from tests.loadtests.analysis.prediction.known import (
    BACK_MS,
    BUDGET,
    SENT_MS,
    SERVER_MS,
    WAIT,
    Work,
    arrivals,
    calibrating,
    in_slots,
    on_loop,
    workload,
)

WORK = Work(cpu=0.4, wait=100.0)
LOW, MODERATE = 5.0, 25.0
OUTSIDE_MS = SENT_MS + SERVER_MS + BACK_MS


@cache
def slots_trials(aside: float = 0.0) -> tuple[Trial, ...]:
    return tuple(
        calibrating("sync", in_slots(arrivals(WORK, rate, 20.0, seed, aside), 4), rate, number=seed)
        for seed, rate in ((1, LOW), (2, MODERATE))
    )


@cache
def loop_trials(
    low: float = 50.0, moderate: float = 500.0, idle_ms: float = 0.0
) -> tuple[Trial, ...]:
    return tuple(
        calibrating(
            "asgi",
            on_loop(arrivals(WORK, rate, 20.0, seed, aside=25.0)),
            rate,
            number=seed,
            idle_ms=idle_ms,
        )
        for seed, rate in ((1, low), (2, moderate))
    )


@pytest.mark.parametrize("aside", [0.0, 25.0])
def test_the_parts_of_a_request_in_a_slot_are_found(aside: float) -> None:
    found = calibrate("sync", WAIT, BUDGET, slots_trials(aside))

    assert found is not None
    assert found.trials == (1, 2)
    assert found.hold_ms == pytest.approx(WORK.cpu + WORK.wait, rel=1e-3)
    assert found.wait_ms == pytest.approx(WORK.wait, rel=1e-3)
    assert found.cpu_ms == pytest.approx(WORK.cpu + SERVER_MS, rel=0.05)
    assert found.outside_ms == pytest.approx(OUTSIDE_MS, abs=0.02)
    assert found.latency_ms == pytest.approx(OUTSIDE_MS + WORK.cpu + WORK.wait, abs=0.02)
    assert found.servers == 4
    assert found.bystander_rps == pytest.approx(aside, rel=0.1)
    assert found.bystander_ms == pytest.approx(SERVER_MS + 0.2 if aside else 0.0, rel=0.05)


def test_a_loop_is_held_for_the_processor_time_only_and_has_no_limit() -> None:
    found = calibrate("asgi", WAIT, BUDGET, loop_trials())

    assert found is not None
    assert found.hold_ms == pytest.approx(WORK.cpu, rel=1e-3)
    # Some wait for the loop once they have waited: at low load that is nearly nothing.
    assert found.wait_ms == pytest.approx(WORK.wait, rel=1e-3)
    assert found.cpu_ms == pytest.approx(WORK.cpu + SERVER_MS, rel=0.05)
    assert found.servers is None


def test_what_a_server_uses_without_requests_is_not_the_requests() -> None:
    """5 % of a processor: of 75 requests/s each would seem to take 0.67 ms more than it does."""
    found = calibrate("asgi", WAIT, BUDGET, loop_trials(low=10.0, idle_ms=50.0))
    near = calibrate("asgi", WAIT, BUDGET, loop_trials(moderate=75.0, idle_ms=50.0))

    assert found is not None
    assert found.cpu_ms == pytest.approx(WORK.cpu + SERVER_MS, rel=0.05)
    # Loads that are close to one another do not tell the two apart.
    assert near is not None
    assert near.cpu_ms > 1.4 * (WORK.cpu + SERVER_MS)


def test_a_queue_at_low_load_is_not_taken_for_the_way_there() -> None:
    """At 60 % of a loop that is blocked most requests queue, for 60 ms on average."""
    blocking = workload(Request(path="/blocking", params={"ms": 80}), name="blocking")
    rows = on_loop(arrivals(Work(0.4, 80.0), 7.5, 20.0), blocking=True)
    trial = calibrating("asgi", rows, 7.5, of=blocking)

    found = calibrate("asgi", blocking, BUDGET, [trial])

    assert trial.split is not None
    assert trial.split.all.queue_ms > 30.0
    assert found is not None
    assert found.outside_ms == pytest.approx(OUTSIDE_MS, abs=0.1)
    assert found.hold_ms == pytest.approx(80.4, rel=1e-3)


def test_of_a_load_that_is_too_much_nothing_is_taken() -> None:
    """4 slots answer 40 of 100 requests/s: what these take is that of the low load."""
    overload = calibrating(
        "sync", in_slots(arrivals(WORK, 100.0, 20.0, 3), 4), 100.0, number=3, cpu_s=90.0
    )

    with_it = calibrate("sync", WAIT, BUDGET, [*slots_trials(), overload])

    assert with_it == calibrate("sync", WAIT, BUDGET, slots_trials())


@pytest.mark.parametrize(
    "change",
    [
        {"role": "sweep"},
        {"valid": False},
        {"split": None},
        {"cpu_s": None},
        {"profile": "gthread"},
        {"workload": "other"},
    ],
)
def test_without_a_trial_that_counts_there_is_none(change: dict[str, object]) -> None:
    trials = [replace(trial, **change) for trial in slots_trials()]  # type: ignore[arg-type]

    assert calibrate("sync", WAIT, BUDGET, trials) is None


def test_requests_that_go_to_different_places_are_not_told_apart() -> None:
    """On a loop one of them waits in it and one in a pool; in slots both do the same."""
    mixed = workload(Request(path="/wait"), Request(path="/offload"))
    trials = [*loop_trials(), *slots_trials()]

    assert calibrate("asgi", mixed, BUDGET, trials) is None
    assert calibrate("sync", mixed, BUDGET, trials) is not None


@pytest.mark.parametrize(
    ("profile", "path", "servers"),
    [
        ("gthread", "/wait", 6),
        ("gevent", "/blocking", None),
        ("asgi", "/offload", 6),
        ("asgi", "/blocking", None),
        ("asgi", "/cpu-offload", 3),
        ("hybrid", "/blocking", 6),
        ("hybrid", "/cpu", 3),
        ("hybrid", "/wait", None),
    ],
)
def test_as_many_can_be_in_hand_as_their_place_has(
    profile: str, path: str, servers: int | None
) -> None:
    trials = [replace(trial, profile=profile) for trial in loop_trials()]
    budget = Budget(slots=6, pool_processes=3)

    found = calibrate(profile, workload(Request(path=path)), budget, trials)

    assert found is not None
    assert found.servers == servers


def test_the_cost_of_being_asked_is_that_of_the_benchmark() -> None:
    """A trivial request costs 0.8 ms; where the instruments leave 4/5 of the throughput: 0.16."""
    observer = {"asgi.full": {"median": 0.8}, "sync.full": {"median": 1.07}}

    asgi = calibrate("asgi", WAIT, BUDGET, loop_trials(), observer)
    sync = calibrate("sync", WAIT, BUDGET, slots_trials(aside=25.0), observer)

    assert asgi is not None
    assert asgi.stamp_ms == pytest.approx(0.16, rel=0.05)
    assert sync is not None
    assert sync.stamp_ms == 0.0


def test_the_hold_of_different_requests_on_a_loop_is_what_the_workers_counted() -> None:
    """Nine in ten hold it for 0.4 ms and one for 20.4: 2.4 ms on average."""
    of = workload(Request(path="/wait", weight=9.0), Request(path="/cpu"))
    holds = (
        RouteHold("/cpu", 100, 20.4, None, 0.5),
        RouteHold("/wait", 900, 0.4, None, 0.3),
        RouteHold("/hello", 500, 9.0, None, 0.2),
    )
    trials = [replace(trial, holds=holds) for trial in loop_trials()]

    found = calibrate("asgi", of, BUDGET, trials)

    assert found is not None
    assert found.hold_ms == pytest.approx(2.4)


def test_different_requests_differ_by_what_they_ask_for() -> None:
    """One in five waits 180 ms, the others 80: their mean is what was measured."""
    of = workload(
        Request(path="/wait", params={"ms": 80}, weight=4.0),
        Request(path="/wait", params={"ms": 180}, weight=1.0),
    )
    rows = in_slots(arrivals([(0.8, Work(0.4, 80.0)), (0.2, Work(0.4, 180.0))], 10.0, 100.0), 4)
    found = calibrate("sync", of, BUDGET, [calibrating("sync", rows, 10.0, 100.0, of)])

    assert found is not None
    short, long = found.kinds
    assert (short.share, long.share) == pytest.approx((0.8, 0.2))
    assert long.wait_ms - short.wait_ms == pytest.approx(100.0)
    assert short.wait_ms == pytest.approx(80.0, abs=4.0)
    assert long.hold_ms == pytest.approx(180.4, abs=4.0)
    assert long.cpu_ms == pytest.approx(short.cpu_ms)

"""What requests queue for, and which of it is the limit: by hand from what each takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadtests.analysis.predicted import Calibration, Kind
from loadtests.analysis.prediction.stations import Station, alone_ms, limiting, model_of, stations

SYNC = Calibration(
    profile="sync", workload="wait", trials=(1, 2), latency_ms=101.0, hold_ms=100.4, wait_ms=100.0,
    cpu_ms=1.0, outside_ms=0.6, servers=4, workers=4,
)  # fmt: skip
ASGI = replace(SYNC, profile="asgi", hold_ms=0.4, servers=None, workers=1)
BLOCKING = replace(ASGI, hold_ms=100.4)
OFFLOAD = replace(ASGI, profile="hybrid", hold_ms=0.5, latency_ms=101.2, servers=4)
COMPUTE = replace(SYNC, hold_ms=10.4, wait_ms=0.0, cpu_ms=11.0, latency_ms=11.0)


@pytest.mark.parametrize(
    ("calibration", "limit", "capacity_rps", "model"),
    [
        # A slot is taken for 100 ms of waiting and 1 ms of processor time.
        (SYNC, "slots", 4 / 0.101, "M/D/4: 4 slots"),
        (replace(SYNC, profile="gthread", workers=1), "slots", 4 / 0.101, "M/D/4: 4 slots"),
        # A loop is taken for 1 ms of processor time, of which 0.4 ms are in the application.
        (ASGI, "loop", 1 / 0.001, "infinite server before a loop, M/D/1"),
        (replace(ASGI, profile="gevent"), "loop", 1000.0, "infinite server before a loop, M/D/1"),
        (BLOCKING, "loop", 1 / 0.101, "infinite server before a loop, M/D/1"),
        # A thread has it for what of 100.6 ms in the application is not on the loop.
        (OFFLOAD, "threads", 4 / 0.1001, "a loop before 4 places in a pool, M/D/4"),
        # 4 processes on one processor compute no more than one.
        (COMPUTE, "cpu", 1 / 0.011, "one processor, M/D/1"),
        # So many slots that the processor is short before them.
        (replace(SYNC, servers=256), "cpu", 1000.0, "one processor, M/D/1"),
    ],
)
def test_the_limit_is_what_is_short_first(
    calibration: Calibration, limit: str, capacity_rps: float, model: str
) -> None:
    station = limiting(calibration)

    assert station.limit == limit
    assert station.capacity_rps == pytest.approx(capacity_rps)
    assert model_of(station) == model


def test_a_computation_in_a_pool_leaves_the_loop_free_and_takes_the_processor() -> None:
    """10 ms in a process, 0.5 ms on the loop, 0.6 ms of the server: 11.1 ms of the processor."""
    offloaded = Calibration(
        profile="asgi", workload="compute", trials=(1,), latency_ms=11.0, hold_ms=0.5, wait_ms=0.1,
        cpu_ms=11.1, outside_ms=0.4, servers=2,
    )  # fmt: skip

    found = {station.limit: station.service_ms for station in stations(offloaded)}

    assert found == pytest.approx({"loop": 1.1, "threads": 10.1, "cpu": 11.1})
    assert limiting(offloaded).limit == "cpu"


def test_the_bystander_takes_its_work_from_the_capacity_but_not_from_a_pool_s() -> None:
    """25 requests/s of 2 ms are 5 % of a processor."""
    asgi, sync, offload = (
        replace(one, bystander_rps=25.0, bystander_ms=2.0) for one in (ASGI, SYNC, OFFLOAD)
    )

    assert limiting(asgi).capacity_rps == pytest.approx(950.0)
    assert limiting(sync).capacity_rps == pytest.approx((4 - 0.05) / 0.101)
    assert limiting(offload).capacity_rps == limiting(OFFLOAD).capacity_rps


def test_at_high_rates_not_every_request_pays_for_being_asked() -> None:
    """Of 0.5 ms a request 0.1 ms are for being asked: 400 a second are, and pay 0.04 s of each."""
    fast = replace(ASGI, hold_ms=0.2, wait_ms=100.2, latency_ms=101.0, cpu_ms=0.5, stamp_ms=0.1)
    fast, slow = replace(fast, stamped_rps=400.0), replace(ASGI, cpu_ms=4.0)

    assert limiting(fast).capacity_rps == pytest.approx(2400.0)
    assert limiting(replace(fast, stamped_rps=0.0)).capacity_rps == pytest.approx(2500.0)
    assert limiting(replace(fast, stamped_rps=9e9)).capacity_rps == pytest.approx(2000.0)
    assert limiting(slow).capacity_rps == pytest.approx(250.0)
    assert limiting(replace(slow, stamp_ms=0.1)) == limiting(slow)


def test_kinds_differ_at_a_station_as_their_work_there_does() -> None:
    """Half wait 50 ms and half 150: a slot's service varies as much, a loop's does not."""
    kinds = (Kind(0.5, 50.0, 50.4, 1.0), Kind(0.5, 150.0, 150.4, 1.0))
    on_loop = tuple(replace(kind, hold_ms=0.4) for kind in kinds)

    slots, loop = limiting(replace(SYNC, kinds=kinds)), limiting(replace(ASGI, kinds=on_loop))

    assert slots.service_ms == pytest.approx(101.0)
    assert slots.cs2 == pytest.approx(50.0**2 / 101.0**2)
    assert model_of(slots) == "M/G/4: 4 slots"
    assert loop.cs2 == 0.0
    assert [alone_ms(SYNC, kind) for kind in kinds] == pytest.approx([51.0, 151.0])


def test_a_bystander_that_is_too_much_leaves_nothing() -> None:
    assert Station("cpu", 1, 10.0, 0.0, aside_rps=150.0).capacity_rps == 0.0

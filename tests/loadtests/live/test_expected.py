"""What theory expects of a twin, against figures that are known."""

from __future__ import annotations

import math

import pytest

from loadtests.live import expected as theory
from loadtests.live.asked import Asked
from loadtests.live.controls import Controls
from loadtests.live.expected import Expected
from loadtests.theory.constant import wait_quantile_mdc
from loadtests.workload import Request
from servers.budget import Budget
from servers.profiles import PROFILES

EIGHT = Budget(slots=8, workers=1)


def expected(profile: str, budget: Budget, asked: Asked, own_ms: float) -> Expected:
    """Where there is an expectation."""
    found = theory.expected(profile, budget, asked, own_ms)
    assert found is not None
    return found


def test_threads_are_a_queue_with_as_many_servers() -> None:
    found = expected("gthread", EIGHT, Controls(rate=60, work_ms=99).asked, own_ms=1.0)

    assert found.capacity_rps == pytest.approx(80.0)
    assert found.model == "M/D/8: 8 slots"
    wait_ms = 1000.0 * wait_quantile_mdc(0.99, 60.0, 0.1, 8)
    assert found.p99_ms == pytest.approx(100.0 + wait_ms)


def test_a_loop_waits_for_all_at_once() -> None:
    found = expected("uvloop", EIGHT, Controls(rate=100, work_ms=100).asked, own_ms=0.5)

    assert found.capacity_rps == pytest.approx(2000.0)
    assert found.p99_ms < 102.0


@pytest.mark.parametrize(("profile", "capacity"), [("uvloop", 20.0), ("gthread", 160.0)])
def test_what_blocks_holds_a_loop_and_one_thread_of_many(profile: str, capacity: float) -> None:
    asked = Controls(workload="block", work_ms=49, rate=10).asked

    assert expected(profile, EIGHT, asked, own_ms=1.0).capacity_rps == pytest.approx(capacity)


@pytest.mark.parametrize(
    ("params", "threads_ms", "loop_ms"),
    [
        ({"ms": 49}, 49, 49),
        ({"calls": 3, "ms": 20}, 60, 20),
        ({"calls": 3, "ms": 20, "threads": 3}, 20, 20),
        ({"calls": 5, "ms": 20, "threads": 2}, 60, 20),
        ({}, 10, 10),
    ],
)
def test_a_call_is_waited_for_in_a_thread_and_beside_a_loop(
    params: dict[str, int], threads_ms: float, loop_ms: float
) -> None:
    asked = Asked((Request(path="/downstream", params=params),), rate=1.0)

    threads, loop = (expected(name, EIGHT, asked, own_ms=1.0) for name in ("gthread", "uvloop"))

    assert threads.capacity_rps == pytest.approx(8000 / (threads_ms + 1))
    assert loop.capacity_rps == pytest.approx(1000.0)
    assert loop.p50_ms == pytest.approx(loop_ms + 1, abs=0.5)


def test_a_pool_takes_what_blocks_off_the_loop() -> None:
    asked = Controls(workload="block", work_ms=50, rate=10).asked

    found = expected("hybrid", EIGHT, asked, own_ms=1.0)

    # Eight threads, for 50 ms each and what the request costs in the application.
    assert 150.0 < found.capacity_rps <= 160.0


@pytest.mark.parametrize("profile", PROFILES)
def test_a_processor_computes_one_request_after_another_everywhere(profile: str) -> None:
    asked = Controls(workload="compute", work_ms=19, rate=10).asked

    assert expected(profile, EIGHT, asked, own_ms=1.0).capacity_rps == pytest.approx(50.0, rel=0.06)


def test_beyond_the_capacity_a_queue_only_grows() -> None:
    found = expected("gthread", EIGHT, Controls(rate=90).asked, own_ms=1.0)

    assert math.isinf(found.p99_ms)
    assert math.isinf(found.p50_ms)


def test_closed_users_wait_as_the_capacity_makes_them() -> None:
    few = Controls(mode="closed", users=10, work_ms=99).asked
    many = Controls(mode="closed", users=200, work_ms=99).asked

    assert expected("gthread", EIGHT, few, own_ms=1.0).p50_ms == pytest.approx(100.0)
    # 200 users who think for a second, 80 requests a second: 200 / 80 - 1.
    assert expected("gthread", EIGHT, many, own_ms=1.0).p50_ms == pytest.approx(1500.0)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_mix_has_a_capacity_on_every_profile(profile: str) -> None:
    found = expected(profile, EIGHT, Controls(workload="mixed", rate=5).asked, own_ms=1.0)

    assert found.capacity_rps > 5
    assert 100.0 <= found.p50_ms <= found.p99_ms < math.inf


@pytest.mark.parametrize("profile", ["sync", "gthread", "gevent", "uvloop", "hybrid"])
@pytest.mark.parametrize(
    "table",
    [
        # Accepted in milliseconds, however long the work takes that is done later.
        {"path": "/jobs", "method": "POST", "params": {"ms": 100}},
        {"path": "/upload", "body_bytes": 1_000_000},
        {"path": "/stream", "params": {"events": 10}},
        {"path": "/db", "params": {"ms": 100}},
    ],
)
def test_of_what_does_not_tell_how_long_it_takes_nothing_is_expected(
    profile: str, table: dict[str, object]
) -> None:
    untold, wait = Request.model_validate(table), Request(path="/wait")

    for requests in ((untold,), (wait, untold)):
        assert theory.expected(profile, EIGHT, Asked(requests, rate=90.0), own_ms=1.0) is None

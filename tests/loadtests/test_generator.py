"""A plan run to its end against a server that notes what it is asked."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import pytest

from loadtests.engine.engine import Engine
from loadtests.engine.generator import Share, generate, planned
from loadtests.plan import Capture, GeneratorPlan
from tests.loadtests.proof import drive
from tests.loadtests.stub import OK, noting, serving_aside

pytestmark = pytest.mark.slow
STAMP = b"X-Request-Start: t="
TRACE = re.compile(rb"traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-01\r\n")
ANSWER = OK.replace(b"\r\n\r\n", b'\r\nServer-Timing: queue;dur=0.125, worker;desc="31"\r\n\r\n')
SHORT: dict[str, Any] = {"warmup_s": 0.1, "measure_s": 0.5, "drain_s": 5.0}


def heads_of(shares: int = 1, **changes: Any) -> tuple[GeneratorPlan, list[list[bytes]], list[Any]]:
    """Run a short plan, share after share; its heads and its rows by share."""
    heads: list[bytes] = []
    with serving_aside(noting(heads, ANSWER)) as port:
        by_share, rows = [], []
        for number in range(shares):
            heads.clear()
            driven = drive.drive(drive.plan(port, **{**SHORT, **changes}), Share(number, shares))
            by_share.append(list(heads))
            rows.append(driven.rows)
    return driven.plan, by_share, rows


def captured(heads: Sequence[bytes]) -> list[tuple[int, int]]:
    """The traces and the times in the heads, ascending."""
    found = [TRACE.search(head) for head in heads]
    return sorted((int(one[1], 16), int(one[2], 16)) for one in found if one)


def test_every_request_of_a_moderate_plan_is_stamped_and_its_split_recorded() -> None:
    _, (heads,), (rows,) = heads_of(rate=200.0)

    assert len(heads) == len(rows) > 100
    assert all(STAMP in head for head in heads)
    assert set(rows["queue_us"].tolist()) == {125 + 1}
    assert set(rows["worker"].tolist()) == {31}
    assert set(rows["cpu_us"].tolist()) == {0}, "not measured"


def test_a_plan_that_asks_for_no_split_stamps_nothing() -> None:
    _, (heads,), (rows,) = heads_of(rate=400.0, stamped_rps=0.0)

    assert len(heads) > 100
    assert not any(STAMP in head for head in heads)
    assert set(rows["worker"].tolist()) == {0}


def test_a_faster_plan_stamps_a_part_that_its_seed_decides() -> None:
    counts = []
    for seed in (1, 1, 2, 3):
        _, (heads,), (rows,) = heads_of(rate=400.0, stamped_rps=100.0, seed=seed)
        stamped = sum(STAMP in head for head in heads)
        assert stamped == (rows["worker"] == 31).sum()
        assert stamped == pytest.approx(len(heads) / 4, abs=5 * math.sqrt(len(heads) * 3 / 16))
        counts.append(stamped)

    assert counts[0] == counts[1]
    assert len(set(counts)) > 1


def test_each_process_takes_its_share_of_stamps_and_captures() -> None:
    """At 400/s and 100 stamps a second, each of two processes sends and asks half as many."""
    _, by_share, _ = heads_of(
        2, rate=400.0, stamped_rps=100.0, capture=Capture(from_s=0.2, count=5)
    )

    for heads in by_share:
        stamped = sum(STAMP in head for head in heads) - 3
        assert stamped == pytest.approx(len(heads) / 4, abs=5 * math.sqrt(len(heads) * 3 / 16))
        assert len(captured(heads)) == math.ceil(5 / 2)


@pytest.mark.parametrize("stamped_rps", [0.0, 1_000.0])
def test_the_first_requests_after_a_while_are_captured(stamped_rps: float) -> None:
    plan, (heads,), _ = heads_of(
        rate=300.0, stamped_rps=stamped_rps, capture=Capture(from_s=0.2, count=20)
    )

    due = [plan.origin_ns + at_ns for at_ns in planned(plan).intended_ns if at_ns >= 200_000_000]
    assert captured(heads) == [(plan.seed, at_ns) for at_ns in due[:20]]
    assert all(STAMP in head for head in heads if TRACE.search(head))


def test_closed_users_are_stamped_and_captured_too() -> None:
    plan, (heads,), (rows,) = heads_of(users=2, think_s=0.01, capture=Capture(from_s=0.2, count=10))

    assert all(STAMP in head for head in heads)
    after = plan.origin_ns + 200_000_000
    intended = sorted(at for at in (rows["intended_ns"] + plan.origin_ns).tolist() if at >= after)
    assert captured(heads) == [(plan.seed, at_ns) for at_ns in intended[:10]]


def test_another_thread_is_handed_the_engine_before_it_sends() -> None:
    """Its counts are right when everything has ended."""
    engines: list[Engine] = []
    at_first: list[tuple[int, int]] = []

    def begin(engine: Engine) -> None:
        engines.append(engine)
        at_first.append((engine.in_flight, engine.recorder.recorded))

    with serving_aside(noting([], ANSWER)) as port:
        report = generate(drive.from_now(drive.plan(port, rate=100.0, **SHORT)), begin)

    (engine,) = engines
    assert at_first == [(0, 0)]
    assert engine.in_flight == 0
    assert engine.recorder.recorded == report.scheduled > 20
    assert engine.connections_opened == report.connections >= 1

"""The split: its parts add up to the latency, whatever the samples say."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.analysis.instruments import Parts
from loadtests.analysis.split import measured, parts_of, split_of
from loadtests.analysis.trial import summarize
from loadtests.samples import Outcome
from tests.loadtests.analysis.saved import Row, samples_of, trial_of

ROW = Row(at=100.0, took=120.0, late=2.0, connect=3.0, queue=5.0, cpu=1.0, wait=100.0, worker=7)
DAY_MS = 86_400_000.0
ms = st.floats(-DAY_MS, DAY_MS)
rows = st.builds(
    Row, at=ms, took=ms, late=ms, connect=ms, queue=ms, cpu=ms, wait=ms, worker=st.just(7)
)
PARTS = ("lateness", "connect", "queue", "cpu", "wait", "return", "remainder")


def values(parts: Parts) -> dict[str, float]:
    return {name: getattr(parts, f"{name}_ms") for name in PARTS}


def test_each_part_is_where_the_time_was_spent() -> None:
    parts = parts_of(samples_of([ROW]))

    assert parts.latency_ms == 120.0
    assert values(parts) == {
        "lateness": 2.0,
        "connect": 3.0,
        "queue": 5.0,
        "cpu": 1.0,
        "wait": 100.0,
        # 120 - 2 - 3 from the send to the answer, of which 106 are the server's.
        "return": 9.0,
        "remainder": 0.0,
    }


def test_the_parts_of_several_requests_are_means() -> None:
    other = dataclasses.replace(ROW, took=140.0, queue=25.0)

    parts = parts_of(samples_of([ROW, other]))

    assert (parts.requests, parts.latency_ms) == (2, 130.0)
    assert (parts.queue_ms, parts.return_ms) == (15.0, 9.0)


def test_a_negative_return_is_shown_as_zero_and_as_a_remainder() -> None:
    early = dataclasses.replace(ROW, wait=109.5)

    parts = parts_of(samples_of([early, ROW]))

    assert parts.return_ms == 4.5
    assert parts.remainder_ms == -0.25
    assert sum(values(parts).values()) == pytest.approx(parts.latency_ms)


@given(st.lists(rows, min_size=1, max_size=30))
def test_the_parts_add_up_to_the_latency_of_any_samples(found: list[Row]) -> None:
    parts = parts_of(samples_of(found))

    shown = values(parts)
    scale = max(1.0, *map(abs, shown.values()))
    assert sum(shown.values()) == pytest.approx(parts.latency_ms, abs=1e-12 * scale)
    assert all(value >= 0.0 for name, value in shown.items() if name != "remainder")
    assert shown["remainder"] <= 0.0


def test_only_completed_requests_that_were_measured_have_a_split() -> None:
    failed = dataclasses.replace(ROW, outcome=Outcome.FAILED)
    unmeasured = [dataclasses.replace(ROW, queue=None), dataclasses.replace(ROW, wait=None)]

    split = split_of(samples_of([ROW, *unmeasured, failed, Row(at=5.0)]))

    assert split is not None
    assert split.all.requests == 1
    assert split.stamped == 0.25
    assert split_of(samples_of([Row(at=5.0), failed])) is None
    assert len(measured(samples_of([failed])).done_ns) == 0


def test_the_slowest_hundredth_is_split_apart_where_it_has_ten_requests() -> None:
    quick = [dataclasses.replace(ROW, at=float(n)) for n in range(990)]
    slow = [dataclasses.replace(ROW, at=5000.0 + n, took=1115.0, queue=1000.0) for n in range(10)]

    enough, few = split_of(samples_of([*quick, *slow])), split_of(samples_of([*quick[1:], *slow]))

    assert enough is not None
    assert enough.slowest is not None
    assert (enough.slowest.requests, enough.slowest.queue_ms) == (10, 1000.0)
    assert enough.all.queue_ms == (990 * 5.0 + 10 * 1000.0) / 1000
    assert few is not None
    assert (few.all.requests, few.slowest) == (999, None)


def test_of_equally_slow_requests_the_last_are_the_slowest() -> None:
    rows = [dataclasses.replace(ROW, at=float(n), queue=float(n)) for n in range(1005)]
    rows[3] = dataclasses.replace(ROW, at=3.0, took=500.0, queue=7.0)

    split = split_of(samples_of(rows))

    assert split is not None
    assert split.slowest is not None
    assert split.slowest.requests == 10
    assert split.slowest.queue_ms == pytest.approx((7.0 + sum(range(996, 1005))) / 10)


def test_a_trial_without_instruments_says_nothing_of_them() -> None:
    trial = summarize(trial_of([Row(at=10.0 * n) for n in range(100)]))

    assert (trial.queue_ms, trial.hold_ms, trial.step_ms, trial.split) == (None, None, None, None)
    assert (trial.holds, trial.workers, trial.held_lines, trial.courses) == ((), (), (), ())
    assert (trial.server_side, trial.laws) == (None, ())
    assert [warning.code for warning in trial.warnings] == ["few_samples"]


def test_queue_hold_and_step_are_quantiles_of_the_main_stream_in_the_window() -> None:
    seen = [
        dataclasses.replace(ROW, at=10.0 * n, queue=n / 10, hold=n / 100, step=n / 1000)
        for n in range(401)
    ]
    others = [
        dataclasses.replace(ROW, at=-50.0, queue=9000.0),
        dataclasses.replace(ROW, stream="bystander", queue=9000.0),
        dataclasses.replace(ROW, queue=None, hold=None, step=None),
    ]

    trial = summarize(trial_of([*seen, *others]))

    assert trial.queue_ms is not None
    assert trial.hold_ms is not None
    assert trial.step_ms is not None
    assert (trial.queue_ms.p50, trial.queue_ms.max) == (20.0, 40.0)
    assert trial.queue_ms.lower_bound_from_ms is None
    assert (trial.hold_ms.p50, trial.step_ms.p50) == (2.0, 0.2)

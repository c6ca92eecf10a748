"""A trial's summary against samples whose every figure is known."""

from __future__ import annotations

import dataclasses

import pytest

from loadtests.analysis.summary import Requests
from loadtests.analysis.trial import summarize
from loadtests.samples import ErrorKind, Outcome
from tests.loadtests.analysis.saved import Row, trial_of, usage, with_server


def test_only_what_was_intended_in_the_window_counts() -> None:
    warmup = [Row(at=-500.0, took=9000.0)] * 10
    window = [Row(at=100.0 * n, took=20.0) for n in range(100)]

    trial = summarize(trial_of(warmup + window))

    assert trial.requests == Requests(100, 100, 0, 0, 0)
    assert trial.offered_rps == 10.0
    assert trial.latency_ms.p50 == 20.0
    assert trial.latency_ms.max == 20.0


def test_the_achieved_rate_counts_answers_in_the_window_whenever_they_were_intended() -> None:
    """A backlog that is worked off in the drain is not throughput of the window."""
    from_warmup = [Row(at=-100.0, took=200.0)] * 5
    inside = [Row(at=1000.0, took=50.0)] * 20
    after = [Row(at=9000.0, took=5000.0)] * 30

    trial = summarize(trial_of(from_warmup + inside + after))

    assert trial.achieved_rps == 2.5
    assert trial.requests.completed == 50


def test_failures_are_counted_by_kind_and_never_enter_the_latency() -> None:
    rows = [
        *[Row(at=10.0 * n, took=30.0) for n in range(50)],
        *[Row(at=1.0, took=1.0, outcome=Outcome.FAILED, error=ErrorKind.RESET, status=0)] * 3,
        *[Row(at=1.0, took=1.0, outcome=Outcome.FAILED, error=ErrorKind.STATUS, status=503)] * 4,
        Row(at=2.0, took=None, outcome=Outcome.DROPPED, status=0),
    ]

    trial = summarize(trial_of(rows))

    assert trial.requests == Requests(58, 50, 7, 1, 0)
    assert trial.errors == {"reset": 3, "status 503": 4}
    assert (trial.latency_ms.p50, trial.latency_ms.p90, trial.latency_ms.max) == (30.0, 30.0, 30.0)


def test_a_censored_request_counts_with_its_age() -> None:
    """Leaving the slowest out would make a saturated server look quick."""
    rows = [
        *[Row(at=0.0, took=10.0)] * 40,
        *[Row(at=0.0, took=4000.0, outcome=Outcome.CENSORED, status=0)] * 60,
    ]

    trial = summarize(trial_of(rows))

    assert trial.requests.censored == 60
    assert trial.latency_ms.p50 == 4000.0
    assert trial.latency_ms.lower_bound_from_ms == 4000.0


def test_the_bystander_is_reported_on_its_own() -> None:
    rows = [
        *[Row(at=10.0 * n, took=100.0) for n in range(50)],
        *[Row(at=10.0 * n, took=2.0, stream="bystander") for n in range(40)],
    ]

    trial = summarize(trial_of(rows))

    assert trial.requests.scheduled == 50
    assert trial.bystander is not None
    assert trial.bystander.requests.scheduled == 40
    assert trial.bystander.latency_ms.p90 == 2.0


def test_latency_counts_from_the_intended_time_and_lateness_leaves_connecting_out() -> None:
    rows = [Row(at=10.0 * n, took=50.0, late=3.0, connect=7.0) for n in range(400)]

    trial = summarize(trial_of(rows))

    assert trial.latency_ms.p99 == 50.0
    assert trial.lateness_p99_ms == 3.0


def test_cpu_is_that_of_the_window_interpolated_at_its_edges() -> None:
    """The window is 5 s to 15 s of the clock."""
    points = usage((4.0, 1.0, 30), (6.0, 2.0, 50), (14.0, 6.0, 45), (16.0, 8.0, 40))

    trial = summarize(with_server(trial_of([Row(at=0.0)]), usage=points))

    assert trial.cpu_s == pytest.approx(7.0 - 1.5)
    assert trial.rss_mb == 50.0


def test_the_timeline_shows_a_backlog_that_grows() -> None:
    """Offered ten a second; the n-th answer comes at 150·n ms, after 50·n ms."""
    rows = [Row(at=100.0 * n, took=50.0 * n) for n in range(100)]

    timeline = summarize(trial_of(rows)).timeline

    assert len(timeline) == 20
    assert {instant.offered_rps for instant in timeline} == {10.0}
    assert [instant.achieved_rps for instant in timeline[:3]] == [8.0, 6.0, 6.0]
    slowest = [instant.max_ms for instant in timeline]
    assert (slowest[0], slowest[-1]) == (150.0, 3300.0)


def test_an_instant_has_its_first_moment_and_not_its_last() -> None:
    """Slices of half a second; what is offered or answered at the window's end is in none."""
    rows = [Row(at=at, took=0.0) for at in (-0.001, 0.0, 499.999, 500.0, 9999.999, 10_000.0)]

    timeline = summarize(trial_of(rows)).timeline

    for rate in ("offered_rps", "achieved_rps"):
        rates = [getattr(instant, rate) for instant in timeline]
        assert (rates[0], rates[1], rates[-1]) == (4.0, 2.0, 2.0)
        assert sum(rates) == 8.0


def test_an_instant_has_the_latencies_of_the_answers_in_it() -> None:
    """In whatever order they came, and however many failed meanwhile."""
    slow = [Row(at=1000.0 - n, took=600.0 + n) for n in range(10)]
    quick = [Row(at=1600.0 + n, took=float(n)) for n in reversed(range(11))]
    failed = Row(at=1600.0, took=390.0, outcome=Outcome.FAILED, error=ErrorKind.RESET, status=0)

    timeline = summarize(trial_of([*quick, failed, *slow])).timeline

    assert timeline[3].achieved_rps == 42.0
    assert (timeline[3].p50_ms, timeline[3].max_ms) == (10.0, 609.0)
    assert (timeline[2].achieved_rps, timeline[2].p50_ms, timeline[2].max_ms) == (0.0, None, None)


def test_a_last_slice_that_is_shorter_has_a_rate_of_its_own() -> None:
    trial = trial_of([Row(at=1100.0, took=5.0)] * 8)
    plan = trial.plan.model_copy(update={"measure_s": 1.2})

    timeline = summarize(dataclasses.replace(trial, plan=plan)).timeline

    assert [instant.start_s for instant in timeline] == [0.0, 0.5, 1.0]
    assert [instant.achieved_rps for instant in timeline] == [0.0, 0.0, 40.0]

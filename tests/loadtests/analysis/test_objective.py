"""What a probe says: each part of an objective missed on purpose, and met."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadtests.analysis.objective import ended_of, failed
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.trial import summarize
from loadtests.deciding import Objective
from loadtests.matrix import BYSTANDER
from loadtests.samples import ErrorKind, Outcome
from tests.loadtests.analysis.saved import Row, trial_of, with_generator

OBJECTIVE = Objective(p99_ms=250.0, error_share=0.001, achieved_share=0.99)


def steady(count: int = 1000, took: float = 100.0) -> list[Row]:
    """Equally spaced over a second of warm-up and the ten of the window."""
    return [Row(at=-1000.0 + 11_000.0 * n / count, took=took) for n in range(count)]


def test_a_steady_trial_within_its_limits_meets_the_objective() -> None:
    assert failed(trial_of(steady()), OBJECTIVE) == ()


@pytest.mark.parametrize(("slow", "missed"), [(9, ()), (10, ("p99 > 250 ms",))])
def test_one_request_in_a_hundred_may_be_late_and_no_more(
    slow: int, missed: tuple[str, ...]
) -> None:
    """Of the 909 requests in the window."""
    rows = steady()
    rows[200 : 200 + slow] = [replace(row, took=300.0) for row in rows[200 : 200 + slow]]
    assert failed(trial_of(rows), OBJECTIVE) == missed


def test_a_request_that_was_never_answered_is_late_by_its_age() -> None:
    rows = steady()
    rows[-20:] = [replace(row, took=400.0, outcome=Outcome.CENSORED) for row in rows[-20:]]
    assert "p99 > 250 ms" in failed(trial_of(rows), OBJECTIVE)


@pytest.mark.parametrize(("lost", "missed"), [(1, ()), (2, ("errors > 0.1 %",))])
def test_failures_are_counted_beyond_the_one_that_says_nothing(
    lost: int, missed: tuple[str, ...]
) -> None:
    rows = steady()
    rows[500 : 500 + lost] = [
        replace(row, outcome=Outcome.FAILED, error=ErrorKind.STATUS, status=503)
        for row in rows[500 : 500 + lost]
    ]
    assert failed(trial_of(rows), OBJECTIVE) == missed


def test_a_backlog_that_grows_by_five_in_a_hundred_is_seen_and_chance_is_not() -> None:
    growing = [replace(row, took=100.0 + max(row.at, 0.0) * 0.02) for row in steady()]
    assert failed(trial_of(growing), Objective(p99_ms=60_000.0)) == ()
    growing = [replace(row, took=100.0 + max(row.at, 0.0) * 0.05) for row in steady()]
    assert failed(trial_of(growing), Objective(p99_ms=60_000.0)) == ("answered < 99 %",)


def test_an_answer_that_takes_longer_than_the_warm_up_is_no_backlog() -> None:
    """The first answers come three seconds after the first request, and then as many as come."""
    assert failed(trial_of(steady(took=3000.0)), Objective(p99_ms=60_000.0)) == ()


def test_the_bystander_is_not_part_of_the_objective() -> None:
    slow = [Row(at=n * 100.0, took=900.0, stream=BYSTANDER) for n in range(80)]
    assert failed(trial_of(steady() + slow), OBJECTIVE) == ()


def as_probe(trial: SavedTrial) -> SavedTrial:
    return replace(trial, spec=replace(trial.spec, role="probe"))


def test_a_probe_that_drops_requests_is_an_answer_and_one_that_was_sent_late_is_none() -> None:
    dropped = [replace(row, outcome=Outcome.DROPPED, took=None) for row in steady(200)]
    overloaded = as_probe(trial_of(steady() + dropped))
    answer = ended_of(overloaded, summarize(overloaded), OBJECTIVE)
    assert answer.tried is not None
    assert not answer.tried.met
    assert answer.valid

    late = as_probe(with_generator(trial_of(steady()), cpu_s=10.9))
    answer = ended_of(late, summarize(late), OBJECTIVE)
    assert answer.tried is None
    assert not answer.valid
    assert answer.again


def test_of_a_trial_of_the_sweep_its_failures_are_lasting() -> None:
    rows = [replace(row, outcome=Outcome.FAILED, status=500, error=ErrorKind.STATUS)
            for row in steady()]  # fmt: skip
    trial = trial_of(rows)
    answer = ended_of(trial, summarize(trial), OBJECTIVE)
    assert not answer.valid
    assert not answer.again
    assert answer.tried is None

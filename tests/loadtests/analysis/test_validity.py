"""Each gate, provoked."""

from __future__ import annotations

from loadtests.analysis.summary import Trial
from loadtests.analysis.trial import summarize
from tests.loadtests.analysis.saved import (
    Row,
    full_rows,
    trial_of,
    with_generator,
    with_server,
)

PLAN = trial_of([]).plan


def codes(trial: Trial) -> list[str]:
    return [reason.code for reason in trial.reasons]


def test_a_trial_with_nothing_against_it_is_valid() -> None:
    trial = summarize(trial_of(full_rows(PLAN)))

    assert trial.valid
    assert trial.reasons == ()


def test_a_request_without_a_fate_is_found() -> None:
    trial = summarize(trial_of(full_rows(PLAN)[:-1]))

    assert not trial.valid
    assert codes(trial) == ["conservation"]


def test_another_schedule_than_the_planned_one_is_found() -> None:
    trial = summarize(with_generator(trial_of(full_rows(PLAN)), schedule_digest="0123"))

    assert codes(trial) == ["schedule"]


def test_a_lost_worker_is_named() -> None:
    trial = summarize(with_server(trial_of(full_rows(PLAN)), lost_workers=(4711,)))

    assert codes(trial) == ["worker_lost"]
    assert "4711" in trial.reasons[0].text


def test_late_sending_is_found_and_judged_against_what_it_could_spoil() -> None:
    quick = summarize(trial_of(full_rows(PLAN, took=20.0, late=15.0)))
    slow = summarize(trial_of(full_rows(PLAN, took=500.0, late=15.0)))

    assert codes(quick) == ["generator_late"]
    assert slow.valid


def test_a_generator_without_cpu_to_spare_is_found() -> None:
    trial = trial_of(full_rows(PLAN))

    assert codes(summarize(with_generator(trial, cpu_s=10.5))) == ["generator_busy"]
    assert codes(summarize(with_generator(trial, run_delay_s=4.0))) == ["host_busy"]


def test_every_reason_says_what_to_do() -> None:
    trial = with_generator(
        with_server(trial_of([Row(at=1.0)]), lost_workers=(1,)),
        schedule_digest="x",
        cpu_s=11.0,
        run_delay_s=5.0,
    )

    reasons = summarize(trial).reasons

    assert len(reasons) == 5
    assert all(reason.hint and reason.text for reason in reasons)

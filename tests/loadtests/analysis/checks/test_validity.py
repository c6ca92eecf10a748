"""Each gate, provoked."""

from __future__ import annotations

import dataclasses

import pytest

from loadtests.analysis.summary import Trial
from loadtests.analysis.trial import summarize
from loadtests.engine.generator import planned
from loadtests.gates import LATE_MS
from loadtests.samples import ErrorKind, Outcome
from servers.budget import Budget
from servers.profiles import PROFILES
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
    rows = full_rows(PLAN)
    trial = summarize(with_generator(trial_of(rows), scheduled=len(rows) + 1))

    assert not trial.valid
    assert codes(trial) == ["conservation"]


def test_the_samples_schedule_is_the_planned_one() -> None:
    """What the samples tell is digested again: it must be what was made from the seed."""
    rows = full_rows(PLAN)
    honest = with_generator(trial_of(rows), schedule_digest=planned(PLAN).digest)
    moved = [dataclasses.replace(rows[0], at=rows[0].at + 0.001), *rows[1:]]
    dishonest = with_generator(trial_of(moved), schedule_digest=planned(PLAN).digest)

    assert summarize(honest).valid
    assert codes(summarize(dishonest)) == ["schedule"]


def test_a_dropped_request_is_a_reason() -> None:
    """The latency of those that were not dropped says nothing of the load that was asked for."""
    rows = full_rows(PLAN)
    dropped = Row(at=1.0, took=None, outcome=Outcome.DROPPED, status=0)

    assert codes(summarize(trial_of([*rows, dropped]))) == ["dropped"]


def test_failures_are_a_reason_from_one_in_a_hundred_on() -> None:
    rows = full_rows(PLAN)
    failure = Row(at=1.0, outcome=Outcome.FAILED, error=ErrorKind.STATUS, status=500)
    few, many = len(rows) // 150, len(rows) // 50

    assert summarize(trial_of([*rows, *[failure] * few])).valid
    assert codes(summarize(trial_of([*rows, *[failure] * many]))) == ["failures"]


def test_what_the_generator_had_not_left_is_its_own_fault() -> None:
    own = Row(at=1.0, took=None, outcome=Outcome.FAILED, error=ErrorKind.GENERATOR, status=0)

    trial = summarize(trial_of([*full_rows(PLAN), own]))

    assert codes(trial) == ["generator_exhausted"]


def test_a_lost_worker_is_named() -> None:
    trial = summarize(with_server(trial_of(full_rows(PLAN)), lost_workers=(4711,)))

    assert codes(trial) == ["worker_lost"]
    assert "4711" in trial.reasons[0].text


ROW = PROFILES["sync"].facts(Budget())


def told(pid: int, **others: object) -> dict[str, object]:
    """What a worker says of itself: all that is declared, or others."""
    return {"pid": pid, **ROW, **others}


def test_a_server_that_is_what_it_declares_passes_whatever_its_budget() -> None:
    alike = {"workers": 2, "backlog": 77, "keepalive_s": 5, "tcp_nodelay": None}
    facts = (told(1, **alike), told(2, **alike))

    assert summarize(with_server(trial_of(full_rows(PLAN)), facts=facts)).valid


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ((told(1, workers=1, parser="fast"),), "parser is 'fast' in worker 1, and not 'python'"),
        ((told(1, workers=1, server="uvicorn"),), "server is 'uvicorn' in worker 1"),
        ((told(1, workers=2), told(2, workers=2, backlog=5)), "backlog is 5 in worker 2, and not"),
        ((told(1, workers=4),), "1 workers were found, and not 4"),
    ],
)
def test_a_server_that_is_not_what_it_declares_is_a_reason(
    facts: tuple[dict[str, object], ...], words: str
) -> None:
    trial = summarize(with_server(trial_of(full_rows(PLAN)), facts=facts))

    assert codes(trial) == ["parity"]
    assert words in trial.reasons[0].text


def test_a_record_of_another_profile_is_a_reason() -> None:
    trial = summarize(with_server(trial_of(full_rows(PLAN)), profile="uvloop"))

    assert codes(trial) == ["parity"]
    assert trial.reasons[0].text == "uvloop was served, and not sync"


def test_late_sending_is_found_and_judged_against_what_it_could_spoil() -> None:
    quick = summarize(trial_of(full_rows(PLAN, took=20.0, late=LATE_MS + 0.5)))
    bearable = summarize(trial_of(full_rows(PLAN, took=20.0, late=LATE_MS - 0.5)))
    slow = summarize(trial_of(full_rows(PLAN, took=500.0, late=LATE_MS + 0.5)))

    assert codes(quick) == ["generator_late"]
    assert bearable.valid
    assert slow.valid


def test_a_few_samples_do_not_open_the_lateness_gate() -> None:
    """p99 needs 368 samples to be stated as a result; as a gate it is never left out."""
    rows = full_rows(PLAN)[-150:]
    late = [dataclasses.replace(row, late=200.0, took=220.0) for row in rows[:2]]

    assert summarize(trial_of(rows)).valid
    assert codes(summarize(trial_of([*late, *rows[2:]]))) == ["generator_late"]


def test_requests_that_were_sent_after_the_window_are_found() -> None:
    rows = full_rows(PLAN, took=3_000.0)
    behind = [dataclasses.replace(r, late=40.0) if r.at > 9_970.0 else r for r in rows[:-12]]
    overtaken = [Row(at=9_990.0, took=3_000.0, late=50.0)] * 12

    assert "generator_behind" in codes(summarize(trial_of([*behind, *overtaken])))


def test_a_generator_without_cpu_to_spare_is_found() -> None:
    trial = trial_of(full_rows(PLAN))

    assert codes(summarize(with_generator(trial, cpu_s=10.5))) == ["generator_busy"]
    assert codes(summarize(with_generator(trial, run_delay_s=4.0))) == ["host_busy"]


def test_every_reason_says_what_to_do() -> None:
    dropped = Row(at=2.0, took=None, outcome=Outcome.DROPPED, status=0)
    trial = with_generator(
        with_server(trial_of([Row(at=1.0), dropped]), lost_workers=(1,)),
        schedule_digest="x",
        scheduled=5,
        cpu_s=11.0,
        run_delay_s=5.0,
    )

    reasons = summarize(trial).reasons

    assert len(reasons) == 6
    assert all(reason.hint and reason.text for reason in reasons)

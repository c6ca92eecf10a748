"""What is said of deferred jobs follows from their record, and all must be accounted for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.trial import summarize
from loadtests.job_records import JobRecord, JobsRecord
from loadtests.samples import ErrorKind, Outcome
from servers.jobs.job import State
from tests.loadtests.analysis.saved import ORIGIN_NS, Row, trial_of

# Of a window of ten seconds, and a drain of two that was not all needed.
STOPPED_MS = 11_500.0
STOPPED_NS = ORIGIN_NS + round(STOPPED_MS * 1e6)


def job(
    at: float, wait: float | None = 20.0, took: float | None = 100.0, state: State = "done"
) -> JobRecord:
    """A job in milliseconds from the start of the window: accepted, begun, ended."""

    def ns(ms: float | None) -> int | None:
        return None if ms is None else ORIGIN_NS + round(ms * 1e6)

    accepted_ns = ns(at)
    assert accepted_ns is not None
    return JobRecord(
        state=state,
        attempts=1,
        accepted_ns=accepted_ns,
        started_ns=ns(None if wait is None else at + wait),
        done_ns=ns(None if took is None else at + took),
    )


def record(jobs: Sequence[JobRecord], **other: int) -> JobsRecord:
    states = [one.state for one in jobs]
    counts = {state: states.count(state) for state in ("waiting", "running", "done", "failed")}
    return JobsRecord(
        **{"accepted": len(jobs), "refused": 0, **counts, **other},
        jobs=tuple(jobs),
        stopped_ns=STOPPED_NS,
    )


def trial(rows: Sequence[Row], jobs: JobsRecord | None) -> SavedTrial:
    """A trial whose load gave jobs."""
    found = trial_of(rows)
    (load, aside) = found.plan.arrivals
    target = load.targets[0].model_copy(
        update={"path": "/jobs", "url": "/wait?ms=5", "method": "POST"}
    )
    arrivals = (load.model_copy(update={"targets": (target,)}), aside)
    return dataclasses.replace(
        found, plan=found.plan.model_copy(update={"arrivals": arrivals}), jobs=jobs
    )


def told(*at: float, status: int = 202) -> list[Row]:
    """Answers to requests that gave a job."""
    outcome = Outcome.COMPLETED if status < 400 else Outcome.FAILED
    error = ErrorKind.NONE if status < 400 else ErrorKind.STATUS
    return [Row(one, 2.0, outcome, error, status=status) for one in at]


def lost(found: SavedTrial) -> list[str]:
    return [reason.text for reason in summarize(found).reasons if reason.code == "jobs_lost"]


def test_only_jobs_of_the_window_are_told_of() -> None:
    at = [-500.0, 0.0, *(float(ms) for ms in range(1_000, 9_000, 200)), 9_999.0, 10_001.0]
    found = summarize(trial(told(*at), record([job(one) for one in at]))).deferred

    assert found is not None
    assert (found.accepted, found.done, found.failed, found.left) == (42, 42, 0, 0)
    assert (found.wait_p50_ms, found.delivery_p50_ms, found.delivery_max_ms) == (20, 100, 100)
    assert found.delivery_p99_ms is None
    assert found.at_least_ms is None


def test_what_was_left_counts_with_its_age_and_what_failed_does_not() -> None:
    at = [float(ms) for ms in range(0, 10_000, 100)]
    kinds: list[State] = [*("done",) * 80, *("failed",) * 5, *("running",) * 5, *("waiting",) * 10]
    jobs = [
        job(
            one,
            wait=None if kind == "waiting" else 20.0,
            took={"done": 100.0, "failed": 7_777.0}.get(kind),
            state=kind,
        )
        for one, kind in zip(at, kinds, strict=True)
    ]
    found = summarize(trial(told(*at), record(jobs))).deferred

    assert found is not None
    assert (found.accepted, found.done, found.failed, found.left) == (100, 80, 5, 15)
    # The youngest that was left is 1.6 s old when the server is stopped, the oldest 3 s.
    assert found.at_least_ms == STOPPED_MS - at[-1] == 1_600
    assert found.delivery_max_ms == STOPPED_MS - at[85] == 3_000
    assert found.delivery_p50_ms == 100
    assert found.wait_p50_ms == 20


FORGOTTEN = [float(ms) for ms in range(0, 10_000, 100)]
"""When jobs were accepted of which the first have no record any more."""


def test_jobs_without_a_record_are_not_taken_for_none() -> None:
    kept = [job(one) for one in FORGOTTEN[60:-1]] + [job(FORGOTTEN[-1], took=None, state="running")]
    summary = summarize(trial(told(*FORGOTTEN), record(kept, accepted=100, done=99)))
    found = summary.deferred

    assert found is not None
    assert found.forgotten == 60
    assert (found.accepted, found.done) == (None, None)
    # Of these every job has its record.
    assert (found.failed, found.left, found.refused) == (0, 1, 0)
    times = (found.wait_p50_ms, found.delivery_p50_ms, found.delivery_max_ms, found.at_least_ms)
    assert times == (None, None, None, None)
    assert [one.code for one in summary.warnings if "jobs" in one.code] == ["jobs_forgotten"]
    # Jobs that ended are accounted for by the server's counts.
    assert not [reason for reason in summary.reasons if reason.code == "jobs_lost"]


def test_jobs_of_any_state_may_be_without_a_record() -> None:
    kept = [job(one) for one in FORGOTTEN[60:]]
    counts = {"accepted": 100, "done": 60, "failed": 10, "waiting": 20, "running": 10}
    found = summarize(trial(told(*FORGOTTEN), record(kept, **counts))).deferred

    assert found is not None
    assert found.forgotten == 60
    assert (found.accepted, found.done, found.failed, found.left) == (None, None, None, None)


@pytest.mark.parametrize(("first_ms", "forgotten"), [(-500.0, 0), (-50.0, 30)])
def test_what_was_forgotten_is_not_missed_where_it_ended_before_the_window(
    first_ms: float, forgotten: int
) -> None:
    """The oldest record is of a job that ended 100 ms after `first_ms`; older ones had before."""
    at = [first_ms, *FORGOTTEN]
    counts = {"accepted": 131, "done": 131}
    rows = told(*(-900.0 + n for n in range(30)), *at)
    found = summarize(trial(rows, record([job(one) for one in at], **counts))).deferred

    assert found is not None
    assert found.forgotten == forgotten
    whole = not forgotten
    assert (found.accepted, found.done) == ((100, 100) if whole else (None, None))
    assert found.delivery_p50_ms == (100.0 if whole else None)


def test_refusals_of_the_window_are_those_that_clients_saw() -> None:
    rows = [*told(100.0), *told(-5.0, 200.0, 300.0, status=503)]
    found = summarize(trial(rows, record([job(100.0)], refused=3))).deferred

    assert found is not None
    assert (found.accepted, found.refused) == (1, 2)


def test_who_was_accepted_and_is_turned_away_when_it_asks_again_was_not_refused() -> None:
    polled = [dataclasses.replace(row, accepted=row.at + 1.0) for row in told(100.0, status=503)]
    found = summarize(trial([*polled, *told(200.0, status=503)], record([job(100.0)]))).deferred

    assert found is not None
    assert (found.accepted, found.refused) == (1, 1)


@pytest.mark.parametrize("jobs", [None, record([])])
def test_without_jobs_nothing_is_said(jobs: JobsRecord | None) -> None:
    summary = summarize(trial([Row(100.0)], jobs))

    assert summary.deferred is None
    assert [reason.code for reason in summary.reasons if reason.code == "jobs_lost"] == []


def test_jobs_without_a_fate_make_a_trial_invalid() -> None:
    found = trial(told(1.0, 2.0, 3.0), record([job(1.0), job(2.0)], accepted=3))

    assert lost(found) == ["3 jobs were accepted, 2 have a fate"]
    assert not summarize(found).valid


def test_a_job_that_a_client_was_told_of_must_be_there() -> None:
    assert lost(trial(told(1.0, 2.0), record([job(1.0), job(2.0)]))) == []
    assert lost(trial(told(1.0, 2.0), record([job(1.0)]))) == [
        "clients were told of 2 accepted jobs and not answered 0 times, the server has 1"
    ]


POLLS = [
    pytest.param(Row(1.0, 300.0, status=200, attempts=4, accepted=3.0), id="done"),
    pytest.param(
        Row(
            1.0, 300.0, Outcome.FAILED, ErrorKind.UNDELIVERED, status=200, attempts=4, accepted=3.0
        ),
        id="failed",
    ),
    pytest.param(
        Row(1.0, 9e3, Outcome.CENSORED, status=0, attempts=40, accepted=3.0), id="censored"
    ),
    pytest.param(
        Row(1.0, 300.0, Outcome.FAILED, ErrorKind.RESET, status=0, attempts=4, accepted=3.0),
        id="reset",
    ),
]


@pytest.mark.parametrize("row", POLLS)
def test_who_polled_was_told_of_one_job_whatever_its_last_poll_said(row: Row) -> None:
    again = dataclasses.replace(row, at=row.at + 1.0)

    assert lost(trial([row, again], record([job(1.0), job(2.0)]))) == []
    # Its polls give no job, and it cannot have been told of one that is not there.
    assert len(lost(trial([row, again], record([job(1.0)])))) == 1
    assert len(lost(trial([row, again], record([job(1.0), job(2.0), job(3.0)])))) == 1


@pytest.mark.parametrize(("status", "least", "most"), [(202, 1, 3), (503, 0, 2), (0, 0, 3)])
def test_each_attempt_of_who_retried_may_have_given_a_job(
    status: int, least: int, most: int
) -> None:
    (row,) = told(1.0, status=status)
    outcome = row.outcome if status else Outcome.GONE
    rows = [dataclasses.replace(row, outcome=outcome, attempts=3)]
    wrong = [
        jobs for jobs in range(5) if lost(trial(rows, record([job(1.0) for _ in range(jobs)])))
    ]

    assert wrong == [jobs for jobs in range(5) if not least <= jobs <= most]
    (text,) = lost(trial(rows, record([job(1.0)] * 9)))
    assert text.endswith(" times beside 2 earlier attempts, the server has 9")


@pytest.mark.parametrize("outcome", [Outcome.CENSORED, Outcome.FAILED])
def test_who_was_not_answered_may_have_given_a_job_or_not(outcome: Outcome) -> None:
    error = ErrorKind.RESET if outcome == Outcome.FAILED else ErrorKind.NONE
    rows = [*told(1.0), Row(2.0, 5_000.0, outcome, error, status=0)]
    rows += [Row(3.0, None, Outcome.DROPPED, status=0), Row(4.0, stream="bystander", status=200)]
    jobs = [job(1.0), job(2.0), job(3.0)]

    assert lost(trial(rows, record(jobs[:1]))) == lost(trial(rows, record(jobs[:2]))) == []
    assert len(lost(trial(rows, record(jobs)))) == 1

"""The verdicts on what a bad day does: stability, overload; and on work that is deferred."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from loadtests.analysis.badday.records import BadDay, Recovery
from loadtests.analysis.claims.bad_days import GOODPUT, RECOVERY
from loadtests.analysis.claims.cells import bad_cells, cells
from loadtests.analysis.deferred import Deferred
from loadtests.analysis.subjects import WorkloadSummary
from loadtests.analysis.summary import Latency, Reason, Requests, Stream, Summary
from tests.loadtests.analysis.claims.built import QUIET, WINDOW_S, Case, claim, summary

SLOW = "GET /hello as slow sender (15 bytes/s) × 5"
GOOD = "GET /wait?ms=100"
RATE = 30.0


def bad_day(
    good: float,
    longest_ms: float = 100.0,
    took_s: float | None = 0.0,
    looked_s: float | None = WINDOW_S - 7.0,
) -> BadDay:
    """Of a window of which `good` requests/s were good; recovered after a burst up to 6 s."""
    recovery = Recovery(6.0, 100.0, 150.0, took_s, looked_s=looked_s)
    return BadDay(500.0, round(good * WINDOW_S), good, longest_ms, False, None, None, recovery, ())


def of(
    days: dict[str, BadDay],
    line: str = GOOD,
    *,
    bursts: bool = False,
    p90: dict[str, float] | None = None,
    spread: Sequence[float] = QUIET,
) -> Summary:
    """A run in which each profile had such a day."""
    cases = [
        Case(name, "wait", RATE, p50=(p90 or {}).get(name, 2.0) / 2, answered=day.goodput_rps)
        for name, day in days.items()
    ]
    made = summary(cases, spread)
    workloads = (WorkloadSummary("wait", "", (f"{GOOD} × 95", line) if line != GOOD else (GOOD,)),)
    beside = {"slow sender": Stream(Requests(5, 5, 0, 0, 0), Latency(None, None, None, None), {})}
    return dataclasses.replace(
        made,
        workloads=workloads,
        loads=tuple(dataclasses.replace(load, bursts=bursts) for load in made.loads),
        trials=tuple(
            dataclasses.replace(
                trial, bad_day=days[trial.profile], misbehaving={} if bursts else beside
            )
            for trial in made.trials
        ),
    )


def test_stability_is_supported_where_the_slow_take_all_from_the_good() -> None:
    days = {"sync": bad_day(0.6), "uvloop": bad_day(29.0)}
    found = claim("stability", of(days, SLOW, p90={"sync": 3000.0, "uvloop": 24.0}))

    assert found.verdict == "supported"
    assert found.text.startswith("Under 30 requests/s of “wait”, ")
    assert "on uvloop against " in found.text
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx(29.0 / 0.6, rel=0.01) or (
        found.estimate.value == pytest.approx(3000.0 / 24.0, rel=0.05)
    )


def test_stability_is_no_matter_of_a_day_on_which_nobody_misbehaves() -> None:
    days = {"sync": bad_day(0.6), "uvloop": bad_day(29.0)}

    assert claim("stability", of(days)).verdict == "not measured"
    assert claim("stability", of(days, bursts=True)).verdict == "not measured"


def beside_alone(alone_line: str) -> Summary:
    """A bad day, and one on which nobody misbehaved of those who asked for this."""
    days = {"sync": bad_day(0.6), "uvloop": bad_day(RATE)}
    beside = of(days, SLOW, p90={"sync": 3000.0, "uvloop": 24.0})
    unspoilt = {"sync": bad_day(RATE), "uvloop": bad_day(RATE)}
    alone = of(unspoilt, p90={"sync": 23.0, "uvloop": 22.0})
    return dataclasses.replace(
        beside,
        workloads=(*beside.workloads, WorkloadSummary("good", "", (alone_line,))),
        trials=(
            *beside.trials,
            *(
                dataclasses.replace(t, workload="good", bad_day=None, number=100 + t.number)
                for t in alone.trials
            ),
        ),
    )


def test_stability_tells_what_the_good_had_alone() -> None:
    assert (
        claim("stability", beside_alone(GOOD))
        .detail.lower()
        .endswith(
            "alone, nine in ten of them are answered within 22 ms on uvloop and 23 ms on sync."
        )
    )


@pytest.mark.parametrize("line", ["GET /wait?ms=99", f"{GOOD} with 1,000 bytes"])
def test_who_asks_for_something_else_had_nothing_alone(line: str) -> None:
    assert "alone, " in claim("stability", beside_alone(GOOD)).detail.lower()
    assert "alone, " not in claim("stability", beside_alone(line)).detail.lower()


def test_a_slow_client_says_nothing_of_other_claims() -> None:
    days = {"sync": bad_day(0.6), "uvloop": bad_day(29.0)}

    assert claim("concurrency", of(days, SLOW)).verdict == "not measured"


def test_overload_is_supported_where_goodput_and_recovery_are_better() -> None:
    days = {"sync": bad_day(8.4, 3900.0, 3.5), "uvloop": bad_day(25.0, 105.0, 0.0)}
    found = claim("overload", of(days, bursts=True))

    assert found.verdict == "supported"
    assert "under a burst on 30 requests/s of “wait”" in (found.text + found.detail).lower()
    assert "3.9 s" in found.text + found.detail
    assert "Goodput" in found.detail or "goodput" in found.text


def stalling(days: dict[str, BadDay]) -> Summary:
    """The same run, in which a service stalled that the workload calls."""
    made = of(days)
    (workload,) = made.workloads
    stalled = dataclasses.replace(workload, stall="answers nobody from 3 to 6 s")
    return dataclasses.replace(made, workloads=(stalled,))


def test_overload_is_read_from_a_stall_as_from_a_burst() -> None:
    days = {"sync": bad_day(8.4, 3900.0, 3.5), "uvloop": bad_day(25.0, 105.0, 0.0)}
    found = claim("overload", stalling(days))

    assert found.verdict == "supported"
    assert "under a stall behind 30 requests/s of “wait”" in (found.text + found.detail).lower()
    assert claim("overload", of(days)).verdict == "not measured"


def test_a_stall_says_nothing_of_other_claims() -> None:
    days = {"sync": bad_day(8.4), "uvloop": bad_day(25.0)}

    assert (len(cells(of(days))), len(bad_cells(of(days)))) == (1, 0)
    assert (len(cells(stalling(days))), len(bad_cells(stalling(days)))) == (0, 1)


def test_overload_depends_where_one_has_more_done_and_the_other_keeps_fewer_waiting() -> None:
    days = {"sync": bad_day(8.4, 100.0), "uvloop": bad_day(25.0, 4000.0)}
    found = claim("overload", of(days, bursts=True))

    assert found.verdict == "depends"
    assert found.crossover == (
        "the asynchronous profiles do better in goodput for “wait”; the synchronous profiles do "
        "better in the longest wait for “wait”; no visible difference in recovery for “wait”"
    )


def test_who_has_no_good_answer_at_all_is_told_as_having_one() -> None:
    (trial,) = of({"sync": bad_day(0.0)}, bursts=True, spread=(1.0,)).trials

    assert GOODPUT.metric(trial) == pytest.approx(1.0 / WINDOW_S)


def test_who_never_recovers_took_at_least_until_the_last_second_that_was_looked_at() -> None:
    (trial,) = of({"sync": bad_day(4.0, took_s=None)}, bursts=True, spread=(1.0,)).trials

    assert RECOVERY.metric(trial) == pytest.approx(1000.0 * (WINDOW_S - 7.0))
    assert RECOVERY.metric.is_lower_bound(trial)
    unseen = bad_day(4.0, took_s=None, looked_s=None)
    (trial,) = of({"sync": unseen}, bursts=True, spread=(1.0,)).trials
    assert RECOVERY.metric(trial) is None
    (soon,) = of({"sync": bad_day(4.0, took_s=1.5)}, bursts=True, spread=(1.0,)).trials
    assert RECOVERY.metric(soon) == 1500.0
    assert not RECOVERY.metric.is_lower_bound(soon)


def deferring(
    now: dict[str, float],
    later: dict[str, float],
    record: Deferred,
    work: str = "ms=100&units=0",
    at_once: Sequence[str] = ("GET /wait?ms=100",),
) -> Summary:
    """A run with the same work done at once and as jobs: medians of both, in milliseconds."""
    names = {"now": now, "later": later}
    cases = [Case(p, w, RATE, p50=ms) for w, of in names.items() for p, ms in of.items()]
    requests = {"now": tuple(at_once), "later": (f"POST /jobs?{work}",)}
    made = summary(cases)
    workloads = tuple(WorkloadSummary(w.name, "", requests[w.name]) for w in made.workloads)
    made = dataclasses.replace(made, workloads=workloads)
    return dataclasses.replace(
        made,
        trials=tuple(
            dataclasses.replace(t, deferred=record if t.workload == "later" else None)
            for t in made.trials
        ),
    )


RECORD = Deferred(300, 0, 290, 0, 10, 5.0, 60.0, 105.0, 120.0, 160.0, 170.0)


def test_deferral_is_supported_where_what_is_accepted_is_accepted_at_once() -> None:
    made = deferring({"sync": 101.0, "uvloop": 101.0}, {"sync": 2.0, "uvloop": 1.5}, RECORD)
    found = claim("deferral", made)

    assert found.verdict == "supported"
    assert found.text.startswith("At 30 requests/s of “now” and “later”, half of the requests have")
    assert "within 1.5 to 2 ms on uvloop (later) and sync (later) against 101 ms on" in found.text
    # Ten trials of jobs: two profiles, five repetitions.
    assert (
        "Of 3,000 jobs that were accepted 2,900 were done when the trials ended, 100 still waited "
        "and none was lost. Half of them were delivered within 105 ms."
    ) in found.detail
    assert found.anchor == "workload-2"


def test_deferral_tells_nothing_of_jobs_where_records_are_missing() -> None:
    made = deferring({"sync": 101.0, "uvloop": 101.0}, {"sync": 2.0, "uvloop": 1.5}, RECORD)
    short = dataclasses.replace(
        RECORD, accepted=None, done=None, delivery_p50_ms=None, forgotten=9_000
    )

    def with_short(most: int) -> str:
        later = [trial.number for trial in made.trials if trial.deferred][:most]
        trials = tuple(
            dataclasses.replace(trial, deferred=short) if trial.number in later else trial
            for trial in made.trials
        )
        return claim("deferral", dataclasses.replace(made, trials=trials)).detail

    assert (
        "Of 2,700 jobs that were accepted 2,610 were done when the trials ended, 90 still waited "
        "and none was lost. Half of them were delivered within 105 ms. In 1 trial there were more "
        "jobs than a server keeps records of, so nothing is told of them."
    ) in with_short(1)
    assert "accepted" not in with_short(10)
    assert "In 10 trials there were more jobs" in with_short(10)


def test_deferral_compares_the_same_work_only() -> None:
    made = deferring({"sync": 101.0}, {"sync": 2.0}, RECORD, work="ms=50&units=0")

    assert claim("deferral", made).verdict == "not measured"


@pytest.mark.parametrize(
    ("work", "at_once"),
    [
        ("ms=exponential(100)", ["GET /wait?ms=100"]),
        ("ms=100", ["GET /wait?ms=exponential(100)"]),
        ("ms=30", ["GET /wait?ms=choice(10:3,50:1)", "GET /wait?ms=uniform(30,50)"]),
        ("ms=0&units=uniform(1,9)", ["GET /cpu?units=5"]),
        ("", ["GET /wait"]),
        ("ms=10", ["GET /wait"]),
        ("ms=0&units=1", ["GET /cpu"]),
        ("ms=50", ["GET /downstream?ms=50"]),
        ("ms=5&units=2", ["GET /wait", "GET /cpu?units=4"]),
    ],
)
def test_deferral_compares_work_by_its_mean_and_its_defaults(work: str, at_once: list[str]) -> None:
    made = deferring({"sync": 101.0}, {"sync": 2.0}, RECORD, work, at_once)

    assert claim("deferral", made).verdict != "not measured"


@pytest.mark.parametrize(
    ("work", "at_once"),
    [
        # Without a parameter it is the contract's default, and that is not none.
        ("ms=0", ["GET /wait"]),
        ("", ["GET /wait?ms=0"]),
        ("ms=0&units=0", ["GET /cpu"]),
        # These wait for more than they ask for, or say otherwise for how long.
        ("ms=50", ["GET /downstream?calls=8&ms=50"]),
        ("ms=50", ["GET /db?ms=50"]),
        ("ms=0", ["GET /stream?events=2&interval_ms=50"]),
        # What blocks is not what waits.
        ("ms=exponential(50)", ["GET /blocking?ms=exponential(50)"]),
    ],
)
def test_deferral_is_not_measured_where_the_work_differs(work: str, at_once: list[str]) -> None:
    made = deferring({"sync": 101.0}, {"sync": 2.0}, RECORD, work, at_once)

    assert claim("deferral", made).verdict == "not measured"


def test_deferral_is_refuted_by_a_job_that_no_record_accounts_for() -> None:
    made = deferring({"sync": 101.0}, {"sync": 2.0}, RECORD)
    lost = dataclasses.replace(
        made.trials[-1], valid=False, reasons=(Reason("jobs_lost", "one is missing", ""),)
    )
    found = claim("deferral", dataclasses.replace(made, trials=(*made.trials[:-1], lost)))

    assert found.verdict == "refuted"
    assert f"in trial {lost.number}." in found.text

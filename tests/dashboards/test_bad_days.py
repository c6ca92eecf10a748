"""A bad day in the report: its own tables where there was one, and nothing where there was none."""

from __future__ import annotations

import dataclasses

from dashboards.report import page
from dashboards.report.bad_days import bad_days
from dashboards.report.cells import cells
from dashboards.report.columns import FATES, LOST, measured
from loadtests.analysis.badday.records import BadDay, Fairness, OfKind, Recovery
from loadtests.analysis.summary import Latency, Requests, Stream, Trial
from tests.dashboards.summaries import Case, summary, trial
from tests.dashboards.test_page import Reader

DAY = BadDay(
    objective_ms=500.0,
    good=80,
    goodput_rps=8.0,
    longest_wait_ms=2_900.0,
    at_least=False,
    attempts=None,
    accepted_ms=None,
    recovery=Recovery(6.0, 105.0, 157.5, 3.8),
    fairness=(Fairness("kinds of requests", 2, 0.93), Fairness("workers", 4, 0.999)),
)
SILENT = Stream(Requests(50, 0, 30, 0, 2, 18), Latency(None, None, None, None), {"status 408": 30})


def made(number: int, day: BadDay | None = DAY, profile: str = "sync", **over: object) -> Trial:
    one = trial(number, profile, "wait", "rate", Case(5, 10, 400), repetition=number)
    return dataclasses.replace(one, bad_day=day, **over)  # type: ignore[arg-type]


def test_medians_of_the_valid_trials_are_shown_and_only_what_was_measured() -> None:
    other = dataclasses.replace(
        DAY, goodput_rps=9.0, longest_wait_ms=3_100.0, recovery=Recovery(6.0, 105.0, 157.5, 4.2)
    )
    found = bad_days(cells(summary([made(1), made(2, other)]))[0])

    assert found is not None
    assert found.objective == "500"
    assert found.good.headings == (
        "profile", "goodput", "longest wait", "fairness", "fairness", "recovered",
    )  # fmt: skip
    assert found.good.units[-1] == "s after the burst"
    assert found.good.rows == (("sync", "8.50", "3000", "0.930", "0.999", "4.00"),)
    assert found.misbehaving is None


def test_who_did_not_recover_and_what_is_a_lower_bound_is_said() -> None:
    storm = dataclasses.replace(
        DAY, attempts=3.43, at_least=True, recovery=Recovery(6.0, 105.0, 157.5, None)
    )
    found = bad_days(cells(summary([made(1, storm)]))[0])

    assert found is not None
    assert found.good.rows == (
        ("sync", "8.00", "≥ 2900", "3.43", "0.930", "0.999", "not within the trial"),
    )


def test_misbehaving_clients_have_a_table_of_their_own() -> None:
    ones = [made(n, misbehaving={"silent": SILENT}) for n in (1, 2)]
    found = bad_days(cells(summary(ones))[0])

    assert found is not None
    assert found.misbehaving is not None
    assert found.misbehaving.headings == (
        "profile", "client", "scheduled", "completed", "gone", "failed", "censored", "dropped",
    )  # fmt: skip
    assert found.misbehaving.rows == (("sync", "silent", "50", "0", "18", "30", "2", "0"),)


CALLERS = OfKind("GET /downstream?ms=100", 200, 150, 6, 2_400.0, at_least=True)
OTHERS = OfKind("GET /wait?ms=20", 800, 800, 0, 35.4, at_least=False)


def test_who_noticed_is_told_by_kind_where_there_is_more_than_one() -> None:
    stalled = dataclasses.replace(
        DAY, recovery=Recovery(8.0, 105.0, 157.5, 2.0, "stall"), kinds=(CALLERS, OTHERS)
    )
    more = dataclasses.replace(
        stalled, kinds=(dataclasses.replace(CALLERS, good=140, longest_wait_ms=2_200.0), OTHERS)
    )
    found = bad_days(cells(summary([made(1, stalled), made(2, more)]))[0])
    alone = bad_days(cells(summary([made(1, dataclasses.replace(DAY, kinds=(OTHERS,)))]))[0])

    assert found is not None
    assert found.kinds is not None
    assert found.good.units[-1] == "s after the stall"
    assert found.kinds.rows == (
        ("sync", "GET /downstream?ms=100", "72.5", "≥ 2300", "6", "200"),
        ("sync", "GET /wait?ms=20", "100", "35.4", "0", "800"),
    )
    assert alone is not None
    assert alone.kinds is None


def test_a_stall_is_named_where_its_workload_is() -> None:
    calm = summary([made(1)])
    stall = dataclasses.replace(calm.workloads[0], stall="answers nobody from 5 to 8 s")
    shown = page.render(dataclasses.replace(calm, workloads=(stall, *calm.workloads[1:])))

    assert "these requests call answers nobody from 5 to 8 s of the measurement." in shown
    assert "A stall." not in page.render(calm)


def test_the_page_shows_it_where_it_was_and_else_says_nothing_of_it() -> None:
    bad = page.render(summary([made(1, misbehaving={"silent": SILENT})]))
    good = page.render(summary([made(1, None)]))

    assert "What the burst did to the load’s own clients" in bad
    assert "who are in no other figure" in bad
    assert "within 500 ms of the moment" in bad
    assert "bad day" not in good.lower()
    assert "goodput" not in good.lower()
    assert Reader(bad).stack == []


def test_gone_is_a_fate_of_its_own_and_counts_as_not_answered() -> None:
    fates = Requests(100, 60, 5, 1, 4, 30)
    bad, good = made(1, requests=fates), made(1, None)

    shown = {column.heading: column.of_trial(bad) for column in measured([bad], FATES)}
    assert shown["gone"] == "30"
    assert LOST.value(bad) == 40
    assert "gone" not in [column.heading for column in measured([good], FATES)]

"""Little's law and the utilisation law: that they hold, and what it takes that they do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from loadtests.analysis.checks.laws import against, laws_of
from loadtests.analysis.checks.told import told_of
from loadtests.analysis.decisions import LawCheck
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.summary import Trial
from loadtests.analysis.trial import summarize
from loadtests.gates import LAW_LEAST, LAW_MOST
from loadtests.samples import Outcome
from tests.loadtests.analysis.measured import (
    ACTIVE_S,
    HOLD_S,
    SAMPLED_S,
    Series,
    add,
    measured,
    regular,
    request,
    scrapes_of,
    unanswered,
)
from tests.loadtests.analysis.saved import Row, with_server

ACTIVE = 'http_server_active_requests{profile="sync",worker="11"}'


def by_law(trial: SavedTrial) -> dict[str, LawCheck]:
    return {check.law: check for check in laws_of(trial)}


def codes(trial: Trial) -> list[str]:
    return [reason.code for reason in trial.reasons]


def test_both_laws_hold_where_both_sides_saw_the_same() -> None:
    """Forty requests a second, each in the application for 18 ms: 0.72 of them at any moment."""
    summary = summarize(measured())

    little, utilisation = summary.laws
    assert (little.law, utilisation.law) == ("little", "utilisation")
    assert little.expected == pytest.approx(0.72, rel=1e-3)
    assert little.measured == pytest.approx(0.72, rel=1e-3)
    assert utilisation.expected == pytest.approx(0.72, rel=3e-3)
    assert utilisation.measured == pytest.approx(0.72, rel=3e-3)
    assert all(abs(law.discrepancy) < 0.005 for law in summary.laws)
    assert summary.valid


@pytest.mark.parametrize(
    ("change", "broken"),
    [(add(ACTIVE_S=3.0), ["little"]), (add(HOLD_S=3.0), ["utilisation"])],
)
def test_a_side_that_counts_forty_per_cent_more_makes_the_trial_invalid(
    change: Callable[[Series], None], broken: list[str]
) -> None:
    summary = summarize(measured(change=change))

    assert codes(summary) == broken
    assert not summary.valid
    assert "+41.7% apart" in summary.reasons[0].text
    assert summary.reasons[0].hint


def test_requests_that_the_client_has_lost_break_both_laws() -> None:
    """A third of what the server served is missing in the samples."""
    rows = regular()
    summary = summarize(measured(rows, seen=[r for n, r in enumerate(rows) if n % 3]))

    assert codes(summary) == ["little", "utilisation"]
    assert all(law.discrepancy == pytest.approx(0.5, abs=0.02) for law in summary.laws)


def test_a_server_that_somebody_else_asks_too_breaks_them() -> None:
    rows = regular()
    others = [request(25.0 * n + 12.0, 15.0) for n in range(400)]

    assert codes(summarize(measured([*rows, *others], seen=rows))) == ["little", "utilisation"]


def test_a_clock_that_runs_at_half_speed_breaks_littles_law() -> None:
    """What answers told and what workers counted is by one clock, the samples are by another."""

    def change(last: Series) -> None:
        last[SAMPLED_S] += 10.0

    assert "little" in codes(summarize(measured(change=change)))


def test_a_law_is_held_to_chance_and_to_five_per_cent_at_least() -> None:
    many = by_law(measured(regular(every=2.0, took=40.0)))["little"]
    some = by_law(measured())["little"]

    assert many.tolerance == LAW_LEAST
    assert LAW_LEAST < some.tolerance < LAW_MOST
    just = dataclasses.replace(some, discrepancy=-some.tolerance)
    beyond = dataclasses.replace(some, discrepancy=some.tolerance + 0.001)
    assert [reason.code for reason in against((just, beyond))] == ["little"]


@pytest.mark.parametrize(("count", "stay"), [(400, 40.0), (1_500, 6.0)])
def test_the_tolerance_is_what_sampling_does_to_it(count: int, stay: float) -> None:
    """Stays that begin at random, sampled as the exporter does: four standard errors hold them."""
    chance, errors = np.random.default_rng(17), []
    for _ in range(30):
        rows = [request(at, stay + 2) for at in chance.uniform(-100.0, 1e4, count).tolist()]
        begun = np.array([row.at + 1.0 for row in rows])
        at = np.arange(-25.0, 1e4, 25.0) + chance.uniform(0.0, 25.0, 401)
        active = ((begun <= at[:, None]) & (at[:, None] < begun + stay)).sum(axis=1)
        area = float(((active[1:] + active[:-1]) / 2 * np.diff(at)).sum()) / 1e3

        def change(last: Series, area: float = area, seconds: float = np.ptp(at) / 1e3) -> None:
            last[ACTIVE_S], last[SAMPLED_S] = 1000.0 + area, 1000.0 + seconds

        check = by_law(measured(rows, change))["little"]
        errors.append(4 * check.discrepancy / check.tolerance)

    assert max(errors) < 4.0
    assert min(errors) > -4.0
    assert 0.5 < float(np.std(errors)) < 1.25


def test_a_stay_that_reaches_beyond_the_window_counts_with_what_lies_in_it() -> None:
    """Twenty requests a second for six seconds each, the first of them as the window begins.

    Of 80 that end in it rate × time would make 48; 60 on the rise for six seconds, and then 120.
    """
    rows = [request(50.0 * n, 6_000.0) for n in range(195)]
    little = by_law(measured(rows))["little"]

    assert little.expected == pytest.approx(0.6 * 60 + 0.4 * 120, rel=0.02)
    assert little.expected == pytest.approx(little.measured, rel=0.002)


def test_requests_that_were_not_asked_count_like_those_that_were() -> None:
    rows = regular(every=5.0)
    seen = [row if n % 2 else Row(row.at, row.took) for n, row in enumerate(rows)]

    def change(last: Series) -> None:
        """Half of them are measured, and all are counted."""
        for name in last:
            if "measured" in name or "duration" in name or name == HOLD_S:
                last[name] = 1000.0 + (last[name] - 1000.0) / 2

    little, utilisation = laws_of(measured(rows, change, seen=seen))
    assert abs(little.discrepancy) < 0.01
    assert abs(utilisation.discrepancy) < 0.01
    assert little.tolerance > by_law(measured(rows))["little"].tolerance


@pytest.mark.parametrize(
    ("measured_part", "holds"),
    [(1.0, True), (0.92, True), (0.7, False), (1.3, False)],
    ids=["as long", "a little shorter", "much shorter", "longer"],
)
def test_who_is_not_asked_may_be_a_little_quicker_and_never_slower(
    measured_part: float, holds: bool
) -> None:
    """Of ten requests of 18 ms one is asked. Asking may have cost it two of these."""
    rows = regular(every=2.0)
    seen = [row if n % 10 == 0 else Row(row.at, row.took) for n, row in enumerate(rows)]

    def change(last: Series) -> None:
        for name in last:
            if "measured" in name or "duration" in name or name == HOLD_S:
                last[name] = 1000.0 + (last[name] - 1000.0) / 10
        last[ACTIVE_S] = 1000.0 + measured_part * (last[ACTIVE_S] - 1000.0)

    little = by_law(measured(rows, change, seen=seen))["little"]
    assert little.holds is holds
    assert " to 9 by rate × time" in little.text


@pytest.mark.parametrize(("measured_part", "holds"), [(0.65, True), (0.2, False)])
def test_of_requests_hardly_longer_than_asking_may_cost_only_a_part_is_sure(
    measured_part: float, holds: bool
) -> None:
    """Of four milliseconds half may be asking: from 0.55 of rate × time to all of it."""
    rows = regular(every=2.0, took=6.0)
    seen = [row if n % 10 == 0 else Row(row.at, row.took) for n, row in enumerate(rows)]

    def change(last: Series) -> None:
        for name in last:
            if "measured" in name or "duration" in name or name == HOLD_S:
                last[name] = 1000.0 + (last[name] - 1000.0) / 10
        last[ACTIVE_S] = 1000.0 + measured_part * (last[ACTIVE_S] - 1000.0)

    little = by_law(measured(rows, change, seen=seen))["little"]
    assert little.holds is holds
    assert (little.discrepancy == 0.0) is holds


def test_what_a_request_does_after_its_answer_began_is_the_workers_word() -> None:
    """A thread that has sent its answer waits for the interpreter's lock: 4.5 ms on top of 18."""
    little, utilisation = laws_of(measured(after_ms=4.5))

    assert little.expected == pytest.approx(40 * 0.0225, rel=0.01)
    assert abs(little.discrepancy) < 0.01
    assert abs(utilisation.discrepancy) < 0.01
    without = by_law(measured())["utilisation"].tolerance
    assert utilisation.tolerance > without + 0.02


def without_samples(last: Series) -> None:
    del last[SAMPLED_S], last[ACTIVE_S]


def not_added_up(last: Series) -> None:
    """As in a loop that is too busy to add up what it has measured."""
    for name in last:
        if "duration" in name:
            last[name] = 1000.0 + 0.5 * (last[name] - 1000.0)


@pytest.mark.parametrize(
    "trial",
    [
        dataclasses.replace(measured(), scrapes=()),
        dataclasses.replace(measured(), scrapes=measured().scrapes[:1]),
        with_server(measured(), standing=True),
        with_server(measured(), pinned=False),
        measured(regular(every=250.0)),
        measured(change=without_samples),
        measured(change=not_added_up),
        measured(seen=[Row(row.at) for row in regular()]),
    ],
    ids=[
        "not scraped", "scraped once", "standing", "not pinned", "few requests", "not sampled",
        "not added up", "nothing told",
    ],
)  # fmt: skip
def test_where_a_law_says_nothing_there_is_no_check(trial: SavedTrial) -> None:
    assert laws_of(trial) == ()
    assert not {"little", "utilisation"} & set(codes(summarize(trial)))


def test_stays_too_short_for_the_samples_leave_only_the_utilisation_law() -> None:
    """Of half a millisecond, at 40 a second, samples meet eight in ten seconds."""
    assert set(by_law(measured(regular(took=2.5)))) == {"utilisation"}


def test_unanswered_requests_in_the_application_leave_nothing_to_hold_the_law_to() -> None:
    def change(last: Series) -> None:
        last[ACTIVE] = 5.0

    rows = regular()
    lost = [unanswered(9_000.0)] * 5
    waiting_elsewhere = measured(rows, seen=[*rows, *lost])
    in_hand = measured(rows, change, seen=[*rows, *lost])

    assert set(by_law(waiting_elsewhere)) == {"little", "utilisation"}
    assert set(by_law(in_hand)) == {"utilisation"}


def test_a_refusal_was_in_the_application_as_well() -> None:
    """One request in fifty is answered with 503, and told where its time went."""
    rows = regular()
    seen = [
        row if n % 50 else dataclasses.replace(row, outcome=Outcome.FAILED, status=503)
        for n, row in enumerate(rows)
    ]

    told = told_of(measured(rows, seen=seen))
    assert told is not None
    assert told.scale == 1.0
    assert told.requests == pytest.approx(400, abs=1)


def test_what_is_printed_has_both_figures() -> None:
    little, utilisation = laws_of(measured())

    assert little.text == (
        "0.72 requests in the application by samples from outside, 0.72 by rate × time in it: "
        f"+0.0% apart, tolerance {little.tolerance:.0%}"
    )
    assert utilisation.text.startswith("0.72 occupied by the workers’ own count, 0.72 by rate ×")
    first, last = scrapes_of(regular())
    assert last[ACTIVE_S] - first[ACTIVE_S] == pytest.approx(7.2, rel=1e-3)

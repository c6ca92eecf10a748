"""What is said of windows that are too short, and of servers that had not settled."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from loadtests.analysis.checks.stations import (
    Station,
    processor_of,
    slots_of,
    stations_of,
    window_s,
)
from loadtests.analysis.checks.steady import drifting, short
from loadtests.analysis.keeping_up import kept_up
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.summary import Reason, Trial
from loadtests.analysis.trial import summarize
from loadtests.gates import DRIFT
from loadtests.plan import UserStream
from tests.loadtests.analysis.measured import measured, regular, request
from tests.loadtests.analysis.saved import Row, samples_of, trial_of, usage, with_server

AT_EASE = (Station(utilisation=0.1, service_s=0.004, servers=4),)


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


def timed(course: object = 1.0, count: int = 1_000, usual: float = 10.0) -> list[Row]:
    """Requests at random times of the window, and as long as `course` says by their time."""
    chance = np.random.default_rng(4)
    at = np.sort(chance.uniform(0.0, 1e4, count))
    factor = course(at) if callable(course) else np.full(count, course)
    took = usual * factor * np.exp(chance.normal(0.0, 0.05, count))
    return [request(at_ms, took_ms) for at_ms, took_ms in zip(at, took, strict=True)]


def judged(rows: list[Row], stations: tuple[Station, ...] = AT_EASE) -> list[str]:
    """The codes of what is said against a trial of those rows."""
    summary = summarize(trial_of(rows))
    main = samples_of(rows)
    return codes(tuple(drifting(summary, main, stations)))


def test_a_healthy_trial_passes_and_has_nothing_said_of_it() -> None:
    summary = summarize(measured(timed(count=600)))

    assert summary.valid
    assert codes(summary.warnings) == []


def test_a_warm_up_that_goes_on_makes_a_trial_invalid() -> None:
    rows = timed(lambda at: 1.0 + np.exp(-at / 3e3), count=600, usual=4.0)

    summary = summarize(measured(rows))

    assert codes(summary.reasons) == ["drifting"]
    assert "times that of the first" in summary.reasons[0].text
    assert "warmup_s" in summary.reasons[0].hint


def test_a_server_that_became_slower_and_stays_so_is_found() -> None:
    assert judged(timed(lambda at: np.where(at > 4.5e3, 1.5, 1.0))) == ["drifting"]


def test_a_queue_that_grows_is_a_matter_of_the_rate() -> None:
    """The latency rises with it, and whatever is offered is still answered in the window."""
    rising, falling = timed(lambda at: 1.0 + at / 5e3), timed(lambda at: 3.0 - at / 5e3)

    assert kept_up(summarize(trial_of(rising)))
    assert judged(rising) == []
    assert judged(falling) == ["drifting"]


def test_a_server_that_is_overloaded_is_not_said_to_drift() -> None:
    rows = timed(lambda at: np.where(at < 5e3, 2.0, 1.0))
    late = [request(9_990.0, 900.0) for _ in range(30)]

    assert judged(rows) == ["drifting"]
    assert judged([*rows, *late]) == []


@pytest.mark.parametrize(
    "stations",
    [(), (Station(0.9, 0.01, 1),), (Station(0.1, 0.2, 4),), (*AT_EASE, Station(1.0, 0.001, 1))],
    ids=["nothing is known", "busy", "slow", "full"],
)
def test_nothing_is_said_where_halves_differ_by_chance(stations: tuple[Station, ...]) -> None:
    assert judged(timed(lambda at: np.where(at < 5e3, 2.0, 1.0)), stations) == []


def test_kinds_of_requests_are_held_against_their_own() -> None:
    """More of the slow kind in the second half is no drift."""
    rows = timed()
    slow = [
        dataclasses.replace(row, took=10 * (row.took or 0.0), stream="bystander")
        for row in rows[100::3]
        if row.at > 5e3
    ]

    assert judged(sorted([*rows, *slow], key=lambda row: row.at)) == []


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (4, "4 requests have a latency, too few to state p50 (it needs 6) and p90 (it needs 36)"),
        (100, "100 requests have a latency, too few to state p99 (it needs 368)"),
        (400, None),
    ],
)
def test_quantiles_that_are_not_stated_are_named(count: int, words: str | None) -> None:
    summary = summarize(trial_of([Row(20.0 * number) for number in range(count)]))

    assert summary.valid
    assert codes(summary.warnings) == ([] if words is None else ["few_samples"])
    assert words is None or summary.warnings[0].text.startswith(words)


def busy(took: float, every: float = 25.0) -> SavedTrial:
    """One process that is held for so many of every 25 milliseconds."""
    return measured(regular(every, took))


def test_a_window_that_is_short_for_its_utilisation_is_a_warning() -> None:
    """At 92 % a server of 23 ms forgets within 14 s: a hundred times that is beyond ten seconds."""
    summary = summarize(busy(took=25.0))

    assert summary.valid
    assert codes(summary.warnings) == ["short"]
    text = summary.warnings[0].text
    assert text.startswith("the window of 10 s is short for a utilisation of 92%")
    assert "forgets within about 14 s" in text
    assert text.endswith("and a hundred times that is 1,400 s")


def test_below_four_fifths_or_with_users_that_wait_no_window_is_called_short() -> None:
    closed = busy(took=25.0)
    user = UserStream(name="load", users=1, think_s=0.0, targets=())
    closed = dataclasses.replace(closed, plan=closed.plan.model_copy(update={"users": (user,)}))

    assert codes(summarize(busy(took=20.0)).warnings) == []
    assert codes(summarize(closed).warnings) == []


def test_beyond_its_capacity_no_window_is_long_enough() -> None:
    summary = summarize(busy(took=25.0))
    full = dataclasses.replace(summary, achieved_rps=0.9 * summary.offered_rps)
    station = Station(0.99999, 0.01, 1)

    assert list(short(full, (Station(0.95, 0.1, 1),))) == []
    assert codes(tuple(short(summary, (station,)))) == ["short"]
    assert codes(tuple(short(summary, (Station(1.0, 0.01, 1),)))) == ["short"]


def test_the_slots_and_the_processor_are_stations() -> None:
    trial = with_server(measured(), usage=usage((5.0, 0.0, 40), (15.0, 4.0, 40)))
    summary = summarize(trial)
    slots, processor = stations_of(summary, pinned=True)

    assert window_s(summary) == 10.0
    assert slots.utilisation == pytest.approx(0.72, abs=0.01)
    assert slots.service_s == pytest.approx(0.018, abs=1e-4)
    assert slots.servers == 1
    assert (processor.utilisation, processor.servers) == (0.4, 1)
    assert processor.service_s == pytest.approx(0.01)
    assert stations_of(summary, pinned=False) == (slots,)


def test_a_second_of_work_is_weighed_by_what_it_belonged_to() -> None:
    """A hundred requests of 1 ms and ten of 90: of the work of a second nine tenths is of these."""
    summary = summarize(measured())
    holds = (
        dataclasses.replace(summary.holds[0], requests=100, mean_ms=1.0),
        dataclasses.replace(summary.holds[0], requests=10, mean_ms=90.0),
    )
    worker = dataclasses.replace(summary.workers[0], occupancy=0.025)
    slots = slots_of(dataclasses.replace(summary, holds=holds, workers=(worker,)))

    assert slots is not None
    assert slots.service_s == pytest.approx((100 * 0.001**2 + 10 * 0.09**2) / 1.0)
    assert (slots.utilisation, slots.servers) == (0.025, 4)


def test_where_something_waited_for_a_pool_nothing_is_known_of_its_station() -> None:
    summary = summarize(measured())
    assert summary.server_side is not None
    side = dataclasses.replace(summary.server_side, pools={"threads": 3})

    assert stations_of(dataclasses.replace(summary, server_side=side), pinned=True) == ()


def test_without_instruments_there_are_no_stations() -> None:
    summary: Trial = summarize(trial_of([Row(20.0 * number) for number in range(100)]))

    assert (slots_of(summary), processor_of(summary)) == (None, None)
    assert stations_of(summary, pinned=True) == ()
    assert DRIFT > 1.0

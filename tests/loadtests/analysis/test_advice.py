"""Advice on the workloads of a run."""

from __future__ import annotations

import dataclasses

from loadtests.analysis.advice import advice_of
from loadtests.analysis.decisions import Advice
from loadtests.analysis.deferred import Deferred
from loadtests.analysis.predicted import Calibration, Prediction
from loadtests.analysis.summary import Summary
from tests.loadtests.analysis.claims.built import Case, capacity, decided, summary
from tests.loadtests.analysis.claims.test_bad_days import RATE, bad_day, of

PROFILES = ("sync", "gthread", "asgi", "uvloop", "hybrid")


def only(made: Summary) -> Advice:
    (found,) = advice_of(made)
    return found


def wait(profile: str, rate: float, answered: float | None = None, aside: float = 0.5) -> Case:
    return Case(profile, "wait", rate, answered=answered, aside=aside)


def test_measured_capacities_decide() -> None:
    rates = {"sync": 38.0, "gthread": 40.0, "asgi": 900.0, "uvloop": 2500.0, "hybrid": 2450.0}
    made = summary(
        [wait(profile, 10.0) for profile in PROFILES],
        capacities=tuple(capacity(p, "wait", rate) for p, rate in rates.items()),
    )

    found = only(made)

    assert (found.choice, found.sure) == ("async", "measured")
    assert found.text == (
        "At most 2500 requests/s with async, 2450 requests/s with hybrid, 40 requests/s with "
        "threads and 38 requests/s with sync are answered."
    )
    assert found.crossover == "up to about 38 requests/s, all of them keep up"
    assert found.capacities == {"sync": 38.0, "threads": 40.0, "async": 2500.0, "hybrid": 2450.0}


def test_predictions_where_nothing_was_searched_for() -> None:
    def predicted(profile: str, rate: float) -> Prediction:
        told = Calibration(profile, "wait", (1,), 100.0, 0.1, 100.0, 0.5, 0.1, None)
        return Prediction(profile, "wait", "", told, rate, "cpu", ())

    made = summary([wait("sync", 10.0), wait("asgi", 10.0)])
    found = only(decided(made, predictions=(predicted("sync", 39.31), predicted("asgi", 3020.5))))

    assert (found.choice, found.sure) == ("async", "predicted")
    assert found.text == (
        "Predicted capacity: about 3000 requests/s with async and 39 requests/s with sync."
    )
    assert found.crossover == "up to about 39 requests/s, all of them keep up"
    assert found.capacities == {"sync": 39.31, "async": 3020.5}


def test_what_is_predicted_far_beyond_what_was_tried_is_a_lower_bound() -> None:
    def predicted(profile: str, rate: float, *, at_least: bool) -> Prediction:
        told = Calibration(profile, "wait", (1,), 100.0, 0.1, 100.0, 0.5, 0.1, None)
        return Prediction(profile, "wait", "", told, rate, "cpu", (), at_least=at_least)

    def advised(*found: Prediction) -> Advice:
        return only(decided(summary([wait("sync", 10.0), wait("asgi", 10.0)]), predictions=found))

    one = advised(predicted("sync", 39.3, at_least=False), predicted("asgi", 900.0, at_least=True))
    both = advised(predicted("sync", 300.0, at_least=True), predicted("asgi", 900.0, at_least=True))

    assert (one.choice, one.sure) == ("async", "predicted")
    assert one.text == (
        "Predicted capacity: at least 900 requests/s with async and 39 requests/s with sync."
    )
    # Of two lower bounds nobody knows which is the higher capacity.
    assert (both.choice, both.sure) == ("any", "unsure")


def test_capacities_within_their_intervals_are_level() -> None:
    made = summary(
        [wait("sync", 10.0), wait("asgi", 10.0)],
        capacities=(capacity("sync", "wait", 90.0, 0.15), capacity("asgi", "wait", 110.0, 0.15)),
    )

    assert (only(made).choice, only(made).crossover) == ("any", "")


def test_what_was_answered_where_there_is_nothing_else() -> None:
    full = [wait("sync", 100.0, 39.5), wait("uvloop", 100.0), wait("hybrid", 100.0)]

    found = only(summary(full, (1.0,)))

    assert (found.choice, found.sure) == ("async", "measured")
    assert found.text == (
        "Of 100 requests/s of “wait”, all are answered with async and hybrid, but only 39.5 "
        "requests/s with sync."
    )


def test_one_trial_each_that_is_less_than_twice_ahead_is_not_sure() -> None:
    full = [wait("sync", 60.0, 39.5), wait("uvloop", 60.0)]

    assert only(summary(full, (1.0,))).sure == "unsure"
    assert only(summary(full)).sure == "measured"


def test_a_load_that_all_keep_up_with_leaves_it_open() -> None:
    found = only(summary([wait("sync", 10.0), wait("uvloop", 10.0)]))

    assert (found.choice, found.sure) == ("any", "unsure")
    assert (
        found.text == "All of the 10 requests/s of “wait” are answered with sync and async alike."
    )


def test_who_keeps_a_bystander_waiting_is_not_chosen() -> None:
    def blocks(profile: str, aside: float) -> Case:
        return Case(profile, "blocking", 8.0, aside=aside)

    cases = [blocks("sync", 1.4), blocks("gthread", 1.2), blocks("uvloop", 150.0)]

    found = only(summary([*cases, blocks("hybrid", 0.7)], (1.0,)))

    assert found.choice == "threads"
    assert found.text.endswith(
        "alike. Nine trivial requests in ten take up to 150 ms beside async."
    )
    assert found.crossover == "if nothing else runs beside it, async will do as well"


def test_no_advice_on_one_way_of_serving_on_idling_or_without_valid_trials() -> None:
    alone = summary([wait("asgi", 10.0), wait("uvloop", 10.0)])
    idle = summary([Case("gthread", "idle", 10.0), Case("asgi", "idle", 10.0)])
    refused = summary([wait("sync", 10.0), wait("uvloop", 10.0)])
    refused = dataclasses.replace(
        refused, trials=tuple(dataclasses.replace(t, valid=False) for t in refused.trials)
    )

    for made in (alone, idle, refused):
        assert advice_of(made) == ()


def test_on_a_bad_day_the_way_is_chosen_that_answers_in_time() -> None:
    days = {"sync": bad_day(8.4), "gthread": bad_day(8.6), "uvloop": bad_day(RATE)}
    (found,) = advice_of(of(days, bursts=True))

    assert (found.choice, found.sure) == ("async", "measured")
    assert found.text == (
        "Of a burst on 30 requests/s of “wait”, all are answered in time with async, but only "
        "8.6 requests/s with threads and 8.4 requests/s with sync."
    )
    assert found.capacities == {"sync": 8.4, "threads": 8.6, "async": RATE}
    assert found.crossover == ""


def closed(made: Summary, users: int) -> Summary:
    """The same run as if its loads had been of closed users."""
    loads = (dataclasses.replace(load, mode="closed", users=users) for load in made.loads)
    return dataclasses.replace(made, loads=tuple(loads))


def test_closed_users_decide_where_there_is_nothing_else() -> None:
    made = summary([wait("sync", 300.0, 40.0), wait("uvloop", 300.0, 310.0)], (1.0,))
    found = only(closed(made, 32))

    assert (found.choice, found.sure) == ("async", "measured")
    assert found.text == (
        "Of 32 closed users of “wait”, 310 requests/s with async and 40 requests/s with sync are "
        "answered."
    )
    assert found.crossover == "up to about 40 requests/s, all of them keep up"


def test_closed_users_decide_where_all_keep_up_with_the_open_load() -> None:
    made = summary([wait("sync", 20.0), wait("uvloop", 20.0)], (1.0,))
    pressed = closed(summary([wait("sync", 300.0, 40.0), wait("uvloop", 300.0, 310.0)], (1.0,)), 32)
    both = dataclasses.replace(
        made, loads=(*made.loads, *pressed.loads), trials=(*made.trials, *pressed.trials)
    )

    assert (only(both).choice, only(both).sure) == ("async", "measured")
    assert only(both).text.startswith("Of 32 closed users of “wait”, 310 requests/s")


def deferred(done: dict[str, int | None]) -> Summary:
    """A run of jobs at 90/s for ten seconds, all of them accepted, and so many of them done."""
    made = summary([Case(profile, "later", 90.0) for profile in done], (1.0,))
    told = [
        dataclasses.replace(t, deferred=None if n is None else jobs(n))
        for t, n in zip(made.trials, done.values(), strict=True)
    ]
    workload = dataclasses.replace(made.workloads[0], requests=("POST /jobs?ms=100",))
    return dataclasses.replace(made, trials=tuple(told), workloads=(workload,))


def jobs(done: int) -> Deferred:
    return Deferred(900, 0, done, 0, 900 - done, 1.0, 1.0, 100.0, 100.0, 100.0, 100.0)


def test_of_deferred_work_what_was_done_decides_and_not_what_was_accepted() -> None:
    found = only(deferred({"sync": 400, "uvloop": 900}))
    alike = only(deferred({"sync": 900, "uvloop": 900}))

    assert (found.choice, found.sure) == ("async", "measured")
    assert found.text == (
        "Of 90 requests/s of “later”, all are done by the end of the trial with async, but only "
        "40 requests/s with sync."
    )
    assert (alike.choice, alike.sure) == ("any", "unsure")
    assert advice_of(deferred({"sync": None, "uvloop": 900})) == ()

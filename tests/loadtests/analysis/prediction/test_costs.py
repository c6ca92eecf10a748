"""What a request costs in processor time, from figures that can be added up by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadtests.analysis.instruments import Parts, RouteHold, Split
from loadtests.analysis.prediction.costs import cost_of
from loadtests.analysis.summary import Trial
from tests.loadtests.analysis.prediction.known import Work, arrivals, calibrating, in_slots

MADE = calibrating("sync", in_slots(arrivals(Work(0.4, 100.0), 20.0, 20.0), 4), 20.0)


def trial(rate: float, cpu_s: float, own_ms: float, stamped: float = 1.0) -> Trial:
    """Ten seconds of requests that use `own_ms` in the application, and no bystander."""
    parts = Parts(100, 1.0, 0.0, 0.0, 0.0, own_ms, 0.0, 0.0, 0.0)
    number = round(10 * rate)
    return replace(
        MADE,
        offered_rps=rate,
        achieved_rps=rate,
        requests=replace(MADE.requests, scheduled=number, completed=number),
        cpu_s=cpu_s,
        split=Split(stamped, parts, None),
        bystander=None,
    )


def test_a_request_costs_what_all_processes_used_for_it() -> None:
    """100 requests/s and 60 ms of processor time a second: 0.6 ms each, 0.2 in the application."""
    one = trial(100.0, 0.6, 0.2)

    cost = cost_of([one], [], [one], {"/wait"})

    assert cost.cpu_ms == pytest.approx(0.6)
    assert (cost.bystander_ms, cost.stamp_ms) == (0.0, 0.0)


def test_of_the_bystander_only_its_own_is_taken_away() -> None:
    """50 + 50 requests/s cost 0.3 ms each beside 10 and 0.1 ms in the application: 0.535 s/s."""
    main = trial(50.0, 5.35, 10.0)
    assert MADE.bystander is not None
    requests = replace(MADE.requests, scheduled=500, completed=500)
    beside = replace(
        main,
        bystander=replace(MADE.bystander, requests=requests),
        holds=(RouteHold("/cpu", 500, 10.0, None, 0.9), RouteHold("/hello", 500, 0.1, None, 0.1)),
    )

    cost = cost_of([beside], [], [beside], {"/cpu"})

    assert cost.cpu_ms == pytest.approx(10.3)
    assert cost.bystander_ms == pytest.approx(0.4)


def test_what_is_there_without_requests_is_found_though_they_cost_more_at_low_load() -> None:
    """20 ms a second without requests; 0.4 ms each outside of the application, twice at low load.

    Low: 20 + 10 · (0.8 + 0.4) = 32 ms a second. Moderate: 20 + 500 · (0.4 + 0.2) = 320.
    """
    low, moderate = trial(10.0, 0.32, 0.4), trial(500.0, 3.20, 0.2)

    assert cost_of([low], [], [moderate], {"/wait"}).cpu_ms == pytest.approx(0.6)


def test_loads_that_are_close_do_not_tell_it_apart() -> None:
    low, moderate = trial(10.0, 0.32, 0.4), trial(50.0, 0.5, 0.2)

    assert cost_of([low], [], [moderate], {"/wait"}).cpu_ms == pytest.approx(1.0)


def test_a_busy_server_is_woken_for_fewer_requests_and_a_full_one_for_none() -> None:
    """0.2 ms of work, 0.05 ms to wake up: in a share of the time that the server is idle.

    How busy it is solves u = rate · (0.2 + 0.05 (1 - u)) ms: 0.122 at 500/s, 0.556 at 2500/s.
    """

    def busy(rate: float) -> float:
        return rate * 0.00025 / (1.0 + rate * 0.00005)

    low, between, moderate = (trial(rate, 10.0 * busy(rate), 0.0) for rate in (5.0, 500.0, 2500.0))

    assert busy(2500.0) == pytest.approx(0.5556, abs=1e-4)
    plain = cost_of([low], [], [moderate], {"/wait"}).cpu_ms
    assert plain == pytest.approx(0.2222, rel=0.01)
    assert cost_of([low], [between], [moderate], {"/wait"}).cpu_ms == pytest.approx(0.2, rel=0.01)


def test_a_load_that_was_disturbed_does_not_make_a_server_twice_as_fast() -> None:
    """At 500/s twice the cost at 2500/s, which no wake-up explains."""
    low, between, moderate = trial(5.0, 0.02, 0.0), trial(500.0, 2.4, 0.0), trial(2500.0, 6.0, 0.0)

    plain = cost_of([low], [], [moderate], {"/wait"}).cpu_ms
    found = cost_of([low], [between], [moderate], {"/wait"}).cpu_ms
    assert found == pytest.approx(0.9 * plain)


def test_a_server_that_is_hardly_busy_says_nothing_of_its_wake_ups() -> None:
    low, between, moderate = trial(5.0, 0.02, 0.0), trial(500.0, 1.4, 0.0), trial(1200.0, 3.0, 0.0)

    plain = cost_of([low], [], [moderate], {"/wait"})
    assert cost_of([low], [between], [moderate], {"/wait"}) == plain


def test_a_cost_is_that_of_a_request_that_is_asked_for_its_split() -> None:
    """At 2000/s half are. A trivial request costs 0.4 ms, of which being asked is a quarter."""
    half = trial(2000.0, 8.0, 0.2, stamped=0.5)

    cost = cost_of([half], [], [half], {"/wait"}, {"median": 0.75})

    assert cost.stamp_ms == pytest.approx(0.1)
    assert cost.cpu_ms == pytest.approx(0.4 + 0.05)


def test_a_trivial_request_costs_at_most_as_much_in_the_application_as_outside() -> None:
    """A request that computes for 10 ms says nothing of what it costs to be asked."""
    compute = trial(50.0, 5.15, 10.0)

    assert cost_of([compute], [], [compute], {"/cpu"}, {"median": 0.75}).stamp_ms == pytest.approx(
        0.15
    )

"""The decision card's choices for requests of known kinds."""

from __future__ import annotations

import dataclasses

import pytest

from loadtests.analysis.advice_basis import Basis, Measured, Server, basis_of
from loadtests.analysis.advice_card import Answer, answer
from loadtests.analysis.advice_model import Offer, Question, offers
from loadtests.analysis.advice_turns import crossover, in_hand, waiting
from loadtests.analysis.predicted import Calibration, Prediction
from tests.loadtests.analysis.claims.built import Case, capacity, decided, summary

OWN_MS = {"sync": 0.8, "threads": 0.7, "greenlets": 0.5, "async": 0.3, "hybrid": 0.3}
PROFILES = {"sync": "sync", "threads": "gthread", "greenlets": "gevent", "async": "uvloop"}
SERVERS = tuple(
    Server(choice, PROFILES.get(choice, choice), own_ms, (n,))
    for n, (choice, own_ms) in enumerate(OWN_MS.items(), 1)
)
BASIS = Basis("a-run", SERVERS, slots=4)


def asked(**of: float) -> Answer:
    return answer(Question(**{"cpu_ms": 1.0, "wait_ms": 0.0, **of}), BASIS)  # type: ignore[arg-type]


def offer(found: Answer, choice: str) -> Offer:
    return next(one for one in found.offers if one.choice == choice)


def test_pure_computing_is_the_same_everywhere() -> None:
    found = asked(cpu_ms=50.0, concurrency=20)

    assert found.choice == "any"
    assert "no visible difference" in found.why
    assert {one.limit for one in found.offers} == {"cpu"}
    # 50 ms, 0.8 ms of server, 0.001 ms for 1 kB.
    assert offer(found, "sync").capacity_rps == pytest.approx(1000 / 50.801)


def test_long_waits_of_many_at_once_are_for_the_loop() -> None:
    found = asked(cpu_ms=2.0, wait_ms=100.0, concurrency=200)

    assert (found.choice, found.sure) == ("async", "predicted")
    assert found.crossover == "any up to 4 in hand, async above"
    assert "4 slots are full at 38.9 requests/s" in found.why
    # 4 slots of 2 + 0.7 + 0.001 + 100 ms; a processor of 2 + 0.3 + 0.001 ms.
    assert offer(found, "threads").capacity_rps == pytest.approx(4000 / 102.701)
    assert offer(found, "async").capacity_rps == pytest.approx(1000 / 2.301)
    assert offer(found, "async").latency_ms(200) == pytest.approx(200 * 2.301)
    assert offer(found, "threads").latency_ms(200) == pytest.approx(200 * 102.701 / 4)


def test_few_at_once_make_no_visible_difference() -> None:
    found = asked(wait_ms=100.0, concurrency=3)

    assert found.choice == "any"
    assert "3 requests at once take about 102 ms with any of them" in found.why


def test_calls_that_block_are_for_threads_or_a_pool_of_them() -> None:
    found = asked(wait_ms=80.0, blocking=True, concurrency=50)

    assert found.choice == "threads"
    assert "no visible difference from sync and hybrid" in found.why
    assert "greenlets and async: each request holds the loop" in found.why
    # The loop is held for 1 + 0.3 + 0.001 + 80 ms; four threads of the pool for 80 ms each.
    assert offer(found, "async").capacity_rps == pytest.approx(1000 / 81.301)
    assert (offer(found, "hybrid").limit, offer(found, "hybrid").capacity_rps) == ("threads", 50.0)


def test_calls_at_once_are_sooner_than_calls_in_turn() -> None:
    found = asked(wait_ms=50.0, fan_out=4, concurrency=1)

    assert found.choice == "async"
    assert offer(found, "async").alone_ms == pytest.approx(51.301)
    assert offer(found, "sync").alone_ms == pytest.approx(201.801)
    assert offer(found, "greenlets").alone_ms == pytest.approx(201.501)


def test_a_pool_makes_blocking_calls_as_far_as_it_has_threads() -> None:
    found = asked(wait_ms=50.0, fan_out=6, blocking=True, concurrency=1)

    assert found.choice == "hybrid"
    # Six calls in four threads: two rounds.
    assert offer(found, "hybrid").alone_ms == pytest.approx(101.301)
    assert offer(found, "hybrid").capacity_rps == pytest.approx(4000 / 300)


def test_no_call_is_no_wait() -> None:
    assert asked(wait_ms=100.0, fan_out=0, cpu_ms=50.0, concurrency=9).choice == "any"


def test_a_large_answer_is_an_assumption() -> None:
    found = asked(wait_ms=100.0, concurrency=200, payload_kb=1000.0)

    assert found.sure == "unsure"
    assert "1 ms for each MB" in found.doubt
    # 1 + 0.3 + 1 ms.
    assert offer(found, "async").capacity_rps == pytest.approx(1000 / 2.3)


def test_a_lead_within_the_error_of_predictions_is_not_sure() -> None:
    # 4.301 ms of processor against 4.801: the loop is ahead by 12 %.
    found = asked(cpu_ms=4.0, wait_ms=5.0, concurrency=100)

    assert found.sure == "unsure"
    assert found.doubt.startswith("the next is only ")


def test_one_way_of_serving_alone_is_no_choice() -> None:
    found = answer(Question(1.0, 100.0, concurrency=9), Basis("r", SERVERS[:1], 4))

    assert (found.choice, found.sure) == ("sync", "unsure")


def test_a_capacity_that_was_searched_for_stands_before_the_bounds() -> None:
    measured = tuple(
        Measured(choice, 100.0, blocking=False, capacity=capacity(PROFILES[choice], "wait", rate))
        for choice, rate in (("sync", 35.0), ("threads", 36.0), ("async", 900.0))
    )
    three = tuple(server for server in SERVERS if server.choice in ("sync", "threads", "async"))
    basis = Basis("r", three, 4, measured)

    found = answer(Question(0.0, 100.0, concurrency=200), basis)
    other = answer(Question(0.0, 100.0, concurrency=200, blocking=True), basis)
    longer = answer(Question(0.0, 150.0, concurrency=200), basis)

    assert (found.choice, found.sure) == ("async", "measured")
    assert offer(found, "threads").capacity_rps == 36.0
    assert not any(one.measured for one in (*other.offers, *longer.offers))


def test_where_the_choice_turns() -> None:
    question = Question(cpu_ms=2.0, wait_ms=100.0, concurrency=200)

    # 1.1 × 102.3 ms / (102.7 ms / 4) is 4.38: from five in hand on.
    assert [(one.begins, one.choice) for one in in_hand(question, BASIS)] == [
        (1.0, "any"), (5.0, "async"),
    ]  # fmt: skip
    # Until four slots keep the processor busy: 4 × 2.3 ms × 1.1 - 2.7 ms.
    turns = waiting(Question(cpu_ms=20.0, wait_ms=1.0, concurrency=200), BASIS)
    assert [one.choice for one in turns] == ["any", "async"]
    assert turns[1].begins == pytest.approx(1.1 * 4 * 20.301 - 20.801, rel=0.01)


def test_a_short_quarrel_of_equals_is_no_crossover() -> None:
    question = Question(cpu_ms=0.5, wait_ms=5.0, concurrency=3)
    turns = waiting(question, BASIS)

    assert [one.choice for one in turns] == ["async", "threads", "any"]
    assert turns[2].begins < 2 * turns[1].begins
    assert crossover(question, BASIS).endswith(
        f"async up to {turns[2].begins:.1f} ms of waiting "
        f"({2 * turns[2].begins:.1f} ms for each ms of CPU), any above"
    )


def test_offers_are_of_the_ways_that_were_measured() -> None:
    assert [o.choice for o in offers(Question(1.0, 1.0), Basis("r", SERVERS[2:4], 4))] == [
        "greenlets", "async",
    ]  # fmt: skip


def test_a_run_tells_what_the_servers_need_for_themselves() -> None:
    cases = [
        Case("sync", "wait", 30.0, cpu_ms=0.9), Case("sync", "trivial", 30.0, cpu_ms=0.8),
        Case("asgi", "wait", 30.0, cpu_ms=0.5), Case("uvloop", "wait", 30.0, cpu_ms=0.3),
        Case("gthread", "compute", 30.0, cpu_ms=10.0),
    ]  # fmt: skip

    found = basis_of(summary(cases, (1.0,), capacities=(capacity("uvloop", "wait", 900.0),)))

    assert [(s.choice, s.profile, s.own_ms, s.trials) for s in found.servers] == [
        ("sync", "sync", 0.8, (2,)), ("async", "uvloop", 0.3, (4,)),
    ]  # fmt: skip
    assert found.slots == 4
    assert [(m.choice, m.ms, m.blocking) for m in found.measured] == [("async", 100.0, False)]


@pytest.mark.parametrize("line", ["GET /downstream?ms=100", "GET /db?queries=1", "POST /jobs?ms=9"])
def test_what_a_client_costs_besides_is_not_what_a_server_needs_for_itself(line: str) -> None:
    made = summary([Case("uvloop", "calls", 30.0, cpu_ms=0.3)], (1.0,))
    calls = dataclasses.replace(made.workloads[0], requests=(line,))

    assert basis_of(dataclasses.replace(made, workloads=(calls,))).servers == ()


def calling(*costs: tuple[str, str, float]) -> Basis:
    """The basis of a run with these request lines on `uvloop`, and what each costs, ms."""
    made = summary([Case("uvloop", name, 30.0, cpu_ms=cost) for name, _, cost in costs], (1.0,))
    named = {name: line for name, line, _ in costs}
    told = (dataclasses.replace(w, requests=(named[w.name],)) for w in made.workloads)
    return basis_of(dataclasses.replace(made, workloads=tuple(told)))


ONE, EIGHT = "GET /downstream?calls=1&ms=50", "GET /downstream?calls=8&ms=50"


def test_a_run_tells_what_each_call_costs_the_client() -> None:
    (server,) = calling(("one", ONE, 1.0), ("eight", EIGHT, 4.5)).servers
    assert (server.own_ms, server.call_ms, server.trials) == (0.5, 0.5, (1,))

    # What the server itself needs is known better from requests that call nobody.
    (server,) = calling(("idle", "GET /hello", 0.5), ("eight", EIGHT, 4.5)).servers
    assert (server.own_ms, server.call_ms) == (0.5, 0.5)

    assert calling(("eight", EIGHT, 4.5)).servers == ()
    through = "GET /downstream?calls=8&ms=50&threads=8"
    (server,) = calling(("idle", "GET /hello", 0.5), ("eight", through, 9.0)).servers
    assert server.call_ms == 0.0


def test_a_loop_that_calls_is_no_faster_than_its_client() -> None:
    basis = calling(("one", ONE, 1.0), ("eight", EIGHT, 4.5))
    (found,) = offers(Question(0.0, 50.0, fan_out=8, concurrency=100, payload_kb=0.0), basis)

    assert (found.limit, found.alone_ms) == ("cpu", 54.5)
    assert found.capacity_rps == pytest.approx(1000 / 4.5)


def test_connections_that_all_share_leave_no_difference_where_they_are_the_limit() -> None:
    found = asked(wait_ms=100.0, concurrency=200, connections=4)

    # 4 / 100 ms, while the four slots are held for the request's own time as well.
    assert found.choice == "any"
    assert offer(found, "async").capacity_rps == offer(found, "hybrid").capacity_rps == 40.0
    assert (offer(found, "async").limit, offer(found, "threads").limit) == ("connections", "slots")
    more = asked(wait_ms=100.0, concurrency=200, connections=400)
    assert (more.choice, offer(more, "async").limit) == ("async", "cpu")
    few = asked(wait_ms=100.0, concurrency=200, connections=2)
    assert few.why.endswith("no visible difference. 2 connections are full.")
    assert {one.capacity_rps for one in few.offers} == {20.0}


def test_a_calibration_on_trivial_requests_stands_before_a_cost() -> None:
    made = summary([Case("sync", "trivial", 30.0, cpu_ms=0.8)], (1.0,))
    told = Calibration("sync", "trivial", (7, 8), 1.0, 0.1, 0.0, 0.6, 0.9, 4)
    prediction = Prediction("sync", "trivial", "M/D/1", told, 1600.0, "cpu", ())

    (server,) = basis_of(decided(made, predictions=(prediction,))).servers

    assert (server.own_ms, server.trials) == (0.6, (7, 8))

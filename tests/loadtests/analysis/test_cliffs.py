"""Where a profile's latency begins to climb, of trials whose figures are known."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from loadtests import experiment as experiments
from loadtests.analysis.cliffs import cliffs_of, pools
from loadtests.analysis.decisions import Cliff
from loadtests.analysis.summary import Latency, Trial
from servers.budget import Budget
from tests.loadtests.analysis.test_scale import BASE, SIDE

USERS = (1, 2, 4, 8, 16, 32, 64)
EXPERIMENT = experiments.parse(
    """
name = "pool"
question = "Where does the pool end?"
seed = 1
measure_s = 3.0
profiles = ["sync", "gthread", "gevent", "uvloop"]
[budget]
slots = 4
database_connections = 8
[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 100 } }]
[[workloads]]
name = "compute"
requests = [{ path = "/cpu", params = { units = 10 } }]
"""
    + "".join(f'[[loads]]\nname = "{n}"\nmode = "closed"\nusers = {n}\n' for n in USERS)
    + '[[loads]]\nname = "5/s"\nmode = "open"\nrate = 5.0\n'
)


def sweep(
    profile: str,
    places: int,
    users: Sequence[int] = USERS[:-1],
    workload: str = "wait",
    **side: Any,
) -> list[Trial]:
    """A trial for each number of users, of whom `places` are served at once in 100 ms each."""
    made = []
    for n in users:
        ms = 100.0 * max(n / places, 1.0)
        fields: dict[str, Any] = {
            "profile": profile, "workload": workload, "load": str(n), "valid": True,
            "achieved_rps": 1000.0 * n / ms, "latency_ms": Latency(ms, ms, ms, ms),
            "server_side": dataclasses.replace(SIDE, **(side if n > places else {})),
        }  # fmt: skip
        made.append(dataclasses.replace(BASE, **fields))
    return made


def only(trials: Sequence[Trial]) -> Cliff:
    (found,) = cliffs_of(trials, EXPERIMENT)
    return found


@pytest.mark.parametrize(
    ("profile", "places", "side", "limit"),
    [
        ("sync", 4, {"accept_queue_max": 28}, "worker"),
        ("gthread", 4, {"pools": {"executor": 28}}, "thread"),
        ("uvloop", 4, {"pools": {"threads": 28, "database": 0}}, "AnyIO token"),
        ("uvloop", 2, {"pools": {"processes": 30}}, "pool process"),
        ("uvloop", 8, {"pools": {"database": 24}}, "database connection"),
        ("gevent", 8, {"pools": {"database": 24}}, "database connection"),
    ],
)
def test_the_edge_is_where_the_pool_ends_that_requests_waited_for(
    profile: str, places: int, side: dict[str, Any], limit: str
) -> None:
    cliff = only(sweep(profile, places, **side))

    assert cliff.edge == pytest.approx(places)
    assert (cliff.limit, cliff.places) == (limit, places)
    assert cliff.points[0] == (1, 100.0)
    assert cliff.points[-1][0] == 32
    assert cliff.points[-1][1] == pytest.approx(3200.0 / places)


def test_the_sentence_names_the_pool_and_how_late_the_last_ones_are() -> None:
    cliff = only(sweep("gthread", 4, pools={"executor": 28}))

    assert cliff.text == (
        "gthread serves 4 at once, for it has 4 threads: 32 at once take 8 times as long as one."
    )


def test_a_pool_of_that_size_for_which_nobody_waited_is_not_the_limit() -> None:
    cliff = only(sweep("uvloop", 4, pools={"threads": 0}))

    assert (cliff.edge, cliff.limit, cliff.places) == (4.0, "", None)
    assert "no pool of it has so many places" in cliff.text


def test_a_pool_of_another_size_is_not_the_limit_though_somebody_waited() -> None:
    assert only(sweep("uvloop", 16, pools={"threads": 20})).limit == ""


def test_a_loop_that_its_requests_hold_serves_one_at_once() -> None:
    held = [
        dataclasses.replace(t, hold_ms=Latency(100.0, 100.0, 100.0, 100.0))
        for t in sweep("uvloop", 1)
    ]

    cliff = only(held)
    assert (cliff.edge, cliff.limit, cliff.places) == (1.0, "event loop", 1)


def test_latency_that_does_not_rise_has_no_cliff() -> None:
    cliff = only(sweep("uvloop", 1000))

    assert (cliff.edge, cliff.limit) == (None, "")
    assert cliff.text == "uvloop serves 32 at once as fast as one: it has no cliff up to there."


def test_of_several_trials_the_medians_count_and_invalid_ones_do_not() -> None:
    good = sweep("gthread", 4, pools={"executor": 28})
    slow = [dataclasses.replace(t, latency_ms=Latency(9e3, 9e3, 9e3, 9e3)) for t in good]
    invalid = [dataclasses.replace(t, valid=False) for t in slow]

    assert only([*good, *invalid]) == only(good)
    assert only([*good, *good, *slow]) == only(good)


def test_there_is_none_of_few_numbers_of_users_nor_of_what_computes() -> None:
    assert cliffs_of(sweep("gthread", 4, (1, 8, 32)), EXPERIMENT) == ()
    assert cliffs_of(sweep("gthread", 4, workload="compute"), EXPERIMENT) == ()


@pytest.mark.parametrize(
    ("profile", "users"),
    [
        ("sync", (8, 16, 32, 64)),
        ("sync", (4, 8, 16, 32)),
        ("gthread", (8, 16, 32, 64)),
        # A loop may be held by a single request.
        ("uvloop", (2, 4, 8, 16)),
    ],
)
@pytest.mark.parametrize("places", [4, 1000])
def test_nothing_is_as_long_as_one_where_the_fewest_may_wait_for_each_other(
    profile: str, users: tuple[int, ...], places: int
) -> None:
    assert cliffs_of(sweep(profile, places, users), EXPERIMENT) == ()


@pytest.mark.parametrize("profile", ["sync", "gthread"])
def test_fewer_than_the_smallest_pool_holds_take_as_long_as_one(profile: str) -> None:
    assert only(sweep(profile, 4, (2, 4, 8, 16))).edge == pytest.approx(4.0)


def test_a_single_user_of_whom_nothing_is_known_is_none() -> None:
    first, *others = sweep("sync", 4, (1, 8, 16, 32, 64))
    unknown = dataclasses.replace(first, latency_ms=Latency(None, None, None, None))

    assert cliffs_of([unknown, *others], EXPERIMENT) == ()
    assert cliffs_of([dataclasses.replace(first, valid=False), *others], EXPERIMENT) == ()


def test_pools_are_of_the_whole_server() -> None:
    budget = Budget(slots=3, workers=2, pool_processes=5, database_connections=9)

    assert {p.name: p.places for p in pools("hybrid", budget)} == {
        "event loop": 2, "AnyIO token": 6, "pool process": 10, "database connection": 8,
        "downstream connection": 200,
    }  # fmt: skip
    assert {p.name: p.places for p in pools("sync", budget)} == {
        "worker": 6, "database connection": 6, "downstream connection": 600,
    }  # fmt: skip
    assert [p.text for p in pools("hybrid", Budget(pool_processes=1, slots=1))][:3] == [
        "1 event loop", "1 AnyIO token", "1 pool process",
    ]  # fmt: skip
    assert pools("hybrid", budget)[2].text == "10 pool processes"

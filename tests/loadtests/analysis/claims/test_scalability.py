"""The verdicts on scalability: from capacities, else from what was answered."""

from __future__ import annotations

import dataclasses

from loadtests.analysis.subjects import LoadSummary
from tests.loadtests.analysis.claims.built import Case, capacity, claim, summary

LIGHT = [Case("sync", "wait", 10.0), Case("asgi", "wait", 10.0)]
FULL = [Case("sync", "wait", 100.0, answered=39.5), Case("asgi", "wait", 100.0)]


def test_supported_where_the_intervals_of_the_capacities_are_apart() -> None:
    found = claim(
        "scalability",
        summary(
            LIGHT, capacities=(capacity("sync", "wait", 40.0), capacity("asgi", "wait", 900.0))
        ),
    )

    assert found.verdict == "supported"
    assert found.estimate is not None
    # 900/40, between 855/42 and 945/38.
    assert (found.estimate.value, found.estimate.low, found.estimate.high) == (
        22.5,
        20.3571,
        24.8684,
    )
    # There are no pairs of trials, but two searches.
    assert (found.estimate.n, found.estimate.searched) == (2, True)
    assert found.text == (
        "For “wait”, the capacity is 900 requests/s on asgi against 40 requests/s on sync: a "
        "factor of 22.5 (20.4 to 24.9 by the 95 % intervals of both searches)."
    )
    assert found.detail == (
        "The objective is: p99 ≤ 250 ms. One search each found these 95 % intervals, in "
        "requests/s: 38 to 42 on sync and 855 to 945 on asgi."
    )
    assert found.crossover == "4 slots can serve 40 requests/s of “wait” (4 / 100 ms)"


def test_depends_on_what_requests_do() -> None:
    cases = [*LIGHT, Case("sync", "blocking", 20.0), Case("asgi", "blocking", 20.0)]
    found = claim(
        "scalability",
        summary(
            cases,
            capacities=(
                capacity("sync", "wait", 40.0), capacity("asgi", "wait", 900.0),
                capacity("sync", "blocking", 50.0), capacity("asgi", "blocking", 12.5),
            ),
        ),
    )  # fmt: skip

    assert found.verdict == "depends"
    assert found.crossover.startswith(
        "the asynchronous profiles are ahead for “wait”, the synchronous ones for “blocking”; "
    )


def test_refuted_no_difference_and_undecided_by_capacities() -> None:
    def verdict(sync: float, asgi: float, within: float) -> str:
        found = capacity("sync", "wait", sync, within), capacity("asgi", "wait", asgi, within)
        return claim("scalability", summary(LIGHT, capacities=found)).verdict

    assert verdict(90.0, 40.0, 0.05) == "refuted"
    assert verdict(100.0, 104.0, 0.05) == "no visible difference"
    # Apart by a fifth, but the intervals overlap; and alike, but known too badly.
    assert verdict(100.0, 120.0, 0.2) == "undecided"
    assert verdict(100.0, 104.0, 0.4) == "undecided"


def test_an_open_ratio_of_capacities_names_the_searches() -> None:
    found = capacity("sync", "wait", 100.0, 0.2), capacity("asgi", "wait", 120.0, 0.2)

    told = claim("scalability", summary(LIGHT, capacities=found))

    # Between 96 / 120 and 144 / 80.
    assert told.text.endswith(
        ": the 95 % intervals of both searches leave a factor of 0.8 to 1.8 open."
    )


def test_without_capacities_what_was_answered_under_the_heaviest_load() -> None:
    found = claim("scalability", summary([*LIGHT, *FULL], (1.0,)))

    assert found.verdict == "supported"
    assert found.text == (
        "At 100 requests/s of “wait”, the throughput is 100 requests/s on asgi against 39.5 "
        "requests/s on sync: a factor of 2.53 (one trial each)."
    )
    assert found.detail == (
        "100 requests/s were offered; asgi kept up with that, and might answer more."
    )


def test_loads_that_all_keep_up_with_say_nothing() -> None:
    found = claim("scalability", summary(LIGHT))

    assert found.verdict == "undecided"
    assert found.text.startswith("Every profile answered all that this run offered it")
    assert found.anchor == "workload-1"


def test_the_most_users_of_a_closed_load_say_it_at_once() -> None:
    made = summary([Case("sync", "compute", 95.0), Case("asgi", "compute", 60.0)])
    made = dataclasses.replace(
        made,
        loads=(LoadSummary("8 users", "closed", None, 8, "closed, 8 users"),),
        trials=tuple(dataclasses.replace(trial, load="8 users") for trial in made.trials),
    )

    found = claim("scalability", made)

    assert found.verdict == "refuted"
    assert found.text.startswith(
        "With 8 closed users of “compute”, the throughput is 95 requests/s on"
    )


def test_not_measured_of_trivial_requests() -> None:
    made = summary([Case("sync", "trivial", 10.0), Case("asgi", "trivial", 10.0)])

    assert claim("scalability", made).verdict == "not measured"

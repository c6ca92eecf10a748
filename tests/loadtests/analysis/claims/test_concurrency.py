"""The verdicts on concurrency, and where the loop gets ahead."""

from __future__ import annotations

import dataclasses

from tests.loadtests.analysis.claims.built import NOISY, Case, claim, summary


def waits(profile: str, rate: float, p50: float, answered: float | None = None) -> Case:
    return Case(profile, "wait", rate, p50=p50, answered=answered)


LIGHT = [waits("sync", 10.0, 101.0), waits("asgi", 10.0, 100.0)]
HEAVY = [waits("sync", 100.0, 2480.0, 39.6), waits("asgi", 100.0, 100.5)]


def test_depends_on_the_rate_with_the_slots_as_the_crossover() -> None:
    found = claim("concurrency", summary([*LIGHT, *HEAVY]))

    assert found.verdict == "depends"
    assert found.crossover == (
        "the loop is ahead from 40 requests/s on, when all 4 slots are full (4 / 100 ms)"
    )
    assert "the median latency is 100 ms on asgi against ≥ 2.5 s on sync: a factor" in found.text
    assert found.detail.endswith("No visible difference at 10 requests/s of “wait”.")
    assert found.estimate is not None
    assert 24.0 < found.estimate.value < 25.5


def test_slots_that_no_worker_could_tell_are_left_out() -> None:
    made = summary([*LIGHT, *HEAVY])
    blind = tuple(dataclasses.replace(p, facts={**p.facts, "threads": None}) for p in made.profiles)

    found = claim("concurrency", dataclasses.replace(made, profiles=blind))

    assert found.crossover.startswith("the loop is ahead from between 10 and 100 requests/s on")


def test_supported_where_it_is_ahead_under_every_load() -> None:
    cases = [*HEAVY, waits("sync", 50.0, 900.0, 39.6), waits("asgi", 50.0, 100.0)]

    found = claim("concurrency", summary(cases))

    assert found.verdict == "supported"
    assert found.crossover == ""
    assert found.detail.endswith("Likewise at 50 requests/s of “wait”.")


def test_of_equal_leads_the_one_under_the_heaviest_load_is_told() -> None:
    cases = [waits(p, r, ms) for r in (50.0, 70.0) for p, ms in (("sync", 300.0), ("asgi", 100.0))]

    found = claim("concurrency", summary(cases, (1.0,)))

    assert found.text.startswith("At 70 requests/s")
    assert found.detail.endswith("Likewise at 50 requests/s of “wait”.")


def test_refuted_where_the_loop_is_behind() -> None:
    found = claim("concurrency", summary([waits("sync", 20.0, 100.0), waits("asgi", 20.0, 190.0)]))

    assert found.verdict == "refuted"
    assert "the median latency is 100 ms on sync against 190 ms on asgi" in found.text


def test_no_visible_difference_where_nothing_ever_queues() -> None:
    assert claim("concurrency", summary(LIGHT)).verdict == "no visible difference"


def test_undecided_where_trials_scatter() -> None:
    cases = [waits("sync", 30.0, 140.0), waits("asgi", 30.0, 100.0)]

    assert claim("concurrency", summary(cases, NOISY)).verdict == "undecided"


def test_one_trial_each_shows_the_factor_and_not_the_equality() -> None:
    found = claim("concurrency", summary([*LIGHT, *HEAVY], (1.0,)))

    assert found.verdict == "supported"
    assert found.text.endswith("(one trial each).")
    assert found.detail == (
        "Undecided at 10 requests/s of “wait” (with one trial each, only a factor of 2 counts)."
    )


def test_two_lower_bounds_are_not_compared() -> None:
    cases = [waits("sync", 100.0, 2480.0, 39.6), waits("asgi", 100.0, 900.0, 60.0)]

    assert claim("concurrency", summary(cases)).verdict == "not measured"


def test_not_measured_of_requests_that_hold() -> None:
    cases = [Case("sync", "blocking", 8.0, 80.0), Case("asgi", "blocking", 8.0, 120.0)]

    assert claim("concurrency", summary(cases)).verdict == "not measured"

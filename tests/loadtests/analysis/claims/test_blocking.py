"""The verdicts on blocking: what a bystander feels."""

from __future__ import annotations

import dataclasses

from loadtests.analysis.summary import Requests
from tests.loadtests.analysis.claims.built import NOISY, Case, claim, summary


def beside(profile: str, workload: str, rate: float, p90: float | None) -> Case:
    return Case(profile, workload, rate, p50=80.0, aside=p90)


WAIT = [beside("sync", "wait", 100.0, 3500.0), beside("uvloop", "wait", 100.0, 0.4)]
CALM = [beside("sync", "wait", 10.0, 1.2), beside("uvloop", "wait", 10.0, 0.5)]
BLOCK = [beside("sync", "blocking", 8.0, 1.4), beside("uvloop", "blocking", 8.0, 150.0)]


def test_depends_on_what_the_others_do() -> None:
    found = claim("blocking", summary([*CALM, *WAIT, *BLOCK]))

    assert found.verdict == "depends"
    assert found.crossover == (
        "beside “wait”, the synchronous profiles slow their bystander from 40 requests/s on, when "
        "all 4 slots are full (4 / 100 ms); beside “blocking”, the asynchronous ones do, because "
        "the loop is held"
    )
    assert found.text == (
        "Beside “wait”, the bystander’s p90 is 0.4 ms on uvloop against 3.5 s on sync; but beside "
        "“blocking”, 1.4 ms on sync against 150 ms on uvloop."
    )
    assert "Beside 100 requests/s of “wait”" in found.detail
    assert "Beside 8 requests/s of “blocking”" in found.detail
    assert found.detail.endswith("No visible difference beside 10 requests/s of “wait”.")


def test_depends_after_one_trial_each_as_well() -> None:
    found = claim("blocking", summary([*WAIT, *BLOCK], (1.0,)))

    assert found.verdict == "depends"
    assert found.text.endswith("against 150 ms on uvloop (one trial each).")
    assert "uvloop is ahead of sync by a factor of more than 1000 (one trial each)" in found.detail
    assert "sync is ahead of uvloop by a factor of 107 (one trial each)" in found.detail


def test_in_the_tour_waiting_slows_the_one_side_and_blocking_the_other() -> None:
    waits = {25.0: (142.0, 143.0, 2.0), 100.0: (3339.0, 3338.0, 1.2)}
    names = ("sync", "gthread", "uvloop")
    cases = [
        beside(p, "wait", rate, ms)
        for rate in waits
        for p, ms in zip(names, waits[rate], strict=True)
    ]
    cases += [
        beside(p, "blocking", 8.0, ms) for p, ms in zip(names, (1.9, 3.1, 168.0), strict=True)
    ]

    found = claim("blocking", summary(cases, (1.0,)))

    assert found.verdict == "depends"
    assert found.text == (
        "Beside “wait”, the bystander’s p90 is 1.2 ms on uvloop against 3.3 s on gthread and sync; "
        "but beside “blocking”, 1.9 to 3.1 ms on sync and gthread against 168 ms on uvloop (one "
        "trial each)."
    )
    # Slowed under every load: there is no rate from which on it is.
    assert found.crossover == (
        "beside “wait”, the synchronous profiles slow their bystander when all 4 slots are full; "
        "beside “blocking”, the asynchronous ones do, because the loop is held"
    )
    assert found.detail.endswith(
        "As beside 100 requests/s of “wait”, so also beside 25 requests/s of “wait”."
    )


def test_a_bystander_of_few_requests_decides_nothing_and_the_detail_says_so() -> None:
    made = summary([*WAIT, *BLOCK], (1.0,))
    few = Requests(95, 95, 0, 0, 0)
    made = dataclasses.replace(
        made,
        trials=tuple(
            dataclasses.replace(t, bystander=dataclasses.replace(t.bystander, requests=few))
            if t.workload == "wait" and t.bystander
            else t
            for t in made.trials
        ),
    )

    found = claim("blocking", made)

    assert found.verdict == "refuted"
    assert found.detail == (
        "Undecided beside 100 requests/s of “wait” (a figure rests on fewer than 100 requests)."
    )


def test_supported_where_only_the_synchronous_side_is_slowed() -> None:
    assert claim("blocking", summary(WAIT)).verdict == "supported"


def test_refuted_where_only_the_loop_is() -> None:
    found = claim("blocking", summary(BLOCK))

    assert found.verdict == "refuted"
    assert found.crossover == ""


def test_a_few_milliseconds_are_no_slowing_whatever_their_ratio() -> None:
    found = claim("blocking", summary([beside("sync", "wait", 10.0, 4.0), CALM[1]]))

    assert found.verdict == "no visible difference"
    assert found.text.endswith("4 ms on sync: no visible difference, for none is above 10 ms.")
    assert claim("blocking", summary(CALM, (1.0,))).verdict == "no visible difference"


def test_one_trial_near_the_bound_is_undecided() -> None:
    cases = [beside("sync", "wait", 10.0, 7.0), beside("uvloop", "wait", 10.0, 0.5)]

    found = claim("blocking", summary(cases, (1.0,)))

    assert found.verdict == "undecided"
    assert found.text.endswith("7 ms on sync: one trial each is too few so near to the bound.")


def test_undecided_where_both_are_slowed_and_trials_scatter() -> None:
    cases = [beside("sync", "compute", 50.0, 60.0), beside("uvloop", "compute", 50.0, 50.0)]

    assert claim("blocking", summary(cases, NOISY)).verdict == "undecided"


def test_not_measured_without_a_bystander_or_beside_trivial_requests_only() -> None:
    alone = [beside("sync", "wait", 10.0, None), beside("uvloop", "wait", 10.0, None)]
    trivial = [beside("sync", "trivial", 10.0, 1.0), beside("uvloop", "trivial", 10.0, 1.0)]

    for cases in (alone, trivial):
        assert claim("blocking", summary(cases)).verdict == "not measured"

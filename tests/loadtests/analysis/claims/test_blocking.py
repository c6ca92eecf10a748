"""The verdicts on blocking: what a bystander feels."""

from __future__ import annotations

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
        "by what the others do: the synchronous profiles are slowed beside “wait” from 40 "
        "requests/s on, where 4 slots are full: 4 / 100 ms, the loop beside “blocking”"
    )
    assert "Beside 100 requests/s of “wait”" in found.text
    assert "Beside 8 requests/s of “blocking”" in found.text


def test_depends_after_one_trial_each_as_well() -> None:
    found = claim("blocking", summary([*WAIT, *BLOCK], (1.0,)))

    assert found.verdict == "depends"
    assert "uvloop is ahead of sync, by a factor of more than 1000 (one trial each)" in found.text
    assert "sync is ahead of uvloop, by a factor of 107 (one trial each)" in found.text


def test_supported_where_only_the_synchronous_side_is_slowed() -> None:
    assert claim("blocking", summary(WAIT)).verdict == "supported"


def test_refuted_where_only_the_loop_is() -> None:
    found = claim("blocking", summary(BLOCK))

    assert found.verdict == "refuted"
    assert found.crossover == ""


def test_a_few_milliseconds_are_no_slowing_whatever_their_ratio() -> None:
    found = claim("blocking", summary([beside("sync", "wait", 10.0, 4.0), CALM[1]]))

    assert found.verdict == "no visible difference"
    assert claim("blocking", summary(CALM, (1.0,))).verdict == "no visible difference"


def test_one_trial_near_the_bound_is_undecided() -> None:
    cases = [beside("sync", "wait", 10.0, 7.0), beside("uvloop", "wait", 10.0, 0.5)]

    assert claim("blocking", summary(cases, (1.0,))).verdict == "undecided"


def test_undecided_where_both_are_slowed_and_trials_scatter() -> None:
    cases = [beside("sync", "compute", 50.0, 60.0), beside("uvloop", "compute", 50.0, 50.0)]

    assert claim("blocking", summary(cases, NOISY)).verdict == "undecided"


def test_not_measured_without_a_bystander_or_beside_trivial_requests_only() -> None:
    alone = [beside("sync", "wait", 10.0, None), beside("uvloop", "wait", 10.0, None)]
    trivial = [beside("sync", "trivial", 10.0, 1.0), beside("uvloop", "trivial", 10.0, 1.0)]

    for cases in (alone, trivial):
        assert claim("blocking", summary(cases)).verdict == "not measured"

"""The verdicts on the hybrid."""

from __future__ import annotations

from tests.loadtests.analysis.claims.built import Case, claim, summary


def mixed(
    profile: str,
    aside: float,
    answered: float | None = None,
    p50: float = 100.0,
    rate: float = 40.0,
) -> Case:
    return Case(profile, "mixed", rate, p50=p50, aside=aside, answered=answered)


HYBRID = mixed("hybrid", 0.7)


def test_supported_where_it_is_ahead_of_every_other() -> None:
    cases = [HYBRID, mixed("sync", 150.0, 33.0, 900.0), mixed("uvloop", 90.0)]

    found = claim("hybrid", summary(cases))

    assert found.verdict == "supported"
    assert found.detail == "In all, hybrid is ahead of sync and uvloop."
    assert found.estimate is not None
    # Of what it is ahead by, the least: 90 / 0.7 against uvloop.
    assert 120.0 < found.estimate.value < 140.0


def test_depends_where_it_is_level_with_one() -> None:
    found = claim("hybrid", summary([HYBRID, mixed("gevent", 0.8), mixed("uvloop", 90.0)]))

    assert found.verdict == "depends"
    assert found.crossover == "hybrid is ahead of uvloop; not visibly different from gevent"
    assert found.text.startswith(
        "Beside 40 requests/s of “mixed”, the bystander’s p90 is 0.7 ms on hybrid against 90 ms on "
        "uvloop: a factor of "
    )
    assert found.detail == (
        "Beside 40 requests/s of “mixed”, the bystander’s p90 is 0.8 ms on gevent: hybrid is not "
        "visibly different from gevent, for none is above 10 ms."
    )


def test_depends_where_it_is_ahead_in_one_figure_and_behind_in_another() -> None:
    found = claim("hybrid", summary([mixed("hybrid", 0.7, p50=150.0), mixed("uvloop", 90.0)]))

    assert found.verdict == "depends"
    assert found.crossover == "hybrid is in part ahead of and in part behind uvloop"
    assert found.text == (
        "Beside 40 requests/s of “mixed”, the bystander’s p90 is 0.7 ms on hybrid against 90 ms on "
        "uvloop; but the median latency is 100 ms on uvloop against 150 ms on hybrid."
    )


def test_refuted_where_it_is_behind() -> None:
    found = claim("hybrid", summary([mixed("hybrid", 80.0), mixed("gthread", 2.0)]))

    assert found.verdict == "refuted"
    assert "2 ms on gthread against 80 ms on hybrid: a factor of 39.8 (95 %" in found.text


def test_no_visible_difference_from_any() -> None:
    found = claim("hybrid", summary([HYBRID, mixed("gthread", 1.1)]))

    assert found.verdict == "no visible difference"


def test_undecided_after_one_trial_each_near_the_bounds() -> None:
    cases = [mixed("hybrid", 7.0, answered=30.0, p50=100.0), mixed("gthread", 8.0, answered=33.0)]

    assert claim("hybrid", summary(cases, (1.0,))).verdict == "undecided"


def test_without_a_mixed_workload_it_must_be_beaten_at_neither() -> None:
    cases = [
        Case("sync", "wait", 100.0, 2480.0, 3500.0, 39.0),
        Case("uvloop", "wait", 100.0, 100.0, 0.4),
        Case("hybrid", "wait", 100.0, 100.0, 0.4),
        Case("sync", "blocking", 20.0, 80.0, 1.4),
        Case("uvloop", "blocking", 20.0, 93.0, 150.0),
        Case("hybrid", "blocking", 20.0, 80.0, 0.7),
    ]

    found = claim("hybrid", summary(cases, (1.0,)))

    assert found.verdict == "supported"
    assert found.text == (
        "Beside “wait”, the bystander’s p90 is 0.4 ms on hybrid against 3.5 s on sync; beside "
        "“blocking”, 0.7 ms on hybrid against 150 ms on uvloop (one trial each)."
    )
    assert "Beside 100 requests/s of “wait”" in found.detail
    assert "Beside 20 requests/s of “blocking”" in found.detail
    assert found.detail.endswith("In all, hybrid is ahead of sync and uvloop.")
    assert found.anchor == "workload-2"


def test_a_mixed_workload_alone_is_read_where_there_is_one() -> None:
    worse = [Case("hybrid", "wait", 10.0, 900.0, 90.0), Case("uvloop", "wait", 10.0, 100.0, 0.5)]
    cases = [HYBRID, mixed("uvloop", 90.0), *worse]

    assert claim("hybrid", summary(cases)).verdict == "supported"


def test_not_measured_of_one_kind_of_work_or_without_the_hybrid() -> None:
    waiting = [Case("hybrid", "wait", 10.0, 100.0, 1.0), Case("sync", "wait", 10.0, 100.0, 1.0)]
    without = [mixed("sync", 1.0), mixed("uvloop", 90.0)]

    for cases in (waiting, without):
        assert claim("hybrid", summary(cases)).verdict == "not measured"


def test_against_many_the_finding_counts_them() -> None:
    others = ("sync", "gthread", "gevent", "asgi", "uvloop")
    cases = [HYBRID, *(mixed(name, 90.0 + n) for n, name in enumerate(others))]

    found = claim("hybrid", summary(cases, (1.0,)))

    assert "0.7 ms on hybrid against 90 to 94 ms on 5 other profiles: a factor of 129" in found.text
    assert found.evidence["bystander’s p90 on asgi"] == "93 ms"

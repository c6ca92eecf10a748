"""The verdicts on immediacy, each from trials that were built for it."""

from __future__ import annotations

import dataclasses

from loadtests.analysis.decisions import Estimate, NoiseFloor
from tests.loadtests.analysis.claims.built import NOISY, Case, claim, decided, summary


def trivial(profile: str, p50: float, rate: float = 30.0) -> Case:
    return Case(profile, "trivial", rate, p50=p50)


def test_supported_where_every_synchronous_profile_answers_sooner() -> None:
    found = claim("immediacy", summary([trivial("sync", 0.5), trivial("asgi", 0.8)]))

    assert found.verdict == "supported"
    assert found.estimate is not None
    assert found.estimate.n == 5
    assert round(found.estimate.value, 1) == 1.6
    assert found.estimate.low is not None
    assert found.estimate.low > 1.5
    assert found.text == (
        "At 30 requests/s of “trivial”, the median latency is 0.5 ms on sync against 0.8 ms on "
        "asgi: a factor of 1.61 (95 % interval 1.58 to 1.62)."
    )
    assert found.detail == ""
    assert found.anchor == "workload-1"


def test_refuted_where_it_answers_later() -> None:
    found = claim("immediacy", summary([trivial("sync", 1.1), trivial("uvloop", 0.4)]))

    assert found.verdict == "refuted"
    assert found.text.endswith(
        "0.4 ms on uvloop against 1.1 ms on sync: a factor of 2.74 (95 % interval 2.71 to 2.79)."
    )


def test_depends_on_the_server_where_either_is_ahead_in_some_pair() -> None:
    cases = [trivial("gthread", 0.7), trivial("asgi", 1.0), trivial("uvloop", 0.4)]

    found = claim("immediacy", summary(cases))

    assert found.verdict == "depends"
    assert found.crossover.startswith("between servers and parsers")
    assert found.text == (
        "At 30 requests/s of “trivial”, the median latency is 0.7 ms on gthread against 1 ms on "
        "asgi; but 0.4 ms on uvloop against 0.7 ms on gthread."
    )
    assert "gthread is ahead of asgi by a factor of 1.44 (95 % interval 1.41" in found.detail
    assert "uvloop is ahead of gthread by a factor of 1.76 (95 % interval 1.72" in found.detail
    assert found.detail.endswith(", 5 pairs).")
    # Both are of one place, which is told once.
    assert found.detail.count("At 30 requests/s") == 1


def test_no_visible_difference_where_the_interval_is_within_a_tenth() -> None:
    found = claim("immediacy", summary([trivial("sync", 0.51), trivial("asgi", 0.5)]))

    assert found.verdict == "no visible difference"
    assert found.text.endswith("is 0.5 ms on asgi and 0.51 ms on sync: no visible difference.")


def test_undecided_where_the_interval_leaves_both_open() -> None:
    found = claim("immediacy", summary([trivial("sync", 0.6), trivial("asgi", 0.8)], NOISY))

    assert found.verdict == "undecided"
    assert found.text.endswith("over 5 pairs, leaves it open.")


def test_one_trial_each_says_it_where_the_factor_is_two() -> None:
    twice = claim("immediacy", summary([trivial("sync", 3.0), trivial("uvloop", 1.2)], (1.0,)))
    near = claim("immediacy", summary([trivial("sync", 1.0), trivial("uvloop", 0.2)], (1.0,)))
    less = claim("immediacy", summary([trivial("sync", 1.0), trivial("uvloop", 0.6)], (1.0,)))

    assert twice.verdict == "refuted"
    assert "(one trial each)" in twice.text
    assert twice.estimate is not None
    assert (twice.estimate.low, twice.estimate.n) == (None, 1)
    assert near.verdict == "undecided"
    assert near.text.endswith("with one trial each, less than 1 ms between them decides nothing.")
    assert less.verdict == "undecided"
    assert less.text.endswith("1 ms on sync: with one trial each, only a factor of 2 counts.")


def test_one_trial_each_of_few_requests_says_nothing() -> None:
    cases = [trivial("sync", 1.0, rate=9.0), trivial("uvloop", 0.2, rate=9.0)]

    assert claim("immediacy", summary(cases, (1.0,))).verdict == "undecided"


def test_what_equal_things_differed_by_is_no_difference() -> None:
    made = summary([trivial("sync", 1.0), trivial("uvloop", 0.4)], (1.0,))
    floor = NoiseFloor("sync", "trivial", "30/s", "latency_p50_ms", Estimate(1, None, None, 1), 3.0)

    found = claim("immediacy", decided(made, noise=(floor,)))

    assert found.verdict == "undecided"
    assert "only a factor of 3 counts" in found.text


def test_five_pairs_within_what_equal_things_differed_by_are_level() -> None:
    made = summary([trivial("sync", 1.0), trivial("uvloop", 0.8)])
    floor = NoiseFloor("sync", "trivial", "30/s", "latency_p50_ms", Estimate(1, None, None, 1), 1.4)

    assert claim("immediacy", made).verdict == "refuted"
    assert claim("immediacy", decided(made, noise=(floor,))).verdict == "no visible difference"


def test_greenlets_are_on_neither_side() -> None:
    found = claim("immediacy", summary([trivial("gevent", 0.1), trivial("asgi", 1.0)]))

    assert found.verdict == "not measured"


def test_the_lowest_load_is_read() -> None:
    cases = [
        trivial("sync", 1.0, 400.0), trivial("asgi", 3.0, 400.0),
        trivial("sync", 1.0, 20.0), trivial("asgi", 1.0, 20.0),
    ]  # fmt: skip

    assert claim("immediacy", summary(cases)).verdict == "no visible difference"


def test_not_measured_without_a_trivial_workload_or_a_side_or_a_valid_trial() -> None:
    waiting = summary([Case("sync", "wait", 30.0), Case("asgi", "wait", 30.0)])
    one_side = summary([trivial("uvloop", 0.4), trivial("asgi", 0.5)])
    refused = summary([trivial("sync", 1.0), trivial("uvloop", 0.4)])
    refused = dataclasses.replace(
        refused, trials=tuple(dataclasses.replace(t, valid=False) for t in refused.trials)
    )

    for made in (waiting, one_side, refused):
        found = claim("immediacy", made)
        assert found.verdict == "not measured"
        assert found.estimate is None
        assert found.anchor == ""

"""Ratios and findings over trials whose figures are known."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from loadtests import experiment as experiments
from loadtests.analysis.badday.records import BadDay
from loadtests.analysis.compare import compare
from loadtests.analysis.findings import find
from loadtests.analysis.summary import Comparison, Reason, Trial
from loadtests.analysis.trial import summarize
from tests.loadtests.analysis.saved import TEXT, full_rows, trial_of

EXPERIMENT = experiments.parse(TEXT)
BASE = summarize(trial_of(full_rows(trial_of([]).plan)))


def trial(profile: str, repetition: int = 1, achieved: float = 50.0, p90: float = 5.0) -> Trial:
    assert BASE.bystander is not None
    lately = dataclasses.replace(BASE.bystander.latency_ms, p90=p90)
    return dataclasses.replace(
        BASE,
        profile=profile,
        repetition=repetition,
        achieved_rps=achieved,
        bystander=dataclasses.replace(BASE.bystander, latency_ms=lately),
    )


def invalid(one: Trial) -> Trial:
    return dataclasses.replace(one, valid=False, reasons=(Reason("host_busy", "x", "y"),))


def test_a_ratio_is_taken_trial_by_trial_and_its_median_reported() -> None:
    trials = [
        *(trial("sync", n, achieved) for n, achieved in ((1, 10.0), (2, 20.0), (3, 40.0))),
        *(trial("uvloop", n, achieved) for n, achieved in ((1, 20.0), (2, 60.0), (3, 40.0))),
    ]

    found = next(c for c in compare(trials) if c.metric == "achieved_rps")

    assert (found.a, found.b) == ("sync", "uvloop")
    assert (found.median, found.min, found.max, found.n) == (2.0, 1.0, 3.0, 3)


def test_an_invalid_trial_and_its_partner_are_left_out() -> None:
    trials = [
        trial("sync", 1, 10.0),
        invalid(trial("sync", 2, 1.0)),
        trial("uvloop", 1, 20.0),
        trial("uvloop", 2, 90.0),
    ]

    found = next(c for c in compare(trials) if c.metric == "achieved_rps")

    assert (found.median, found.n) == (2.0, 1)


def achieved(trials: list[Trial]) -> Comparison:
    return next(found for found in compare(trials) if found.metric == "achieved_rps")


def test_five_pairs_have_an_interval_and_four_have_none() -> None:
    """t of 4 degrees of freedom at 97.5 % is 2.776: Student, Biometrika 6, 1908, and any table."""
    ratios = (0.25, 0.5, 1.0, 2.0, 4.0)
    pairs = [
        one
        for n, ratio in enumerate(ratios, 1)
        for one in (trial("sync", n, 10.0), trial("uvloop", n, 10.0 * ratio))
    ]
    reach = 2.776 * math.sqrt(2.5 / 5) * math.log(2.0)

    five, four = achieved(pairs), achieved(pairs[:-2])

    assert five.low == pytest.approx(math.exp(-reach), abs=1e-3)
    assert five.high == pytest.approx(math.exp(reach), abs=5e-3)
    assert (four.n, four.low, four.high) == (4, None, None)


@pytest.mark.parametrize(
    "changes",
    [{"arm": 2}, {"role": "probe"}, {"attempt": 2, "valid": False}, {"attempt": 0}],
)
def test_second_arms_probes_and_attempts_that_do_not_count_make_no_pair(
    changes: dict[str, Any],
) -> None:
    pairs = [trial("sync", 1, 10.0), trial("uvloop", 1, 30.0)]
    other = dataclasses.replace(trial("uvloop", 1, 90.0), **changes)

    assert achieved([*pairs, other]).median == 3.0
    assert achieved([other, *pairs]).median == 3.0


def test_the_last_valid_attempt_counts() -> None:
    first = invalid(trial("uvloop", 1, 90.0))
    second = dataclasses.replace(trial("uvloop", 1, 30.0), attempt=2)

    assert achieved([trial("sync", 1, 10.0), first, second]).median == 3.0


def test_trials_of_a_calibration_are_pairs_of_their_own() -> None:
    pair = [trial("sync", 1, 10.0), trial("uvloop", 1, 30.0)]
    calibrated = [dataclasses.replace(one, role="calibrate") for one in pair]
    alone = dataclasses.replace(trial("uvloop", 2, 90.0), role="calibrate")

    assert achieved(calibrated).n == 1
    assert achieved([*pair, *calibrated]).n == 2
    assert achieved([*pair, trial("sync", 2, 10.0), alone]).n == 1


def test_a_finding_names_the_ends_and_its_numbers() -> None:
    found = find([trial("sync", achieved=20.0, p90=800.0), trial("uvloop", p90=1.5)], EXPERIMENT)

    by_id = {finding.id: finding for finding in found}
    scalability, responsiveness = by_id["scalability.wait"].text, by_id["responsiveness.wait"].text
    assert "sync answers 20; uvloop answers 50." in scalability
    assert responsiveness == (
        "Beside 50 requests/s of “wait”, nine trivial requests in ten are answered within "
        "1.5 ms on uvloop and 800 ms on sync."
    )
    assert by_id["responsiveness.wait"].evidence["medians"] == {"uvloop": 1.5, "sync": 800.0}


def test_on_a_bad_day_a_finding_counts_what_was_answered_in_time() -> None:
    """All was answered in the end, where it was late too."""
    day = BadDay(500.0, 400, 40.0, 2_400.0, False, None, None, None, ())
    good = dataclasses.replace(day, goodput_rps=50.0)
    trials = [
        dataclasses.replace(trial("sync"), bad_day=day),
        dataclasses.replace(trial("uvloop"), bad_day=good),
    ]
    found = {finding.id: finding for finding in find(trials, EXPERIMENT)}

    assert "scalability.wait" not in found
    assert found["goodput.wait"].text.endswith(
        "sync answers 40 in time; uvloop answers 50 in time."
    )
    assert found["goodput.wait"].evidence["medians"] == {"sync": 40.0, "uvloop": 50.0}


def test_a_lower_bound_is_said_to_be_one() -> None:
    slow = trial("sync", p90=3000.0)
    assert slow.bystander is not None
    bounded = dataclasses.replace(slow.bystander.latency_ms, lower_bound_from_ms=2500.0)
    slow = dataclasses.replace(
        slow, bystander=dataclasses.replace(slow.bystander, latency_ms=bounded)
    )

    found = {finding.id: finding for finding in find([slow, trial("uvloop")], EXPERIMENT)}

    assert found["responsiveness.wait"].text.endswith("5.0 ms on uvloop and over 3.0 s on sync.")


def test_a_difference_that_cannot_be_seen_is_called_that() -> None:
    found = find([trial("sync", p90=5.0), trial("uvloop", p90=5.2)], EXPERIMENT)

    assert all("no visible difference" in finding.text.lower() for finding in found)
    assert {finding.verdict for finding in found} == {"observed"}


def test_an_invalid_trial_supports_no_finding() -> None:
    assert find([invalid(trial("sync", achieved=1.0)), trial("uvloop")], EXPERIMENT) == ()

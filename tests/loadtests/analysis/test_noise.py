"""The noise floor: pairs of the same profile, and what the order makes of them left out."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest

from loadtests.analysis.decisions import NoiseFloor
from loadtests.analysis.noise import noise_floor
from loadtests.analysis.summary import Trial
from loadtests.theory.intervals import of_ratio
from tests.loadtests.analysis.simulated import FIGURES, trial


def arm(which: int, repetition: int, number: int, latency: float) -> Trial:
    made = trial("sync", "rate-20", repetition, {**FIGURES, "latency_p50_ms": latency})
    return dataclasses.replace(made, arm=which, number=number)


def pair(repetition: int, first: float, second: float, later: float = 1.0) -> list[Trial]:
    """Both arms of a repetition; odd ones run in order, and the later place takes `later`."""
    places = {1: (1, 1.0), 2: (2, later)} if repetition % 2 else {1: (2, later), 2: (1, 1.0)}
    values = {1: first, 2: second}
    return [
        arm(which, repetition, 10 * repetition + place, values[which] * factor)
        for which, (place, factor) in places.items()
    ]


def floor(trials: list[Trial]) -> NoiseFloor:
    (found,) = (f for f in noise_floor(trials) if f.metric == "latency_p50_ms")
    return found


def test_the_ratio_is_of_the_second_arm_to_the_first_with_its_interval() -> None:
    seconds = (101.0, 102.0, 99.0, 104.0, 98.0)
    found = floor([t for n, s in enumerate(seconds, 1) for t in pair(n, 100.0, s)])

    bounds = of_ratio([second / 100.0 for second in seconds])
    assert bounds is not None
    assert (found.profile, found.workload, found.load) == ("sync", "wait", "rate-20")
    assert (found.ratio.value, found.ratio.n) == (1.01, 5)
    assert (found.ratio.low, found.ratio.high) == pytest.approx(tuple(bounds), abs=1e-4)


def test_the_spread_is_the_greatest_factor_in_either_direction() -> None:
    assert floor([*pair(1, 100.0, 104.0), *pair(3, 100.0, 80.0)]).spread == 1.25
    assert floor(pair(1, 100.0, 100.0)).spread == 1.0


def test_what_the_order_does_is_no_noise() -> None:
    """20 % for the later place: consecutive trials of an arm differ by it, equal pairs do not."""
    trials = [t for n in range(1, 7) for t in pair(n, 100.0, 100.0, later=1.2)]

    found = floor(trials)

    firsts = [t.latency_ms.p50 or 0.0 for t in trials if t.arm == 1]
    consecutive = [b / a for a, b in itertools.pairwise(firsts)]
    assert max(consecutive) == pytest.approx(1.2)
    assert found.spread == pytest.approx(1.0)
    assert found.ratio.low is not None
    assert found.ratio.high is not None
    assert math.log(found.ratio.low) == pytest.approx(-math.log(found.ratio.high), abs=1e-3)


def test_with_one_pair_of_an_order_its_effect_cannot_be_told_from_noise() -> None:
    trials = [t for n in (1, 2, 3) for t in pair(n, 100.0, 100.0, later=1.2)]

    assert floor(trials).spread == pytest.approx(1.2)


def test_pairs_are_of_one_repetition_and_both_valid() -> None:
    (first, _), (_, second) = pair(1, 100.0, 110.0), pair(2, 100.0, 110.0)
    invalid = dataclasses.replace(arm(2, 1, 9, 110.0), valid=False)

    assert noise_floor([first, second]) == ()
    assert noise_floor([first, invalid]) == ()


def test_a_run_without_a_second_arm_has_no_noise_floor() -> None:
    assert noise_floor([arm(1, n, n, 100.0) for n in range(1, 6)]) == ()

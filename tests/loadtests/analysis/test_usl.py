"""The law fitted to sweeps that follow it exactly, and to those that cannot be fitted."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import pytest

from loadtests import experiment as experiments
from loadtests.analysis.summary import Trial
from loadtests.analysis.trial import summarize
from loadtests.analysis.usl import usl_of
from loadtests.experiment import EXPERIMENTS
from loadtests.theory.scalability import throughput
from tests.loadtests.analysis.saved import Row, trial_of

EXPERIMENT = experiments.parse((EXPERIMENTS / "concurrency.toml").read_text())
LEVELS = (1, 2, 4, 8, 16, 32, 64)
BASE = summarize(trial_of([Row(at=0.0)]))


def sweep(
    levels: Sequence[int] = LEVELS, alpha: float = 0.05, beta: float = 1e-3, **changes: object
) -> list[Trial]:
    """A trial for each number of users, with the throughput that the law gives: gamma = 900/s."""
    base = dataclasses.replace(BASE, profile="uvloop", workload="trivial", valid=True)
    return [
        dataclasses.replace(
            base,
            load=str(n),
            achieved_rps=throughput(n, 900.0, alpha, beta),
            **changes,  # type: ignore[arg-type]
        )
        for n in levels
    ]


def test_the_law_comes_back_from_a_sweep_that_follows_it() -> None:
    (found,) = usl_of(sweep(), EXPERIMENT)

    assert (found.profile, found.workload) == ("uvloop", "trivial")
    for estimate, value in ((found.gamma, 900.0), (found.alpha, 0.05), (found.beta, 1e-3)):
        assert estimate.value == pytest.approx(value, rel=1e-3)
        assert estimate.low == pytest.approx(value, rel=1e-3)
        assert estimate.n == 7
    assert found.peak == pytest.approx(math.sqrt(0.95 / 1e-3), abs=0.1)
    assert [n for n, _ in found.points] == [float(n) for n in LEVELS]
    assert found.points[0][1] == pytest.approx(900.0)


def test_coefficients_of_a_millionth_are_not_rounded_away() -> None:
    (found,) = usl_of(sweep(alpha=0.2, beta=3e-6), EXPERIMENT)

    assert found.beta.value == pytest.approx(3e-6, rel=0.01)


def test_every_valid_trial_of_every_repetition_is_a_point() -> None:
    twice = [*sweep(), *sweep(repetition=2)]
    bad = sweep(levels=(64,), valid=False)

    (found,) = usl_of([*twice, *bad, *sweep(levels=(64,), arm=2)], EXPERIMENT)

    assert found.gamma.n == len(found.points) == 14


def test_five_numbers_of_users_are_too_few() -> None:
    assert usl_of([*sweep(LEVELS[:5]), *sweep(LEVELS[:5], repetition=2)], EXPERIMENT) == ()
    assert len(usl_of(sweep(LEVELS[:6]), EXPERIMENT)) == 1


def test_each_profile_and_workload_is_fitted_by_itself() -> None:
    found = usl_of(
        [*sweep(), *sweep(beta=2e-3, profile="sync"), *sweep(alpha=0.3, workload="compute")],
        EXPERIMENT,
    )

    assert [(one.workload, one.profile) for one in found] == [
        ("trivial", "uvloop"),
        ("trivial", "sync"),
        ("compute", "uvloop"),
    ]
    assert [one.alpha.value for one in found] == pytest.approx([0.05, 0.05, 0.3], rel=1e-3)


def test_a_trial_in_which_nothing_was_answered_is_no_point() -> None:
    nothing = dataclasses.replace(sweep(levels=(64,))[0], achieved_rps=0.0)

    (found,) = usl_of([*sweep(LEVELS[:6]), nothing], EXPERIMENT)

    assert found.gamma.n == 6

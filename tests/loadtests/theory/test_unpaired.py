"""Welch's interval and Holm's correction against published values, and by simulation."""

from __future__ import annotations

import math
import random

import pytest

from loadtests.theory.unpaired import holm, welch

# Additional hours of sleep under two drugs: Student, "The probable error of a mean", 1908.
FIRST = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
SECOND = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)


def exponentials(values: tuple[float, ...]) -> list[float]:
    return [math.exp(value) for value in values]


def test_the_interval_and_p_are_those_published_for_students_sleep_data() -> None:
    """R's documentation of t.test: t = -1.8608, df = 17.776, p = 0.07939, 95 % as below."""
    found = welch(exponentials(SECOND), exponentials(FIRST))

    assert found is not None
    assert found.p == pytest.approx(0.07939, abs=5e-6)
    assert math.log(found.low) == pytest.approx(-3.3654832, abs=5e-7)
    assert math.log(found.high) == pytest.approx(0.2054832, abs=5e-7)


def test_the_inverse_ratio_gets_the_inverse_interval() -> None:
    one, other = welch([1.0, 2.0, 4.0], [9.0, 8.0, 7.0]), welch([9.0, 8.0, 7.0], [1.0, 2.0, 4.0])

    assert one is not None
    assert other is not None
    assert (1.0 / other.high, 1.0 / other.low) == pytest.approx(one[:2])
    assert one.p == pytest.approx(other.p)


@pytest.mark.parametrize(("n_a", "n_b", "stated"), [(2, 9, False), (9, 2, False), (3, 3, True)])
def test_fewer_than_three_values_a_side_give_no_interval(n_a: int, n_b: int, stated: bool) -> None:
    rng = random.Random(1)
    sides = [[rng.lognormvariate(0, 0.1) for _ in range(n)] for n in (n_a, n_b)]

    assert (welch(*sides) is not None) is stated


@pytest.mark.parametrize(("b", "p"), [(50.0, 1.0), (40.0, 0.0)])
def test_values_without_spread_are_equal_or_are_not(b: float, p: float) -> None:
    assert welch([50.0] * 3, [b] * 4) == pytest.approx((b / 50.0, b / 50.0, p))


@pytest.mark.parametrize(
    ("n_a", "n_b", "spreads", "least"),
    [(3, 3, (1, 1), 0.93), (7, 7, (1, 3), 0.93), (5, 7, (3, 1), 0.93), (3, 20, (1, 1), 0.9)],
)
def test_the_interval_covers_the_truth_about_as_often_as_it_says(
    n_a: int, n_b: int, spreads: tuple[float, float], least: float
) -> None:
    rng = random.Random(5)
    covered = 0
    for _ in range(1000):
        a = [rng.lognormvariate(0.0, 0.05 * spreads[0]) for _ in range(n_a)]
        b = [1.1 * rng.lognormvariate(0.0, 0.05 * spreads[1]) for _ in range(n_b)]
        found = welch(a, b)
        assert found is not None
        covered += found.low <= 1.1 <= found.high

    assert least <= covered / 1000 <= 0.98


def test_holm_corrects_as_in_the_worked_example() -> None:
    """Four hypotheses at 0.01, 0.04, 0.03 and 0.005, of which two are rejected at 0.05.

    4 × 0.005, 3 × 0.01, 2 × 0.03, and 1 × 0.04, which may not be less than the one before.
    """
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_gives_no_probability_above_one_and_takes_none() -> None:
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_of_many_true_nulls_one_is_rejected_in_at_most_one_family_in_twenty() -> None:
    rng = random.Random(11)
    families = 0
    for _ in range(300):
        ps = []
        for _ in range(10):
            sides = [[rng.lognormvariate(0.0, 0.05) for _ in range(5)] for _ in "ab"]
            found = welch(*sides)
            assert found is not None
            ps.append(found.p)
        families += min(holm(ps)) <= 0.05

    assert families / 300 <= 0.075

"""When a difference counts: with an interval, with few trials, and what signs add up to."""

from __future__ import annotations

import pytest

from loadtests.analysis.claims.evidence import Ratio, Sign, sign_of, verdict_of


@pytest.mark.parametrize(
    ("value", "low", "high", "sign"),
    [
        (1.5, 1.3, 1.7, Sign.AHEAD),
        (0.6, 0.5, 0.7, Sign.BEHIND),
        (1.02, 0.95, 1.08, Sign.LEVEL),
        # Sure to differ, but by too little to matter, and by how little is not sure.
        (1.05, 1.01, 1.12, Sign.UNCLEAR),
        (1.5, 0.9, 2.4, Sign.UNCLEAR),
        # A factor of 2 does not help where there is an interval that says otherwise.
        (3.0, 0.9, 9.0, Sign.UNCLEAR),
    ],
)
def test_from_five_pairs_on_the_interval_decides(
    value: float, low: float, high: float, sign: Sign
) -> None:
    assert sign_of(Ratio(value, low, high, least=low, most=high, n=5)) is sign


@pytest.mark.parametrize(
    ("least", "most", "enough", "sign"),
    [
        (2.0, 2.6, True, Sign.AHEAD),
        (0.3, 0.5, True, Sign.BEHIND),
        # One of the pairs is not far enough off; and what few requests say is not enough.
        (1.9, 2.6, True, Sign.UNCLEAR),
        (2.0, 2.6, False, Sign.UNCLEAR),
        # That there is no difference one trial cannot show.
        (1.0, 1.0, True, Sign.UNCLEAR),
    ],
)
def test_with_fewer_only_a_factor_of_two_in_every_pair_does(
    least: float, most: float, enough: bool, sign: Sign
) -> None:
    assert sign_of(Ratio((least * most) ** 0.5, None, None, least, most, 2, enough)) is sign


def test_equal_things_that_differed_more_raise_both_bars() -> None:
    assert sign_of(Ratio(2.5, None, None, 2.5, 2.5, 1, factor=3.0)) is Sign.UNCLEAR
    assert sign_of(Ratio(1.2, 1.1, 1.3, 1.1, 1.3, 5, band=1.4)) is Sign.LEVEL


@pytest.mark.parametrize(
    ("signs", "verdict"),
    [
        ([Sign.AHEAD, Sign.AHEAD, Sign.UNCLEAR], "supported"),
        ([Sign.BEHIND], "refuted"),
        ([Sign.LEVEL, Sign.UNCLEAR], "no visible difference"),
        ([Sign.LEVEL, Sign.AHEAD], "depends"),
        # Nowhere borne out, and contradicted somewhere.
        ([Sign.LEVEL, Sign.BEHIND], "refuted"),
        ([Sign.BEHIND, Sign.AHEAD, Sign.LEVEL], "depends"),
        ([Sign.UNCLEAR], "undecided"),
        ([], "undecided"),
    ],
)
def test_signs_add_up_to_a_verdict(signs: list[Sign], verdict: str) -> None:
    assert verdict_of(signs) == verdict

"""Numbers are written to three significant digits, with their unit, and – for what is missing."""

import math

import pytest

from dashboards.report import format as f


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.0001, "<0.001"), (0.0414, "0.041"), (0.0006, "0.001"),
        (0.5, "0.500"), (1, "1.00"), (9.999, "10.0"), (39.6, "39.6"),
        (99.96, "100"), (104.49, "104"), (9804.2, "9804"), (-3.14159, "-3.14"),
        (None, "–"), (math.nan, "–"), (math.inf, "–"),
    ],
)  # fmt: skip
def test_figures_have_three_significant_digits(value: float | None, text: str) -> None:
    assert f.figure(value) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0.42, "0.420 ms"), (104.2, "104 ms"), (999.6, "1.00 s"), (9804, "9.80 s"), (None, "–")],
)
def test_durations_take_the_unit_that_reads_best(milliseconds: float | None, text: str) -> None:
    assert f.duration(milliseconds).replace(f.NBSP, " ") == text


def test_a_rate_in_a_sentence_has_no_idle_zeros() -> None:
    shown = [f.rate(value).split(f.NBSP)[0] for value in (0, 1, 7.5, 39.6, 100, 1200.4)]

    assert shown == ["0", "1", "7.5", "39.6", "100", "1200"]


def test_counts_show_half_a_request_only_where_a_median_has_one() -> None:
    assert [f.count(12.0), f.count(12.5), f.count(None)] == ["12", "12.5", "–"]


def test_percentiles_keep_their_nines() -> None:
    shown = [f.percentile(q).replace(f.NBSP, " ") for q in (0.5, 0.99, 0.9999)]
    assert shown == ["50 %", "99 %", "99.99 %"]


def test_words_are_joined_as_a_sentence_has_them() -> None:
    assert [f.listed(w) for w in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip


def test_what_a_terminal_would_obey_becomes_a_space() -> None:
    assert f.printable("a\x1b[31m\r\nb\u202ec\u2028d é –") == "a [31m  b c d é –"


@pytest.mark.parametrize(
    ("percent", "text"),
    [(100, "100"), (99.96, "99.9"), (99.94, "99.9"), (98.5, "98.5"), (0, "0"), (None, "–")],
)
def test_a_share_says_100_only_of_the_whole(percent: float | None, text: str) -> None:
    assert f.share(percent) == text


def test_an_interval_is_its_two_ends_or_not_stated() -> None:
    assert f.bounds(37.5, 40) == "37.5–40.0"
    assert f.bounds(None, 40) == f.MISSING
    assert f.bounds(1.0, None) == f.MISSING


@pytest.mark.parametrize(
    ("error", "shown"),
    [(0.123, "+12 %"), (-0.034, "−3 %"), (0.004, "0 %"), (-0.004, "0 %"), (None, "–"),
     (math.inf, "–")],
)  # fmt: skip
def test_how_far_off_a_value_is(error: float | None, shown: str) -> None:
    assert f.relative(error).replace(f.NBSP, " ") == shown


def test_a_name_as_part_of_an_id() -> None:
    assert f.slug("Wait & see_1") == "wait-see_1"
    assert f.slug("…") == "x"

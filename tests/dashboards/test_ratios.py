"""What a ratio is called: by its interval over pairs, and an observation where it has none."""

import pytest

from dashboards.report.ratios import verdict
from loadtests.analysis.decisions import Estimate, NoiseFloor
from loadtests.analysis.summary import Comparison


def ratio(median: float, low: float | None, high: float | None) -> Comparison:
    return Comparison(
        "wait", "rate-100", "achieved_rps", "sync", "uvloop", median, 0.9 * median, 1.1 * median,
        6 if low else 4, low, high,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("median", "low", "high", "words"),
    [
        (2.5, None, None, "observation"),
        (1.0, None, None, "observation"),
        (2.53, 2.44, 2.62, "uvloop is 2.53 times sync (2.44–2.62)"),
        (0.4, 0.3, 0.5, "uvloop is 0.400 times sync (0.300–0.500)"),
        (1.02, 0.96, 1.09, "no visible difference"),
        (1.0, 0.91, 1.1, "no visible difference"),
        # A tenth less is more than the inverse of a tenth more.
        (1.0, 0.9, 1.1, "undecided"),
        # The interval leaves out 1, and all of it is still within a tenth.
        (1.05, 1.02, 1.08, "no visible difference"),
        (1.5, 0.9, 2.0, "undecided"),
        (1.0, 0.5, 2.0, "undecided"),
        (1.12, 1.0, 1.3, "undecided"),
        (1.08, 1.02, 1.15, "undecided"),
        (0.92, 0.85, 0.99, "undecided"),
        (1.11, 1.01, 1.22, "uvloop is 1.11 times sync (1.01–1.22)"),
    ],
)
def test_a_ratio_in_words(median: float, low: float | None, high: float | None, words: str) -> None:
    assert verdict(ratio(median, low, high)) == words


def test_a_difference_that_equal_things_had_as_well_is_none() -> None:
    """The profile against itself differed by a factor of 1.6: 1.5 may be the host's."""
    found = ratio(1.5, 1.4, 1.58)
    of = Estimate(1.0, 0.7, 1.4, 5)
    floor = NoiseFloor(found.a, found.workload, found.load, found.metric, of, 1.6)

    assert verdict(found) == "uvloop is 1.50 times sync (1.40–1.58)"
    assert verdict(found, (floor,)) == "no visible difference"

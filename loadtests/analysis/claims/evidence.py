"""When a difference between two profiles counts: the rule for every claim, decided in advance.

A `Ratio` says how many times better the profile is that the claim favours. Its sign is

- from five pairs of trials on by the 95 % interval of the ratio (as `wording.called`): `level`
  where that lies within ± 10 %, `ahead` or `behind` where it leaves 1 out and the ratio itself is
  beyond 10 %; instead of 10 %, by how much equal things differed in this run where that is more;
- with fewer pairs only `ahead` or `behind`, and only where *every* pair differs by a factor of at
  least 2 (or more, as above) with at least 100 requests behind each figure, and latencies by at
  least a millisecond. No two trials of equal things may differ so by chance; a smaller difference
  may be chance, and that there is none one trial cannot show;
- else `unclear`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from loadtests.analysis.decisions import Estimate
from loadtests.analysis.wording import PAIRS, VISIBLE, called

__all__ = ["PAIRS", "VISIBLE", "Ratio", "Sign", "sign_of", "verdict_of"]

FACTOR = 2.0
REQUESTS = 100

SUPPORTED = "supported"
REFUTED = "refuted"
DEPENDS = "depends"
NO_DIFFERENCE = "no visible difference"
UNDECIDED = "undecided"
NOT_MEASURED = "not measured"


class Sign(StrEnum):
    """How the favoured profile of a pair does against the other."""

    AHEAD = "ahead"
    BEHIND = "behind"
    LEVEL = "level"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times better the favoured profile is, over `n` pairs of trials.

    `low` and `high` are the ends of the 95 % interval where there is one, `least` and `most` of the
    pairs themselves. Within `band` there is no visible difference; without an interval only a
    `factor` counts, and only where there were `enough` requests and they lie `apart`. Of capacities
    that were `searched` for, `n` is the number of searches, and the ends are the farthest that
    their intervals leave.
    """

    value: float
    low: float | None
    high: float | None
    least: float
    most: float
    n: int
    enough: bool = True
    apart: bool = True
    factor: float = FACTOR
    band: float = VISIBLE
    searched: bool = False

    @property
    def estimate(self) -> Estimate:
        """The same as a record of the summary."""
        ends = [None if end is None else round(end, 4) for end in (self.low, self.high)]
        return Estimate(round(self.value, 4), ends[0], ends[1], self.n, self.searched)


def sign_of(ratio: Ratio) -> Sign:
    """The sign by the rule above."""
    if ratio.low is not None and ratio.high is not None:
        found = called(ratio.value, ratio.low, ratio.high, ratio.band)
        signs = {"higher": Sign.AHEAD, "lower": Sign.BEHIND, "undecided": Sign.UNCLEAR}
        return signs.get(found, Sign.LEVEL)
    counts = ratio.enough and ratio.apart
    if counts and ratio.least >= ratio.factor:
        return Sign.AHEAD
    if counts and ratio.most <= 1.0 / ratio.factor:
        return Sign.BEHIND
    return Sign.UNCLEAR


def verdict_of(signs: Iterable[Sign]) -> str:
    """The verdict that signs of pairs add up to: the unclear ones say nothing.

    Ahead everywhere supports a claim; ahead here and not there makes it depend. Behind somewhere
    and ahead nowhere refutes it. Level everywhere is no visible difference.
    """
    found = set(signs) - {Sign.UNCLEAR}
    if Sign.AHEAD in found:
        return SUPPORTED if found == {Sign.AHEAD} else DEPENDS
    if Sign.BEHIND in found:
        return REFUTED
    return NO_DIFFERENCE if found else UNDECIDED

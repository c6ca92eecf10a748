"""What two runs differ in: frozen records, and what one difference may be called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadtests.analysis.between.alike import Unlike
from loadtests.analysis.wording import called

Verdict = Literal["worse", "better", "undecided", "no visible difference"]

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of one profile under one load: medians of A and B, and the ratio B/A.

    `low` and `high` are its 95 % interval over trials; None below three valid trials a side.
    `p` is by Holm's correction for all differences of the comparison. `band` is the factor within
    which there is no visible difference. `lower_bound` names the sides, of `A` and `B`, whose
    figure is a lower bound. `n_a` and `n_b` count trials.
    Of a capacity, `load` is empty, the interval reaches from the least ratio to the greatest that
    the two brackets allow, there is no `p`, and the counts are those of its probes.
    """

    profile: str
    workload: str
    load: str
    metric: str
    a: float
    b: float
    ratio: float
    low: float | None
    high: float | None
    p: float | None
    n_a: int
    n_b: int
    band: float
    lower_bound: str = ""
    verdict: Verdict = "undecided"


@dataclass(frozen=True, slots=True)
class Across:
    """Everything that two runs share, compared; `unlike` is empty where they may be compared.

    `lost` says what A has and B ran without a valid figure; `absent` what B did not run at all.
    """

    unlike: tuple[Unlike, ...]
    differences: tuple[Difference, ...]
    lost: tuple[str, ...]
    absent: tuple[str, ...]

    def of(self, verdict: Verdict) -> tuple[Difference, ...]:
        """The differences of one verdict."""
        return tuple(found for found in self.differences if found.verdict == verdict)

    @property
    def judged(self) -> int:
        """How many differences have an interval, without which nothing can be said."""
        return sum(found.low is not None for found in self.differences)


def verdict(found: Difference, worse: Literal["higher", "lower"]) -> Verdict:
    """What a difference may be called, by the direction in which its metric is worse.

    Worse and better need an interval that excludes 1, a ratio outside of the band, and a p-value
    that passes the correction for all. A figure that is a lower bound can only be higher than it
    is shown: B's supports no more than that B is higher, A's that it is lower, both nothing.
    """
    if found.low is None or found.high is None:
        return "undecided"
    word = called(found.ratio, found.low, found.high, found.band)
    if found.lower_bound and word != {"A": "lower", "B": "higher"}.get(found.lower_bound):
        return "undecided"
    if word == "undecided" or word == "no visible difference":
        return word
    if found.p is not None and found.p > LEVEL:
        return "undecided"
    return "worse" if word == worse else "better"

"""What a run shows of a claim: pairs of profiles under one load, and what that is called."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from loadtests.analysis.claims.advantage import Figure
from loadtests.analysis.claims.evidence import Ratio, Sign


@dataclass(frozen=True, slots=True)
class Pair:
    """Two profiles under the same load, and how the favoured one does."""

    favoured: str
    other: str
    ratio: Ratio
    sign: Sign

    @property
    def ahead(self) -> str:
        """The one that is ahead; the favoured one where neither is."""
        return self.other if self.sign is Sign.BEHIND else self.favoured

    @property
    def behind(self) -> str:
        """The other one."""
        return self.favoured if self.sign is Sign.BEHIND else self.other


@dataclass(frozen=True, slots=True)
class Observation:
    """What one cell of a run says of a claim.

    `preposition` and `under` name load and workload, `lead` comes before the `figures`, which have
    a `unit`; up to `calm` no difference of them counts. `rate_rps` is None where the load is not
    an open one. `note` is what else there is to say of it, `evidence` the figures in words.
    """

    workload: str
    under: str
    lead: str
    figures: Mapping[str, Figure]
    unit: str
    pairs: tuple[Pair, ...]
    preposition: str = "at"
    rate_rps: float | None = None
    calm: float = 0.0
    note: str = ""
    evidence: dict[str, float | str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Load and workload in words: `beside 100 requests/s of “wait”`."""
        return f"{self.preposition} {self.under}"

    @property
    def place(self) -> str:
        """The workload alone: `for “wait”`."""
        return f"{'beside' if self.preposition == 'beside' else 'for'} “{self.workload}”"

    @property
    def signs(self) -> frozenset[Sign]:
        """The signs of its pairs."""
        return frozenset(pair.sign for pair in self.pairs)

    def of(self, sign: Sign) -> tuple[Pair, ...]:
        """Its pairs with that sign."""
        return tuple(pair for pair in self.pairs if pair.sign is sign)

    def nearest(self, sign: Sign) -> Ratio:
        """Of its pairs with that sign the ratio that is nearest to 1."""
        return nearest(self.of(sign))


def nearest(pairs: tuple[Pair, ...]) -> Ratio:
    """Of some pairs the ratio that is nearest to 1."""
    return min((pair.ratio for pair in pairs), key=distance)


def distance(ratio: Ratio) -> float:
    """How far a ratio is from 1, on the logarithmic scale."""
    return abs(math.log(ratio.value))

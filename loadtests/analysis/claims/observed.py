"""What a run shows of a claim: pairs of profiles under one load, and what that is called."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from loadtests.analysis.claims.evidence import Ratio, Sign
from loadtests.analysis.claims.words import by, figure, grounds, listed


@dataclass(frozen=True, slots=True)
class Pair:
    """Two profiles under the same load, and how the favoured one does."""

    favoured: str
    other: str
    ratio: Ratio
    sign: Sign


@dataclass(frozen=True, slots=True)
class Sides:
    """What the two sides of a claim are called in a sentence."""

    favoured: str
    other: str


ASYNCHRONOUS = Sides("the asynchronous profiles", "the synchronous profiles")


@dataclass(frozen=True, slots=True)
class Observation:
    """What one cell of a run says of a claim.

    `where` names load and workload, `told` has the figures of all its profiles in words, and
    `evidence` the same as numbers. `rate_rps` is None where the load is not an open one.
    """

    workload: str
    where: str
    told: str
    pairs: tuple[Pair, ...]
    rate_rps: float | None = None
    evidence: dict[str, float | str] = field(default_factory=dict)

    @property
    def signs(self) -> frozenset[Sign]:
        """The signs of its pairs."""
        return frozenset(pair.sign for pair in self.pairs)

    def of(self, sign: Sign) -> tuple[Pair, ...]:
        """Its pairs with that sign."""
        return tuple(pair for pair in self.pairs if pair.sign is sign)

    def nearest(self, sign: Sign) -> Ratio:
        """Of its pairs with that sign the ratio that is nearest to 1."""
        return min((p.ratio for p in self.of(sign)), key=distance)

    def sentence(self, sides: Sides) -> str:
        """Where, the figures, and who is ahead by how much."""
        clauses = "; ".join(self._clauses(sides))
        return f"{self.where[:1].upper()}{self.where[1:]}, {self.told}: {clauses}."

    def _clauses(self, sides: Sides) -> Iterable[str]:
        """One for each sign that its pairs have."""
        for sign in (Sign.AHEAD, Sign.BEHIND):
            if pairs := self.of(sign):
                who = self._who(pairs, sides.favoured if sign is Sign.AHEAD else sides.other)
                yield f"{who} {by(self.nearest(sign), len(pairs))}"
        for sign, words in ((Sign.LEVEL, "no visible difference"), (Sign.UNCLEAR, "undecided")):
            if pairs := self.of(sign):
                names = [f"{pair.favoured} and {pair.other}" for pair in pairs]
                between = "" if len(pairs) == len(self.pairs) else f" between {', '.join(names)}"
                why = f" ({_why(self.nearest(sign))})" if sign is Sign.UNCLEAR else ""
                yield f"{words}{between}{why}"

    def _who(self, pairs: Sequence[Pair], side: str) -> str:
        """Who is ahead of whom: a side of the claim where all its pairs agree, else by name."""
        if len(pairs) == len(self.pairs) and len(pairs) > 1:
            return f"{side} are ahead" if side.endswith("s") else f"{side} is ahead"
        beaten: dict[str, list[str]] = {}
        for pair in pairs:
            names = (pair.favoured, pair.other)
            first, second = names if pair.sign is Sign.AHEAD else names[::-1]
            beaten.setdefault(first, []).append(second)
        alike: dict[str, list[str]] = {}
        for first, others in beaten.items():
            alike.setdefault(listed(others), []).append(first)
        told = [
            f"{listed(names)} {'is' if len(names) == 1 else 'are'} ahead of {others}"
            for others, names in alike.items()
        ]
        return f"{', and '.join(told)},"


def distance(ratio: Ratio) -> float:
    """How far a ratio is from 1, on the logarithmic scale."""
    return abs(math.log(ratio.value))


def _why(ratio: Ratio) -> str:
    """Why a pair decides nothing."""
    told = grounds(ratio.n, ratio.low, ratio.high)
    if ratio.low is not None:
        return f"the {told}, leaves both open"
    return f"{told}: only a factor of {figure(ratio.factor)} or more counts"

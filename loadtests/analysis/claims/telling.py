"""From what was observed to a verdict with its sentences: the same for every claim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from loadtests.analysis.claims.evidence import NOT_MEASURED, Sign, verdict_of
from loadtests.analysis.claims.observed import Observation, Sides, distance
from loadtests.analysis.claims.words import listed
from loadtests.analysis.decisions import Estimate

DECISIVE = (Sign.AHEAD, Sign.BEHIND)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and what stands behind it; `workload` is where its chart is."""

    verdict: str
    text: str
    estimate: Estimate | None = None
    crossover: str = ""
    workload: str = ""
    evidence: dict[str, float | str] = field(default_factory=dict)


def not_measured(missing: str) -> Judgement:
    """What a run that holds nothing of a claim says of it."""
    return Judgement(NOT_MEASURED, f"This run has no {missing}.")


def judged(observations: Sequence[Observation], sides: Sides, crossover: str = "") -> Judgement:
    """The verdict that the pairs of all observations add up to, and its text.

    There must be an observation. The headline is of the one that differs most the pair that
    differs least: ahead if any is, else behind, else level.
    """
    sign = next(sign for sign in Sign if any(sign in one.signs for one in observations))
    headline = strongest(observations, sign)
    return Judgement(
        verdict=verdict_of(pair.sign for one in observations for pair in one.pairs),
        text=" ".join(_sentences(observations, sides)),
        estimate=headline.nearest(sign).estimate,
        crossover=crossover,
        workload=headline.workload,
        evidence={"where": headline.where, **headline.evidence},
    )


def strongest(observations: Sequence[Observation], sign: Sign) -> Observation:
    """Where the nearest pair with a sign differs most; of equals the heaviest load: the last."""
    with_it = [one for one in observations if sign in one.signs]
    return max(reversed(with_it), key=lambda one: distance(one.nearest(sign)))


def _sentences(observations: Sequence[Observation], sides: Sides) -> Iterator[str]:
    """In full where each side is ahead most, or where none is; the rest in short."""
    present = [sign for sign in Sign if any(sign in one.signs for one in observations)]
    decisive = [sign for sign in present if sign in DECISIVE]
    full = [strongest(observations, sign) for sign in decisive or present[:1]]
    # One place can be the strongest of both signs: it is told once.
    if len(full) == 2 and full[0] is full[1]:
        full.pop()
    for one, sign in zip(full, decisive or present, strict=False):
        yield one.sentence(sides)
        rest = [other for other in observations if not any(other is told for told in full)]
        alike = [other for other in rest if sign in DECISIVE and sign in other.signs]
        yield from _short("Likewise", (o for o in alike if o.signs == {sign}))
        yield from _short("In some pairs also", (o for o in alike if o.signs != {sign}))
    rest = [one for one in observations if not any(one is told for told in full)]
    open_ = [one for one in rest if not one.signs & set(DECISIVE)]
    yield from _short("No visible difference", (o for o in open_ if Sign.LEVEL in o.signs))
    yield from _short("Undecided", (o for o in open_ if o.signs == {Sign.UNCLEAR}))


def _short(words: str, observations: Iterable[Observation]) -> Iterator[str]:
    places = [one.where for one in observations]
    if places:
        yield f"{words} {listed(places)}."

"""From what was observed to a verdict with its sentences: the same for every claim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loadtests.analysis.claims.evidence import NOT_MEASURED, Sign, verdict_of
from loadtests.analysis.claims.observed import Observation, distance
from loadtests.analysis.claims.saying import DECISIVE, Head, finding, in_full, remainder
from loadtests.analysis.claims.words import capital, listed, why_open
from loadtests.analysis.decisions import Estimate


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and what stands behind it, as in Claim; `workload` is where its chart is."""

    verdict: str
    text: str
    estimate: Estimate | None = None
    crossover: str = ""
    workload: str = ""
    evidence: dict[str, float | str] = field(default_factory=dict)
    detail: str = ""


def not_measured(missing: str) -> Judgement:
    """What a run that holds nothing of a claim says of it."""
    return Judgement(NOT_MEASURED, f"This run has no {missing}.")


def judged(
    observations: Sequence[Observation],
    crossover: str = "",
    parts: Mapping[str, Sequence[Observation]] | None = None,
) -> Judgement:
    """The verdict that the pairs of all observations add up to, and its text.

    There must be an observation. The finding is of where each side is ahead most, or where none is.
    The estimate is of the observation that differs most
    the pair that differs least: ahead if any is, else behind, else level. The detail tells the
    observations in `parts`, each of which has a name.
    """
    sign = next(sign for sign in Sign if any(sign in one.signs for one in observations))
    headline = strongest(observations, sign)
    heads = heads_of(observations)
    told = (_part(name, part, heads) for name, part in (parts or {"": observations}).items())
    return Judgement(
        verdict=verdict_of(pair.sign for one in observations for pair in one.pairs),
        text=finding(heads),
        estimate=headline.nearest(sign).estimate,
        crossover=crossover,
        workload=headline.workload,
        evidence={"where": headline.where, **headline.evidence},
        detail=" ".join(filter(None, told)),
    )


def heads_of(observations: Sequence[Observation]) -> list[Head]:
    """Where each side is ahead most; where neither is, one place where that is seen."""
    present = [sign for sign in Sign if any(sign in one.signs for one in observations)]
    chosen = [sign for sign in present if sign in DECISIVE] or present[:1]
    return [head_of(strongest(observations, sign), sign) for sign in chosen]


def head_of(seen: Observation, sign: Sign) -> Head:
    """All pairs of an observation that have a sign."""
    return Head(seen, sign, seen.of(sign))


def strongest(observations: Sequence[Observation], sign: Sign) -> Observation:
    """Where the nearest pair with a sign differs most; of equals the heaviest load: the last."""
    with_it = [one for one in observations if sign in one.signs]
    return max(reversed(with_it), key=lambda one: distance(one.nearest(sign)))


def _part(name: str, observations: Sequence[Observation], heads: Sequence[Head]) -> str:
    """What the finding leaves out of these observations."""
    mine = [head for head in heads if any(head.seen is one for one in observations)]
    signs = {sign for one in observations for sign in one.signs & set(DECISIVE)}
    missing = signs - {head.sign for head in mine}
    more = [head for head in heads_of(observations) if head.sign in missing]
    sentences = (
        *of_heads(mine, alone=len(heads) == 1),
        *of_heads(more, alone=False),
        *_rest(observations, [*mine, *more]),
    )
    told = " ".join(sentences)
    return f"{name}: {told[:1].lower()}{told[1:]}" if name and told else told


def of_heads(heads: Sequence[Head], *, alone: bool) -> Iterator[str]:
    """What a finding leaves out of the places that it tells: with two heads most of it."""
    seen: list[Observation] = []
    for head in heads:
        if any(head.seen is one for one in seen):
            continue
        seen.append(head.seen)
        yield from remainder(head) if alone else [in_full(head.seen)]
        if head.seen.note:
            yield head.seen.note


def _rest(observations: Sequence[Observation], heads: Sequence[Head]) -> Iterator[str]:
    """The other observations in short: as a head, as none, and why they leave it open."""
    rest = [one for one in observations if not any(one is head.seen for head in heads)]
    decisive = {head.sign: head for head in heads if head.sign in DECISIVE}
    for sign, head in decisive.items():
        # Of two heads it must be said which of them it is like.
        like = "likewise" if len(decisive) == 1 else f"as {head.seen.where}, so also"
        alike = [one for one in rest if sign in one.signs]
        yield from _short(like, (o for o in alike if o.signs == {sign}))
        yield from _short(f"{like} for some of the pairs", (o for o in alike if o.signs != {sign}))
    neither = [one for one in rest if not one.signs & set(DECISIVE)]
    yield from _short("no visible difference", (o for o in neither if Sign.LEVEL in o.signs))
    whys: dict[str, list[Observation]] = {}
    for one in neither:
        if one.signs == {Sign.UNCLEAR}:
            whys.setdefault(why_open(one.nearest(Sign.UNCLEAR)), []).append(one)
    for why, those in whys.items():
        yield from _short("undecided", those, f" ({why})")


def _short(words: str, observations: Iterable[Observation], why: str = "") -> Iterator[str]:
    found = list(observations)
    if found:
        yield f"{capital(words)} {_places(found)}{why}."


def _places(observations: Iterable[Observation]) -> str:
    """Where they were: `at 25 and 100 requests/s of “wait” and at 8 requests/s of “blocking”`."""
    rates: dict[tuple[str, str], list[str]] = {}
    places: dict[str, None] = {}
    for one in observations:
        if one.rate_rps is None:
            places[one.where] = None
        else:
            rates.setdefault((one.preposition, one.workload), []).append(f"{one.rate_rps:g}")
    opened = [f"{word} {listed(r)} requests/s of “{name}”" for (word, name), r in rates.items()]
    return listed([*opened, *places])

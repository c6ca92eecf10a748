"""hybrid: waiting, blocking and computing requests together, on every profile.

Read are mixed workloads, of requests that wait and others that block or compute. A run without one
but with workloads of either kind apart is read in their place, all but its trivial ones: who is to
be best at both must be beaten at neither. The claim favours the profile `hybrid`, a loop with pools
for what would hold it, against every other profile of the run.

In each cell three figures are compared: requests answered each second (level where both answered
what was offered), the median latency, and the bystander's latency by the rule of `blocking`. The
hybrid is ahead of another profile where it is ahead in some figure and behind in none. Supported
where it is ahead of every other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loadtests.analysis.claims.advantage import ACHIEVED, BYSTANDER, P50
from loadtests.analysis.claims.blocking import LEAD, SLOWED_MS, beside
from loadtests.analysis.claims.cells import HYBRID, Cell, cells
from loadtests.analysis.claims.evidence import DEPENDS, Ratio, Sign, sign_of, verdict_of
from loadtests.analysis.claims.kinds import is_mixed, kinds
from loadtests.analysis.claims.observed import Observation, Pair, distance
from loadtests.analysis.claims.observing import SignOf, observe
from loadtests.analysis.claims.saying import Head, finding
from loadtests.analysis.claims.telling import Judgement, not_measured, of_heads
from loadtests.analysis.claims.words import listed
from loadtests.analysis.keeping_up import keeps_up
from loadtests.analysis.summary import Summary

MISSING = (
    "mixed workload with valid trials of hybrid and another profile, nor one that waits and "
    "another that blocks or computes"
)
WORDS = {
    frozenset({Sign.AHEAD}): "ahead of",
    frozenset({Sign.BEHIND}): "behind",
    frozenset({Sign.AHEAD, Sign.BEHIND}): "in part ahead of and in part behind",
    frozenset({Sign.LEVEL}): "not visibly different from",
    frozenset({Sign.UNCLEAR}): "undecided against",
}


def judge(summary: Summary) -> Judgement:
    """The verdict on the hybrid."""
    observed = [one for cell in _read(summary) for one in _observed(summary, cell) if one.pairs]
    if not observed:
        return not_measured(MISSING)
    others = list(dict.fromkeys(pair.other for one in observed for pair in one.pairs))
    signs = {name: _together(observed, name) for name in others}
    where, pair = min(
        (_most(observed, name, signs[name]) for name in others),
        key=lambda headline: distance(headline[1].ratio),
    )
    verdict = verdict_of(sign for found in signs.values() for sign in found)
    heads = _heads(observed, signs)
    told = _chosen(heads)
    more = [head for head in heads if not any(head.seen is one.seen for one in told)]
    sentences = [*of_heads(told, alone=len(told) == 1), *of_heads(more, alone=False)]
    in_all = f"hybrid is {_of(signs)}"
    return Judgement(
        verdict=verdict,
        text=finding(told),
        estimate=pair.ratio.estimate,
        crossover=in_all if verdict == DEPENDS else "",
        workload=where.workload,
        evidence={"where": where.where, **where.evidence},
        detail=" ".join([*sentences, *([] if verdict == DEPENDS else [f"In all, {in_all}."])]),
    )


def _heads(observed: Sequence[Observation], signs: Mapping[str, frozenset[Sign]]) -> list[Head]:
    """Where each other profile differs most: what tells most profiles first."""
    by_place: dict[tuple[int, Sign], list[Pair]] = {}
    for name, found in signs.items():
        for sign in found:
            where, pair = _most(observed, name, frozenset({sign}))
            place = next(n for n, one in enumerate(observed) if one is where)
            by_place.setdefault((place, sign), []).append(pair)
    heads = [Head(observed[n], sign, tuple(found)) for (n, sign), found in by_place.items()]
    return sorted(heads, key=lambda head: -len(head.pairs))


def _chosen(heads: Sequence[Head]) -> list[Head]:
    """What is told first: where the hybrid is ahead and where behind, else two of the former."""
    for signs in ((Sign.AHEAD, Sign.BEHIND), (Sign.LEVEL,), (Sign.UNCLEAR,)):
        mine = [head for head in heads if head.sign in signs]
        of_each = [next((h for h in mine if h.sign is sign), None) for sign in signs]
        if mine and all(of_each):
            return [head for head in of_each if head]
        if mine:
            return mine[:2]
    return []


def _read(summary: Summary) -> list[Cell]:
    with_hybrid = [cell for cell in cells(summary) if HYBRID in cell.trials]
    mixed = [cell for cell in with_hybrid if is_mixed(cell.workload)]
    if mixed:
        return mixed
    apart = [cell for cell in with_hybrid if kinds(cell.workload) != {"trivial"}]
    done = {kind for cell in apart for kind in kinds(cell.workload)}
    return apart if "waiting" in done and done & {"blocking", "computing"} else []


def _observed(summary: Summary, cell: Cell) -> Iterator[Observation]:
    both = [(HYBRID, name) for name in cell.trials if name != HYBRID]
    yield observe(summary, cell, ACHIEVED, both, "the throughput is", sign=_answered(cell))
    yield observe(summary, cell, P50, both, "the median latency is")
    yield observe(
        summary, cell, BYSTANDER, both, LEAD,
        preposition="beside", sign=beside(cell), calm=SLOWED_MS,
    )  # fmt: skip


def _answered(cell: Cell) -> SignOf:
    def sign(ratio: Ratio, favoured: str, other: str) -> Sign:
        both = keeps_up(cell.trials[favoured]) and keeps_up(cell.trials[other])
        return Sign.LEVEL if both else sign_of(ratio)

    return sign


def _pairs(observed: Sequence[Observation], other: str) -> Iterator[tuple[Observation, Pair]]:
    """All that was observed of the hybrid against one profile."""
    for one in observed:
        for pair in one.pairs:
            if pair.other == other:
                yield one, pair


def _together(observed: Sequence[Observation], other: str) -> frozenset[Sign]:
    """What all figures say of one profile: beside a difference, level and unclear ones are mute."""
    signs = {pair.sign for _, pair in _pairs(observed, other)}
    return frozenset(signs & {Sign.AHEAD, Sign.BEHIND} or signs - {Sign.UNCLEAR} or signs)


def _most(
    observed: Sequence[Observation], other: str, signs: frozenset[Sign]
) -> tuple[Observation, Pair]:
    """Where a profile differs most from the hybrid."""
    found = [(one, pair) for one, pair in _pairs(observed, other) if pair.sign in signs]
    return max(found, key=lambda item: distance(item[1].ratio))


def _of(signs: Mapping[str, frozenset[Sign]]) -> str:
    told = []
    for kind, words in WORDS.items():
        names = [name for name, found in signs.items() if found == kind]
        if names:
            told.append(f"{words} {listed(names)}")
    return "; ".join(told)

"""What was observed as sentences: a finding of one or two places, and each place in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from loadtests.analysis.claims.advantage import Figure
from loadtests.analysis.claims.evidence import Sign
from loadtests.analysis.claims.observed import Observation, Pair, distance, nearest
from loadtests.analysis.claims.words import (
    amount,
    capital,
    common_grounds,
    each,
    factor,
    listed,
    together,
    why_open,
)

DECISIVE = (Sign.AHEAD, Sign.BEHIND)
MOST_EACH = 4
MOST_WORDS = 40


@dataclass(frozen=True, slots=True)
class Head:
    """What a finding tells: of one observation some pairs, which have one sign."""

    seen: Observation
    sign: Sign
    pairs: tuple[Pair, ...]


def finding(heads: Sequence[Head]) -> str:
    """One sentence on one head or two: where, the figures, and by what factor they differ.

    Where two heads have so many profiles that it gets long, it is of the pair of each that differs
    least.
    """
    if len(heads) == 1:
        (head,) = heads
        seen = head.seen
        return f"{capital(seen.where)}, {seen.lead} {_figures(head)}: {_result(head)}."
    told = _of_two(*heads)
    return told if len(told.split()) <= MOST_WORDS else _of_two(*map(_least, heads))


def _least(head: Head) -> Head:
    pair = min(head.pairs, key=lambda pair: distance(pair.ratio))
    return Head(head.seen, head.sign, (pair,))


def _of_two(first: Head, second: Head) -> str:
    places = _places(first.seen, second.seen)
    lead = f"{second.seen.lead} " if second.seen.lead != first.seen.lead else ""
    turn = "; but " if {first.sign, second.sign} == set(DECISIVE) else "; "
    grounds = common_grounds(pair.ratio for pair in (*first.pairs, *second.pairs))
    return capital(
        f"{places[0]}, {first.seen.lead} {_figures(first)}{turn}{places[1]}{lead}"
        f"{_figures(second)}{grounds}."
    )


def _places(first: Observation, second: Observation) -> tuple[str, str]:
    """Where two things were seen: as short as tells them apart."""
    if first.under == second.under:
        return first.where, ""
    if first.workload == second.workload:
        return first.where, f"{second.where}, "
    return first.place, f"{second.place}, "


def _figures(head: Head) -> str:
    """Those ahead against those behind; where neither is, every figure."""
    ahead = _of(head.seen, (pair.ahead for pair in head.pairs))
    behind = _of(head.seen, (pair.behind for pair in head.pairs))
    unit = head.seen.unit
    if head.sign in DECISIVE:
        return f"{together(ahead, unit)} against {together(behind, unit)}"
    both = {**ahead, **behind}
    if len({amount(one, unit) for one in both.values()}) <= MOST_EACH:
        return each(both, unit)
    return f"{together(ahead, unit)} and {together(behind, unit)}"


def _of(seen: Observation, names: Iterable[str]) -> dict[str, Figure]:
    return {name: seen.figures[name] for name in dict.fromkeys(names)}


def _result(head: Head) -> str:
    if head.sign in DECISIVE:
        return factor(nearest(head.pairs), len(head.pairs), brief=True)
    if head.sign is Sign.LEVEL:
        return f"no visible difference{_calm(head.seen, head.pairs)}"
    return why_open(nearest(head.pairs))


def _calm(seen: Observation, pairs: Sequence[Pair]) -> str:
    """Why figures that differ are called alike: none of them is large enough to count."""
    shown = _of(seen, (name for pair in pairs for name in (pair.favoured, pair.other)))
    if seen.calm and all(one.value <= seen.calm for one in shown.values()):
        return f", for none is above {amount(Figure(seen.calm), seen.unit)}"
    return ""


def in_full(seen: Observation) -> str:
    """Where, the figures of all its profiles, and what becomes of every pair."""
    told = "; ".join(_clauses(seen, seen.pairs))
    return f"{capital(seen.where)}, {seen.lead} {each(seen.figures, seen.unit)}: {told}."


def remainder(head: Head) -> Iterator[str]:
    """What a finding of this head alone leaves out of its observation: its other pairs."""
    seen, told = head.seen, {name for p in head.pairs for name in (p.favoured, p.other)}
    rest = tuple(pair for pair in seen.pairs if pair not in head.pairs)
    if rest:
        new = {name: one for name, one in seen.figures.items() if name not in told}
        figures = f", {seen.lead} {each(new, seen.unit)}" if new else ""
        yield f"{capital(seen.where)}{figures}: {'; '.join(_clauses(seen, rest))}."


def _clauses(seen: Observation, pairs: tuple[Pair, ...]) -> Iterator[str]:
    """One for each sign that the pairs have."""
    for sign in Sign:
        mine = tuple(pair for pair in pairs if pair.sign is sign)
        if not mine:
            continue
        if sign in DECISIVE:
            yield f"{_whose(mine, 'ahead of')} by {factor(nearest(mine), len(mine))}"
        elif sign is Sign.LEVEL:
            yield f"{_whose(mine, 'not visibly different from')}{_calm(seen, mine)}"
        else:
            open_ = [f"{listed(ours)} against {listed(theirs)}" for ours, theirs in _grouped(mine)]
            yield f"{listed(open_)} remains undecided ({why_open(nearest(mine))})"


def _whose(pairs: Sequence[Pair], words: str) -> str:
    told = [
        f"{listed(ours)} {'is' if len(ours) == 1 else 'are'} {words} {listed(theirs)}"
        for ours, theirs in _grouped(pairs)
    ]
    return listed(told)


def _grouped(pairs: Sequence[Pair]) -> list[tuple[list[str], list[str]]]:
    """Who is ahead of whom, those together that are ahead of the same."""
    beaten: dict[str, list[str]] = {}
    for pair in pairs:
        beaten.setdefault(pair.ahead, []).append(pair.behind)
    alike: dict[tuple[str, ...], list[str]] = {}
    for ours, theirs in beaten.items():
        alike.setdefault(tuple(theirs), []).append(ours)
    return [(ours, list(theirs)) for theirs, ours in alike.items()]

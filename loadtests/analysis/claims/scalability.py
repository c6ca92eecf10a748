"""scalability: how much each side can serve, by what the requests do.

Read are all workloads but the trivial ones. Where the run searched for capacities at a
service-level objective, these are compared: every asynchronous profile with every synchronous one,
and the claim favours the asynchronous. A pair is ahead or behind where its intervals do not overlap
and the capacities are not within 10 %, and level where they are and are known well enough.

Without capacities it is the requests answered under the heaviest open load (or, where there is
none, with the most closed users), and only pairs in which one side did not keep up: two that both
answer what they are offered say nothing about what they could. What a side that kept up answers is
a lower bound. Where workloads disagree it depends, on what the requests do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from loadtests.analysis.claims.advantage import ACHIEVED, Figure
from loadtests.analysis.claims.cells import Cell, cells, pairs, slots
from loadtests.analysis.claims.evidence import UNDECIDED, VISIBLE, Ratio, Sign
from loadtests.analysis.claims.kinds import asked_ms, kinds, waits_only
from loadtests.analysis.claims.observed import Observation, Pair
from loadtests.analysis.claims.observing import named, observe, told
from loadtests.analysis.claims.telling import Judgement, judged, not_measured
from loadtests.analysis.claims.words import figure, listed, ms, rps
from loadtests.analysis.decisions import Capacity
from loadtests.analysis.keeping_up import keeps_up
from loadtests.analysis.subjects import WorkloadSummary
from loadtests.analysis.summary import Summary

OPEN = VISIBLE**3
"""Two capacities within 10 %, each known to ± 10 %, leave no more than this factor open."""
SEARCHES = 2
MISSING = "workload but trivial ones with a valid trial on both sides"
TOO_LIGHT = (
    "Every profile answered all that this run offered it, so nothing shows how much more it could "
    "answer."
)


def judge(summary: Summary) -> Judgement:
    """The verdict on scalability."""
    heavy = [w for w in summary.workloads if kinds(w) != {"trivial"}]
    observed = [
        one
        for one in (_at_capacity(summary, w) or _at_heaviest(summary, w) for w in heavy)
        if one is not None
    ]
    if not observed:
        return not_measured(MISSING)
    telling = [one for one in observed if one.pairs]
    if not telling:
        return Judgement(UNDECIDED, TOO_LIGHT, workload=observed[0].workload)
    return judged(telling, _crossover(summary, telling))


def _at_capacity(summary: Summary, workload: WorkloadSummary) -> Observation | None:
    mine = [c for c in summary.capacities if c.workload == workload.name]
    found = {c.profile: c for c in mine if min(c.low_rps, c.rate_rps, c.high_rps) > 0.0}
    compared = [
        Pair(favoured, other, ratio, _sign(ratio))
        for favoured, other in pairs(list(found), favoured="asynchronous")
        for ratio in [_ratio(found[favoured], found[other])]
    ]
    if not compared:
        return None
    shown = {profile: found[profile] for profile in named(compared)}
    rates = {profile: Figure(capacity.rate_rps) for profile, capacity in shown.items()}
    return Observation(
        workload=workload.name,
        under=f"“{workload.name}”",
        lead="the capacity is",
        figures=rates,
        unit=ACHIEVED.unit,
        pairs=tuple(compared),
        preposition="for",
        note=_note(shown),
        evidence=told("capacity", rates, ACHIEVED.unit),
    )


def _note(found: Mapping[str, Capacity]) -> str:
    """The objective, and what the search for each profile left open."""
    ascending = sorted(found.values(), key=lambda capacity: capacity.rate_rps)
    spans = [f"{figure(c.low_rps)} to {figure(c.high_rps)} on {c.profile}" for c in ascending]
    objective = next((c.objective for c in ascending if c.objective), "")
    intervals = f"One search each found these 95 % intervals, in requests/s: {listed(spans)}."
    return f"The objective is: {objective}. {intervals}" if objective else intervals


def _ratio(favoured: Capacity, other: Capacity) -> Ratio:
    """The ratio of two capacities, between the farthest ends of their intervals."""
    low, high = favoured.low_rps / other.high_rps, favoured.high_rps / other.low_rps
    value = favoured.rate_rps / other.rate_rps
    return Ratio(value, low, high, low, high, n=SEARCHES, searched=True)


def _sign(ratio: Ratio) -> Sign:
    if ratio.least > 1.0 and ratio.value > VISIBLE:
        return Sign.AHEAD
    if ratio.most < 1.0 and ratio.value < 1.0 / VISIBLE:
        return Sign.BEHIND
    alike = 1.0 / VISIBLE <= ratio.value <= VISIBLE
    known = ratio.least >= 1.0 / OPEN and ratio.most <= OPEN
    return Sign.LEVEL if alike and known else Sign.UNCLEAR


def _at_heaviest(summary: Summary, workload: WorkloadSummary) -> Observation | None:
    mine = [cell for cell in cells(summary) if cell.workload.name == workload.name]
    both = [cell for cell in mine if any(pairs(list(cell.trials), favoured="asynchronous"))]
    if not both:
        return None
    cell = both[-1]
    telling = [
        pair
        for pair in pairs(list(cell.trials), favoured="asynchronous")
        if cell.load.mode == "closed" or not all(keeps_up(cell.trials[profile]) for profile in pair)
    ]
    found = observe(summary, cell, ACHIEVED, telling, "the throughput is")
    return replace(found, note=_offered(cell, named(found.pairs)))


def _offered(cell: Cell, profiles: Sequence[str]) -> str:
    """How much was offered, and who kept up with that, so that its throughput is a lower bound."""
    if cell.load.mode == "closed" or not profiles:
        return ""
    offered = median(t.offered_rps for name in profiles for t in cell.trials[name])
    able = [name for name in profiles if keeps_up(cell.trials[name])]
    more = f"; {listed(able)} kept up with that, and might answer more" if able else ""
    return f"{rps(offered)} were offered{more}."


def _crossover(summary: Summary, observed: Sequence[Observation]) -> str:
    """For which workloads each side is ahead; and what the slots can hold of one that waits."""
    words = []
    if {Sign.AHEAD, Sign.BEHIND} <= {sign for one in observed for sign in one.signs}:
        sides = (
            (Sign.AHEAD, "the asynchronous profiles are ahead"),
            (Sign.BEHIND, "the synchronous ones"),
        )
        clauses = []
        for sign, side in sides:
            places = [f"“{one.workload}”" for one in observed if sign in one.signs]
            clauses.append(f"{side} for {listed(places)}")
        words.append(", ".join(clauses))
    held = slots(summary)
    for workload in summary.workloads:
        asked = asked_ms(workload)
        here = any(one.workload == workload.name for one in observed)
        if here and held and asked and waits_only(workload):
            full = figure(1000.0 * held / asked)
            of = f"of “{workload.name}” ({held} / {ms(asked)})"
            words.append(f"{held} slots can serve {full} requests/s {of}")
    return "; ".join(words)

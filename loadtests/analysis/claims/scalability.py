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
from statistics import median

from loadtests.analysis.claims.advantage import ACHIEVED
from loadtests.analysis.claims.cells import Cell, cells, pairs, slots
from loadtests.analysis.claims.evidence import UNDECIDED, VISIBLE, Ratio, Sign
from loadtests.analysis.claims.kinds import asked_ms, kinds, waits_only
from loadtests.analysis.claims.observed import ASYNCHRONOUS, Observation, Pair
from loadtests.analysis.claims.observing import named, observe
from loadtests.analysis.claims.telling import Judgement, judged, not_measured
from loadtests.analysis.claims.words import figure, listed, ms, rps
from loadtests.analysis.costs import keeps_up
from loadtests.analysis.decisions import Capacity
from loadtests.analysis.summary import Summary, WorkloadSummary

OPEN = VISIBLE**3
"""Two capacities within 10 %, each known to ± 10 %, leave no more than this factor open."""
MISSING = "workload but trivial ones with a valid trial on both sides"
TOO_LIGHT = (
    "Every profile answered what it was offered under every load of this run, so that none of "
    "them says how much more it could."
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
    told = [one for one in observed if one.pairs]
    if not told:
        return Judgement(UNDECIDED, TOO_LIGHT, workload=observed[0].workload)
    return judged(told, ASYNCHRONOUS, _crossover(summary, told))


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
    objective = next((c.objective for c in shown.values() if c.objective), "")
    return Observation(
        workload=workload.name,
        where=f"for “{workload.name}”",
        told=f"the objective{f' ({objective})' if objective else ''} is met up to {_each(shown)}",
        pairs=tuple(compared),
        evidence={f"capacity_rps, {p}": capacity.rate_rps for p, capacity in shown.items()},
    )


def _ratio(favoured: Capacity, other: Capacity) -> Ratio:
    """The ratio of two capacities, between the farthest ends of their intervals."""
    low, high = favoured.low_rps / other.high_rps, favoured.high_rps / other.low_rps
    probes = min(len(favoured.probes), len(other.probes))
    return Ratio(favoured.rate_rps / other.rate_rps, low, high, low, high, probes)


def _sign(ratio: Ratio) -> Sign:
    if ratio.least > 1.0 and ratio.value > VISIBLE:
        return Sign.AHEAD
    if ratio.most < 1.0 and ratio.value < 1.0 / VISIBLE:
        return Sign.BEHIND
    alike = 1.0 / VISIBLE <= ratio.value <= VISIBLE
    known = ratio.least >= 1.0 / OPEN and ratio.most <= OPEN
    return Sign.LEVEL if alike and known else Sign.UNCLEAR


def _each(found: Mapping[str, Capacity]) -> str:
    ascending = sorted(found.values(), key=lambda capacity: capacity.rate_rps)
    return listed(
        [
            f"{rps(c.rate_rps)} on {c.profile} ({figure(c.low_rps)} to {figure(c.high_rps)})"
            for c in ascending
        ]
    )


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
    return observe(summary, cell, ACHIEVED, telling, _answered(cell))


def _answered(cell: Cell) -> str:
    """The words before what each profile answered: an open load was offered first."""
    if cell.load.mode == "closed":
        return "the requests answered each second were"
    offered = median(t.offered_rps for trials in cell.trials.values() for t in trials)
    return f"{rps(offered)} were offered, answered were"


def _crossover(summary: Summary, observed: Sequence[Observation]) -> str:
    """For which workloads each side is ahead; and what the slots can hold of one that waits."""
    told = []
    if {Sign.AHEAD, Sign.BEHIND} <= {sign for one in observed for sign in one.signs}:
        for sign, side in ((Sign.AHEAD, "asynchronous"), (Sign.BEHIND, "synchronous")):
            places = [f"“{one.workload}”" for one in observed if sign in one.signs]
            told.append(f"{side} ahead for {listed(places)}")
    held = slots(summary)
    for workload in summary.workloads:
        asked = asked_ms(workload)
        here = any(one.workload == workload.name for one in observed)
        if here and held and asked and waits_only(workload):
            full = figure(1000.0 * held / asked)
            of = f"of “{workload.name}” ({held} / {ms(asked)})"
            told.append(f"{held} slots hold {full} requests/s {of}")
    return "; ".join(told)

"""blocking: what a trivial request feels beside requests that wait, compute, or block.

Read are all workloads but the trivial ones, under every load that has a bystander. The figure is
the bystander's latency (p90); compared is every asynchronous profile with every synchronous one,
and the claim, that it is synchronous programs that are slowed, favours the asynchronous.

A bystander counts as slowed from 10 ms on: no profile needs a fraction of that for the request
itself, and what blocks here blocks for longer. Where it is slowed in no trial of a pair there is no
visible difference, whatever the ratio of the two; with fewer than five trials on either side both
must be below half of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.analysis.claims.advantage import BYSTANDER
from loadtests.analysis.claims.cells import Cell, cells, pairs, slots
from loadtests.analysis.claims.crossover import onset
from loadtests.analysis.claims.evidence import PAIRS, Ratio, Sign, sign_of
from loadtests.analysis.claims.kinds import asked_ms, kinds
from loadtests.analysis.claims.observed import Observation
from loadtests.analysis.claims.observing import SignOf, observe
from loadtests.analysis.claims.telling import Judgement, judged, not_measured
from loadtests.analysis.claims.words import listed
from loadtests.analysis.summary import Summary

SLOWED_MS = 10.0
MISSING = "bystander beside requests that wait, compute or block, in a valid trial on both sides"
LEAD = "the bystander’s p90 is"


def judge(summary: Summary) -> Judgement:
    """The verdict on blocking."""
    observed = [
        observe(
            summary, cell, BYSTANDER, pairs(list(cell.trials), favoured="asynchronous"), LEAD,
            preposition="beside", sign=beside(cell), calm=SLOWED_MS,
        )
        for cell in cells(summary)
        if kinds(cell.workload) != {"trivial"}
    ]  # fmt: skip
    observed = [one for one in observed if one.pairs]
    if not observed:
        return not_measured(MISSING)
    return judged(observed, _crossover(summary, observed))


def beside(cell: Cell) -> SignOf:
    """The sign of a ratio between bystanders in a cell, by the rule above."""

    def sign(ratio: Ratio, favoured: str, other: str) -> Sign:
        trials = [t for p in (favoured, other) for t in cell.trials[p]]
        worst = max(BYSTANDER.metric(trial) or 0.0 for trial in trials)
        if worst <= (SLOWED_MS if ratio.n >= PAIRS else SLOWED_MS / 2.0):
            return Sign.LEVEL if ratio.n >= PAIRS or ratio.enough else Sign.UNCLEAR
        if worst <= SLOWED_MS:
            return Sign.UNCLEAR
        return sign_of(ratio)

    return sign


def _crossover(summary: Summary, observed: Sequence[Observation]) -> str:
    """Beside which workloads, and from which rate on, the bystander of each side is slowed."""
    signs = {sign for one in observed for sign in one.signs}
    if not {Sign.AHEAD, Sign.BEHIND} <= signs:
        return ""
    synchronous: dict[str, list[str]] = {}
    asynchronous: dict[str, list[str]] = {}
    for workload in summary.workloads:
        mine = [one for one in observed if one.workload == workload.name]
        name = f"“{workload.name}”"
        if any(Sign.AHEAD in one.signs for one in mine):
            when = _when(mine, slots(summary), asked_ms(workload))
            synchronous.setdefault(when, []).append(name)
        if any(Sign.BEHIND in one.signs for one in mine):
            when = onset(mine, Sign.BEHIND, None, None)
            asynchronous.setdefault(when, []).append(name)
    slow = "the synchronous profiles slow their bystander"
    told = [f"beside {listed(w)}, {slow} {when}".rstrip() for when, w in synchronous.items()]
    for when, workloads in asynchronous.items():
        do = f"the asynchronous ones do {when}".rstrip()
        told.append(f"beside {listed(workloads)}, {do}, because the loop is held")
    return "; ".join(told)


def _when(observed: Sequence[Observation], held: int | None, asked: float | None) -> str:
    """From which rate on, or at least why, the synchronous profiles slow their bystander."""
    found = onset(observed, Sign.AHEAD, held, asked)
    return found or (f"when all {held} slots are full" if held and asked else "")

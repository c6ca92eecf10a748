"""cost: processor time and memory for the same requests.

Read are all workloads, each under the heaviest open load that both of a pair kept up with. Compared
is every asynchronous profile with every synchronous one, in processor time for a request and in
memory, that of all processes of a server; the claim favours the asynchronous. Memory is counted and
not timed: with fewer than five pairs a factor of 1.25 counts there.

Where the run searched for the capacities of both, memory is that for each 1,000 requests/s at the
capacity: ahead or behind by a factor of 1.25, which is more than what the intervals of two
capacities usually leave open, and level within 10 %. Where workloads, or processor and memory,
disagree it depends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from loadtests.analysis.claims.advantage import CPU, MEMORY, Figure
from loadtests.analysis.claims.cells import Cell, cells, pairs
from loadtests.analysis.claims.evidence import DEPENDS, VISIBLE, Ratio, Sign, sign_of
from loadtests.analysis.claims.observed import Observation, Pair
from loadtests.analysis.claims.observing import named, observe, told
from loadtests.analysis.claims.telling import Judgement, judged, not_measured
from loadtests.analysis.claims.words import listed
from loadtests.analysis.costs import costs_of
from loadtests.analysis.keeping_up import keeps_up
from loadtests.analysis.summary import Summary

MISSING = "load that a profile of either side kept up with in a valid trial"


def judge(summary: Summary) -> Judgement:
    """The verdict on cost."""
    processor: list[Observation] = []
    memory: list[Observation] = []
    for cell, both in _kept(summary):
        processor.append(observe(summary, cell, CPU, both, "a request’s processor time is"))
        memory.append(
            _at_capacity(summary, cell.workload.name)
            or observe(summary, cell, MEMORY, both, "the server’s memory is")
        )
    parts = {
        what: [one for one in part if one.pairs]
        for what, part in (("Processor time", processor), ("Memory", memory))
    }
    observed = [one for part in parts.values() for one in part]
    if not observed:
        return not_measured(MISSING)
    found = judged(observed, parts=parts)
    return replace(found, crossover=_crossover(parts)) if found.verdict == DEPENDS else found


def _kept(summary: Summary) -> Iterator[tuple[Cell, list[tuple[str, str]]]]:
    """Of each workload the heaviest open load that both profiles of some pairs kept up with."""
    for workload in summary.workloads:
        found = None
        for cell in cells(summary):
            if cell.workload.name == workload.name and cell.load.mode == "open":
                able = [name for name, trials in cell.trials.items() if keeps_up(trials)]
                both = list(pairs(able, favoured="asynchronous"))
                found = (cell, both) if both else found
        if found:
            yield found


def _at_capacity(summary: Summary, workload: str) -> Observation | None:
    """Memory for 1,000 requests/s, of pairs whose capacities are known both."""
    costs = summary.decisions.costs or costs_of(summary.trials, summary.capacities, None)
    searched = {c.profile for c in summary.capacities if c.workload == workload}
    held = {
        cost.profile: cost
        for cost in costs
        if cost.workload == workload and cost.profile in searched and cost.mb_per_1000_rps
    }
    compared: list[Pair] = []
    for favoured, other in pairs(list(held), favoured="asynchronous"):
        ours, theirs = held[favoured], held[other]
        value = (theirs.mb_per_1000_rps or 0.0) / (ours.mb_per_1000_rps or 1.0)
        n = min(len(ours.trials), len(theirs.trials))
        ratio = Ratio(value, None, None, value, value, n, factor=MEMORY.factor)
        level = 1.0 / VISIBLE <= value <= VISIBLE
        compared.append(Pair(favoured, other, ratio, Sign.LEVEL if level else sign_of(ratio)))
    if not compared:
        return None
    shown = {profile: Figure(held[profile].mb_per_1000_rps or 0.0) for profile in named(compared)}
    return Observation(
        workload=workload,
        under=f"the capacities for “{workload}”",
        lead="the memory for 1,000 requests/s is",
        figures=shown,
        unit=MEMORY.unit,
        pairs=tuple(compared),
        evidence=told("memory for 1,000 requests/s", shown, MEMORY.unit),
    )


def _crossover(parts: Mapping[str, Sequence[Observation]]) -> str:
    """What each side needs less of, and for which workloads."""
    words = []
    sides = ((Sign.AHEAD, "the asynchronous profiles"), (Sign.BEHIND, "the synchronous profiles"))
    for sign, side in sides:
        less = []
        for what, observed in parts.items():
            places = [f"“{one.workload}”" for one in observed if sign in one.signs]
            if places:
                less.append(f"{what.lower()} for {listed(places)}")
        if less:
            words.append(f"{side} need less {', and less '.join(less)}")
    return "; ".join(words)

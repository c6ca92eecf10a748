"""immediacy: the answer to a trivial request, alone and at a low load.

Read are workloads of trivial requests only, each under the lightest open load that it ran. The
figure is the median latency of a trial; compared is every synchronous profile with every
asynchronous one, and the claim favours the synchronous. Supported where the synchronous profile of
every pair is ahead, refuted where it is behind in some and ahead in none; where it is ahead in some
only it depends, on the server and its parser.
"""

from __future__ import annotations

from dataclasses import replace

from loadtests.analysis.claims.advantage import P50
from loadtests.analysis.claims.cells import Cell, cells, pairs
from loadtests.analysis.claims.evidence import DEPENDS
from loadtests.analysis.claims.kinds import kinds
from loadtests.analysis.claims.observing import observe
from loadtests.analysis.claims.telling import Judgement, judged, not_measured
from loadtests.analysis.summary import Summary

MISSING = "workload of trivial requests alone under an open load, with a valid trial on both sides"
LEAD = "the median latency is"
ON_SERVER = "between servers and parsers: not every pair of profiles says the same"


def judge(summary: Summary) -> Judgement:
    """The verdict on immediacy."""
    lightest: dict[str, Cell] = {}
    for cell in cells(summary):
        if kinds(cell.workload) == {"trivial"} and cell.load.mode == "open":
            lightest.setdefault(cell.workload.name, cell)
    observed = [
        observe(summary, cell, P50, pairs(list(cell.trials), favoured="synchronous"), LEAD)
        for cell in lightest.values()
    ]
    observed = [one for one in observed if one.pairs]
    if not observed:
        return not_measured(MISSING)
    found = judged(observed)
    return replace(found, crossover=ON_SERVER) if found.verdict == DEPENDS else found

"""concurrency: requests that wait, at rising concurrency.

Read are workloads whose requests all wait, under every load. The figure is the median latency of a
trial: it grows where requests wait for one another, and stays at the wait that was asked for where
they do not. Compared is every asynchronous profile with every synchronous one, and the claim
favours the asynchronous. Where they differ under some loads only it depends, on the rate: the
crossover says from which one on.
"""

from __future__ import annotations

from loadtests.analysis.claims.advantage import P50
from loadtests.analysis.claims.cells import cells, pairs, slots
from loadtests.analysis.claims.crossover import onset
from loadtests.analysis.claims.evidence import Sign
from loadtests.analysis.claims.kinds import asked_ms, waits_only
from loadtests.analysis.claims.observed import Observation
from loadtests.analysis.claims.observing import observe
from loadtests.analysis.claims.telling import Judgement, judged, not_measured
from loadtests.analysis.summary import Summary

MISSING = "workload of requests that wait, with a valid trial on both sides"
LEAD = "the median latency is"


def judge(summary: Summary) -> Judgement:
    """The verdict on concurrency."""
    observed = [
        observe(summary, cell, P50, pairs(list(cell.trials), favoured="asynchronous"), LEAD)
        for cell in cells(summary)
        if waits_only(cell.workload)
    ]
    observed = [one for one in observed if one.pairs]
    if not observed:
        return not_measured(MISSING)
    return judged(observed, _crossover(summary, observed))


def _crossover(summary: Summary, observed: list[Observation]) -> str:
    for workload in summary.workloads:
        mine = [one for one in observed if one.workload == workload.name]
        where = onset(mine, Sign.AHEAD, slots(summary), asked_ms(workload))
        if where:
            return f"the loop is ahead {where}"
    return ""

"""overload: more is waited for at once than there is room, for a while, and what is left of it.

Read are all loads that burst, with ordinary clients and with those that try again, and all
workloads that call a service which stalls. Three figures are compared: goodput over the whole
window (requests answered within the objective, each second), the longest wait, and the time from
the end of the burst or the stall until latency was near what it was before it. Compared is every
asynchronous profile with every synchronous one; the claim, that synchronous coordination reduces
what gets done, favours the asynchronous. Where figures or workloads disagree it depends.
"""

from __future__ import annotations

from loadtests.analysis.claims.bad_days import GOODPUT, LONGEST, RECOVERY, observed, verdict
from loadtests.analysis.claims.cells import bad_cells
from loadtests.analysis.claims.telling import Judgement
from loadtests.analysis.summary import Summary

MISSING = "burst or stall that a profile of either side went through in a valid trial"
FIGURES = {
    "Goodput": (GOODPUT, "the goodput is"),
    "The longest wait": (LONGEST, "the longest wait is"),
    "Recovery": (RECOVERY, "to the tenth of a second, recovery took"),
}


def judge(summary: Summary) -> Judgement:
    """The verdict on overload."""
    found = [cell for cell in bad_cells(summary) if cell.load.bursts or cell.workload.stall]
    return verdict([observed(summary, cell, FIGURES, "under") for cell in found], MISSING)

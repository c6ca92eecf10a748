"""stability: what good clients notice of others that are slow, silent, or vanish.

Read are all workloads that such clients take part in, at loads without a burst. Two figures of the
good clients are compared: goodput (requests answered within the objective, each second) and latency
(p90). Compared is every asynchronous profile with every synchronous one; the claim, that it is the
synchronous exchange that depends on a stable connection, favours the asynchronous. Where the same
good clients also ran alone their latency then is told, for it is the misbehaving that the claim is
about. Where figures or workloads disagree it depends.
"""

from __future__ import annotations

from dataclasses import replace

from loadtests.analysis.claims.advantage import figures
from loadtests.analysis.claims.bad_days import GOODPUT, P90, observed, verdict
from loadtests.analysis.claims.cells import Cell, bad_cells, cells
from loadtests.analysis.claims.kinds import lines
from loadtests.analysis.claims.observed import Observation
from loadtests.analysis.claims.telling import Judgement
from loadtests.analysis.claims.words import each
from loadtests.analysis.subjects import WorkloadSummary
from loadtests.analysis.summary import Summary

MISSING = (
    "workload with slow, silent or vanishing clients that a profile of either side served in a "
    "valid trial"
)
LATENCY = "Latency"
FIGURES = {
    "Goodput": (GOODPUT, "the goodput of the good clients is"),
    LATENCY: (P90, "nine good requests in ten are answered within"),
}


def judge(summary: Summary) -> Judgement:
    """The verdict on stability."""
    beside = [
        cell
        for cell in bad_cells(summary)
        if not cell.load.bursts
        and any(trial.misbehaving for t in cell.trials.values() for trial in t)
    ]
    return verdict([_seen(summary, cell) for cell in beside], MISSING)


def _seen(summary: Summary, cell: Cell) -> dict[str, Observation]:
    found = observed(summary, cell, FIGURES, "under")
    if LATENCY in found:
        found[LATENCY] = replace(found[LATENCY], note=_alone(summary, cell))
    return found


def _alone(summary: Summary, cell: Cell) -> str:
    """What the same good clients got under the same load when nobody misbehaved."""
    good = _asked(cell.workload)
    for other in cells(summary):
        if other.load == cell.load and _asked(other.workload) == good:
            without = figures(other, P90, [name for name in cell.trials if name in other.trials])
            if without:
                return f"Alone, nine in ten of them are answered within {each(without, P90.unit)}."
    return ""


def _asked(workload: WorkloadSummary) -> set[tuple[str, int, tuple[tuple[str, str], ...]]]:
    """What a workload's ordinary clients ask for."""
    return {
        (line.path, line.body_bytes, tuple(sorted(line.parameters.items())))
        for line in lines(workload)
        if not line.client
    }

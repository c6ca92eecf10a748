"""The nine claims in their order: what each says, and who judges it from a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loadtests.analysis.claims import (
    blocking,
    concurrency,
    cost,
    deferral,
    hybrid,
    immediacy,
    overload,
    scalability,
    stability,
)
from loadtests.analysis.claims.cells import anchor
from loadtests.analysis.claims.telling import Judgement
from loadtests.analysis.decisions import Claim
from loadtests.analysis.summary import Summary


@dataclass(frozen=True, slots=True)
class Row:
    """One claim: its id, what it says, and who judges it."""

    id: str
    statement: str
    judge: Callable[[Summary], Judgement]


ROWS = (
    Row(
        "immediacy",
        "A synchronous server gives the more immediate answer; an asynchronous one may be slower.",
        immediacy.judge,
    ),
    Row(
        "concurrency",
        "An asynchronous server works on many requests at once, and none waits for another.",
        concurrency.judge,
    ),
    Row(
        "blocking",
        "A synchronous program may block, and then everything behind it is slowed.",
        blocking.judge,
    ),
    Row(
        "scalability",
        "Serving asynchronously is more efficient, and scales further.",
        scalability.judge,
    ),
    Row(
        "cost",
        "A synchronous server needs more resources; an asynchronous one costs less.",
        cost.judge,
    ),
    Row(
        "hybrid",
        "Both together, each for the work that suits it, serve best.",
        hybrid.judge,
    ),
    Row(
        "stability",
        "A synchronous exchange depends on a stable connection.",
        stability.judge,
    ),
    Row(
        "deferral",
        "An asynchronous exchange leaves a record, and lets each side work at its own time.",
        deferral.judge,
    ),
    Row(
        "overload",
        "Too much synchronous coordination reduces what gets done.",
        overload.judge,
    ),
)


def claims_of(summary: Summary) -> tuple[Claim, ...]:
    """All nine claims, each with its verdict.

    Reads the valid trials of a summary, its comparisons, capacities, costs and noise floors.
    """
    return tuple(_claim(summary, row) for row in ROWS)


def _claim(summary: Summary, row: Row) -> Claim:
    found = row.judge(summary)
    return Claim(
        id=row.id,
        statement=row.statement,
        verdict=found.verdict,
        text=found.text,
        estimate=found.estimate,
        crossover=found.crossover,
        anchor=anchor(summary, found.workload) if found.workload else "",
        evidence=found.evidence,
        detail=found.detail,
    )

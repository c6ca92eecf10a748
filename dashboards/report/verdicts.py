"""The claims of the founding text with their verdicts, and what the run advises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.report.format import bounds, figure, slug
from loadtests.analysis.decisions import Claim, Estimate
from loadtests.analysis.summary import Summary

# Verdicts that are none, in the order in which they are named.
ABSENT = ("not measured", "not yet testable")
ABSENT_HERE = {"not measured": "not measured here", "not yet testable": "not yet testable"}


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The claims that the run says something of, and the others: verdict, and its claims."""

    decided: tuple[Claim, ...]
    absent: tuple[tuple[str, tuple[Claim, ...]], ...]


def verdicts(summary: Summary) -> Verdicts:
    """The claims of a run in their order, those without a verdict apart."""
    claims = summary.decisions.claims
    groups = ((ABSENT_HERE[v], tuple(c for c in claims if c.verdict == v)) for v in ABSENT)
    return Verdicts(
        decided=tuple(claim for claim in claims if claim.verdict not in ABSENT),
        absent=tuple((words, found) for words, found in groups if found),
    )


def estimated(estimate: Estimate | None) -> str:
    """An estimate with its interval and what stands behind it; empty where there is none."""
    if estimate is None:
        return ""
    said = f"estimate {figure(estimate.value)}"
    if estimate.low is None or estimate.high is None:
        return f"{said} (n = {estimate.n}, too few for an interval)"
    return f"{said}, 95 % interval {bounds(estimate.low, estimate.high)} (n = {estimate.n})"


def unsaid(absent: Sequence[tuple[str, Sequence[Claim]]]) -> str:
    """The claims without a verdict as one sentence: `Not measured here: a, b; …`."""
    said = "; ".join(f"{words}: {', '.join(c.id for c in found)}" for words, found in absent)
    return said[:1].upper() + said[1:]


def style(verdict: str) -> str:
    """The verdict as the name of a style; the word itself is always written."""
    return f"verdict-{slug(verdict)}"

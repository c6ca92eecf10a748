"""The claims of the founding text with their verdicts, and what the run advises."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboards.report.format import NBSP, bounds, figure, slug
from dashboards.report.ratios import PAIRS
from loadtests.analysis.decisions import Claim, Estimate
from loadtests.analysis.summary import Summary

# The verdict that is none, and how it is told.
ABSENT, ABSENT_HERE = "not measured", "not measured here"
# What follows a finding is folded where it has more words than this.
MOST_WORDS = 60
# Before a unit, after ≥, and round a stroke between numbers.
TIES = re.compile(r"(?<=[0-9≥]) (?=[0-9/]|(?:ms|s|MB|requests/s|%)(?![A-Za-z]))|(?<=/) (?=[0-9])")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The claims that the run says something of, and the others: verdict, and its claims."""

    decided: tuple[Claim, ...]
    absent: tuple[tuple[str, tuple[Claim, ...]], ...]


def verdicts(summary: Summary) -> Verdicts:
    """The claims of a run in their order, those without a verdict apart."""
    claims = summary.decisions.claims
    absent = tuple(claim for claim in claims if claim.verdict == ABSENT)
    return Verdicts(
        decided=tuple(claim for claim in claims if claim.verdict != ABSENT),
        absent=((ABSENT_HERE, absent),) if absent else (),
    )


def estimated(estimate: Estimate | None) -> str:
    """An estimate with its interval and what stands behind it; empty where there is none."""
    if estimate is None:
        return ""
    said = f"estimate {figure(estimate.value)}"
    if estimate.searched:
        span = bounds(estimate.low, estimate.high)
        return f"{said}, {span} by the 95 % intervals of {estimate.n} searches"
    if estimate.low is None or estimate.high is None:
        few = ", too few for an interval" if estimate.n < PAIRS else ""
        return f"{said} (n = {estimate.n}{few})"
    return f"{said}, 95 % interval {bounds(estimate.low, estimate.high)} (n = {estimate.n})"


def by_figure(evidence: Mapping[str, str]) -> dict[str, str]:
    """Evidence with what is known of several profiles together: `memory`, by profile."""
    found: dict[str, list[str]] = {}
    for name, value in evidence.items():
        what, on, profile = name.rpartition(" on ")
        found.setdefault(what or name, []).append(f"{value}{on}{profile}" if what else value)
    return {name: ", ".join(values) for name, values in found.items()}


def is_long(detail: str) -> bool:
    """Whether the detail of a claim is so long that it is folded."""
    return len(detail.split()) > MOST_WORDS


def tied(text: str) -> str:
    """A sentence whose numbers stay on one line with their units."""
    return TIES.sub(NBSP, text)


def rounded(rate: float, sure: str) -> str:
    """A rate of the decision card: two digits of what is only predicted."""
    if sure != "predicted":
        return figure(rate)
    return f"about {figure(float(f'{rate:.2g}'), digits=2)}"


def unsaid(absent: Sequence[tuple[str, Sequence[Claim]]]) -> str:
    """The claims without a verdict as one sentence: `Not measured here: a, b; …`."""
    said = "; ".join(f"{words}: {', '.join(c.id for c in found)}" for words, found in absent)
    return said[:1].upper() + said[1:]


def style(verdict: str) -> str:
    """The verdict as the name of a style; the word itself is always written."""
    return f"verdict-{slug(verdict)}"

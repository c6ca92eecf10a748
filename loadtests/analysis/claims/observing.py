"""One cell of a run as an observation: which pairs it has, their ratios and signs, the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from loadtests.analysis.claims.advantage import Measure, figures, ratio_of
from loadtests.analysis.claims.cells import Cell
from loadtests.analysis.claims.evidence import Ratio, Sign, sign_of
from loadtests.analysis.claims.observed import Observation, Pair
from loadtests.analysis.claims.words import each
from loadtests.analysis.summary import Summary

MOST_NUMBERS = 10
SignOf = Callable[[Ratio, str, str], Sign]
"""The sign of a ratio between a favoured profile and another, where the usual rule is not all."""


def observe(
    summary: Summary,
    cell: Cell,
    measure: Measure,
    profiles: Iterable[tuple[str, str]],
    told: str,
    *,
    preposition: str = "at",
    sign: SignOf | None = None,
) -> Observation:
    """What a cell says of those pairs (favoured, other) that it has; `told` leads the figures."""
    compared: list[Pair] = []
    for favoured, other in profiles:
        ratio = ratio_of(summary, cell, measure, favoured, other)
        if ratio is not None:
            found = sign(ratio, favoured, other) if sign else sign_of(ratio)
            compared.append(Pair(favoured, other, ratio, found))
    names = named(compared)
    shown = figures(cell, measure, names)
    trials = sorted(trial.number for name in names for trial in cell.trials[name])
    evidence: dict[str, float | str] = {
        f"{measure.name}, {profile}": round(one.value, 3) for profile, one in shown.items()
    }
    word = "with" if cell.load.mode == "closed" and preposition == "at" else preposition
    return Observation(
        workload=cell.workload.name,
        where=f"{word} {cell.under}",
        told=f"{told} {each(shown, measure.unit)}",
        pairs=tuple(compared),
        rate_rps=cell.load.rate_rps,
        evidence={**evidence, "trials": _numbers(trials)},
    )


def _numbers(trials: Sequence[int]) -> str:
    told = ", ".join(map(str, trials[:MOST_NUMBERS]))
    more = len(trials) - MOST_NUMBERS
    return f"{told} and {more} more" if more > 0 else told


def named(compared: Sequence[Pair]) -> list[str]:
    """The profiles of some pairs, each once."""
    return list(dict.fromkeys(p for pair in compared for p in (pair.favoured, pair.other)))

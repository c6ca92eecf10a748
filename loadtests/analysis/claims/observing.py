"""One cell of a run as an observation: which pairs it has, their ratios and signs, the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from loadtests.analysis.claims.advantage import Figure, Measure, figures, ratio_of
from loadtests.analysis.claims.cells import Cell
from loadtests.analysis.claims.evidence import Ratio, Sign, sign_of
from loadtests.analysis.claims.observed import Observation, Pair
from loadtests.analysis.claims.words import amount
from loadtests.analysis.summary import Summary

MOST_NUMBERS = 10
SignOf = Callable[[Ratio, str, str], Sign]
"""The sign of a ratio between a favoured profile and another, where the usual rule is not all."""


def observe(
    summary: Summary,
    cell: Cell,
    measure: Measure,
    profiles: Iterable[tuple[str, str]],
    lead: str,
    *,
    preposition: str = "at",
    sign: SignOf | None = None,
    calm: float = 0.0,
) -> Observation:
    """What a cell says of those pairs (favoured, other) that it has; the rest as `Observation`."""
    compared: list[Pair] = []
    for favoured, other in profiles:
        ratio = ratio_of(summary, cell, measure, favoured, other)
        if ratio is not None:
            found = sign(ratio, favoured, other) if sign else sign_of(ratio)
            compared.append(Pair(favoured, other, ratio, found))
    names = named(compared)
    shown = figures(cell, measure, names)
    trials = sorted(trial.number for name in names for trial in cell.trials[name])
    word = "with" if cell.load.mode == "closed" and preposition == "at" else preposition
    return Observation(
        workload=cell.workload.name,
        under=cell.under,
        lead=lead,
        figures=shown,
        unit=measure.unit,
        pairs=tuple(compared),
        preposition=word,
        rate_rps=cell.load.rate_rps,
        calm=calm,
        evidence={**told(measure.words, shown, measure.unit), "trials": _numbers(trials)},
    )


def told(words: str, shown: Mapping[str, Figure], unit: str) -> dict[str, float | str]:
    """Figures as evidence: `memory on uvloop` is `29.3 MiB`."""
    return {f"{words} on {profile}": amount(one, unit) for profile, one in shown.items()}


def _numbers(trials: Sequence[int]) -> str:
    told = ", ".join(map(str, trials[:MOST_NUMBERS]))
    more = len(trials) - MOST_NUMBERS
    return f"{told} and {more} more" if more > 0 else told


def named(compared: Sequence[Pair]) -> list[str]:
    """The profiles of some pairs, each once."""
    return list(dict.fromkeys(p for pair in compared for p in (pair.favoured, pair.other)))

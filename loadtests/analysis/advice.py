"""Advice on every workload of a run: which way of serving to choose for it, and how sure that is.

The capacities that the run searched for decide; else those that were predicted before its sweep;
else what was answered under the heaviest open load, where a way that kept up could do more; on a
bad day (a burst, or slow clients) what was answered in time. Ways within 10 % of the best, or with
overlapping intervals, are level; of them those fall out beside whose load a bystander waits: for
10 ms or more, and twice as long as with the best.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from loadtests.analysis.advice_basis import CHOICES, PREFERENCE, choice_of
from loadtests.analysis.claims.advantage import BYSTANDER, figures
from loadtests.analysis.claims.bad_days import GOODPUT
from loadtests.analysis.claims.blocking import SLOWED_MS
from loadtests.analysis.claims.cells import Cell, bad_cells, cells
from loadtests.analysis.claims.evidence import FACTOR, PAIRS, VISIBLE
from loadtests.analysis.claims.words import about, listed, ms, rps
from loadtests.analysis.costs import IDLE
from loadtests.analysis.decisions import Advice
from loadtests.analysis.keeping_up import keeps_up
from loadtests.analysis.summary import Summary

AT_LEAST = "at least "
GOOD_SHARE = 0.99
"""Who answers so much of a bad day in time has not been brought to an end by it."""


@dataclass(frozen=True, slots=True)
class Known:
    """How much one way of serving can answer of a workload, between two ends.

    `floor` where it kept up with all that it was offered, or rests on a load far from its limit, so
    that it could do more.
    """

    choice: str
    profile: str
    rate_rps: float
    low_rps: float
    high_rps: float
    floor: bool = False


def advice_of(summary: Summary) -> tuple[Advice, ...]:
    """One line for each workload that at least two ways of serving were measured on.

    Reads the valid trials of a summary, its capacities and its predictions.
    """
    found = (_advice(summary, w.name) for w in summary.workloads if w.name != IDLE)
    return tuple(advice for advice in found if advice is not None)


def _advice(summary: Summary, workload: str) -> Advice | None:
    every = (*cells(summary), *bad_cells(summary))
    mine = [cell for cell in every if cell.workload.name == workload]
    opened = [cell for cell in mine if cell.load.mode == "open"]
    sources = (
        ("measured", _best(_searched(summary, workload))),
        ("predicted", _best(_predicted(summary, workload))),
        ("measured", _best(_answered(opened[-1])) if opened else {}),
    )
    source, known = next(((s, k) for s, k in sources if len(k) > 1), ("", {}))
    if not known:
        return None
    sure = source
    within = _level(list(known.values()))
    slowed = _slowed(opened, within)
    left = [one for one in within if one.choice not in slowed]
    choice = min((one.choice for one in left), key=PREFERENCE.index)
    if len(left) == len(known):
        choice = "any"
        # Where nothing was brought to its limit, nothing is known of what lies beyond.
        sure = "unsure" if all(one.floor for one in left) else sure
    elif sure == "measured" and not _decides(opened, known, left, slowed):
        sure = "unsure"
    return Advice(
        workload=workload,
        choice=choice,
        sure=sure,
        text=_text(known, slowed, opened, predicted=source == "predicted"),
        crossover=_crossover(choice, known, within, slowed),
        capacities={one.choice: round(one.rate_rps, 3) for one in known.values()},
    )


def _searched(summary: Summary, workload: str) -> Iterator[Known]:
    for found in summary.capacities:
        choice = choice_of(found.profile)
        if found.workload == workload and choice:
            rates = (found.rate_rps, found.low_rps, found.high_rps)
            yield Known(choice, found.profile, *rates)


def _predicted(summary: Summary, workload: str) -> Iterator[Known]:
    for found in summary.decisions.predictions:
        choice, rate = choice_of(found.profile), found.capacity_rps
        if found.workload == workload and choice and rate > 0.0:
            yield Known(choice, found.profile, rate, rate, rate, floor=found.at_least)


def _answered(cell: Cell) -> Iterator[Known]:
    for profile, trials in cell.trials.items():
        choice = choice_of(profile)
        if choice and cell.bad:
            rate = median(GOODPUT.metric(trial) or 0.0 for trial in trials)
            offered = median(trial.offered_rps for trial in trials)
            yield Known(choice, profile, rate, rate, rate, floor=rate >= GOOD_SHARE * offered)
        elif choice:
            rate, kept = median(trial.achieved_rps for trial in trials), keeps_up(trials)
            yield Known(choice, profile, rate, rate, rate, floor=kept)


def _best(found: Iterator[Known]) -> dict[str, Known]:
    """Of the profiles of each way the one that can do most."""
    best: dict[str, Known] = {}
    for one in found:
        if one.choice not in best or one.rate_rps > best[one.choice].rate_rps:
            best[one.choice] = one
    return {choice: best[choice] for choice in CHOICES if choice in best}


def _level(known: Sequence[Known]) -> list[Known]:
    floors = [one.rate_rps for one in known if one.floor]
    if floors:
        return [one for one in known if one.floor or one.rate_rps >= max(floors)]
    most = max(known, key=lambda one: one.rate_rps)
    return [
        one
        for one in known
        if one.rate_rps * VISIBLE >= most.rate_rps or one.high_rps >= most.low_rps
    ]


def _slowed(opened: Sequence[Cell], within: Sequence[Known]) -> dict[str, float]:
    """Beside which of them a bystander waits, and for how long: milliseconds, p90."""
    for cell in reversed(opened):
        found = figures(cell, BYSTANDER, [one.profile for one in within])
        if len(found) == len(within):
            least = min(one.value for one in found.values())
            slow = max(SLOWED_MS, FACTOR * least)
            return {one.choice: found[one.profile].value for one in within
                    if found[one.profile].value > slow}  # fmt: skip
    return {}


def _decides(
    opened: Sequence[Cell],
    known: Mapping[str, Known],
    left: Sequence[Known],
    slowed: Mapping[str, float],
) -> bool:
    """Whether one trial each shows it: where there are fewer than five, a factor of 2 must."""
    trials = min((len(t) for t in opened[-1].trials.values()), default=0) if opened else PAIRS
    beaten = [one for one in known.values() if one not in left and one.choice not in slowed]
    least = min(one.rate_rps for one in left)
    return trials >= PAIRS or all(FACTOR * one.rate_rps <= least for one in beaten)


def _text(
    known: Mapping[str, Known],
    slowed: Mapping[str, float],
    opened: Sequence[Cell],
    *,
    predicted: bool,
) -> str:
    if predicted:
        told = _with(known.values(), predicted=True)
        about_ = "" if told.startswith(AT_LEAST) else "about "
        text = f"Predicted capacity: {about_}{told}."
    elif any(one.floor for one in known.values()):
        text = _answers(known, opened[-1])
    else:
        bad = bool(opened) and opened[-1].bad
        answered = "answered in time" if bad else "answered"
        text = f"At most {_with(known.values(), predicted=False)} are {answered}."
    if slowed:
        waits = listed([f"{ms(value)} beside {choice}" for choice, value in slowed.items()])
        text += f" Nine trivial requests in ten take up to {waits}."
    return text


def _answers(known: Mapping[str, Known], cell: Cell) -> str:
    """What was answered of what was offered; on a bad day, what was answered in time."""
    offered, answered = cell.under, "answered in time" if cell.bad else "answered"
    able = [one.choice for one in known.values() if one.floor]
    rest = [one for one in known.values() if not one.floor]
    if not rest:
        return f"All of the {offered} are {answered} with {listed(able)} alike."
    only = _with(rest, predicted=False)
    return f"Of {offered}, all are {answered} with {listed(able)}, but only {only}."


def _with(known: Iterable[Known], *, predicted: bool) -> str:
    """Rates in words, the highest first: what is predicted is rounded to two digits."""
    rates: dict[str, list[str]] = {}
    for one in sorted(known, key=lambda one: -one.rate_rps):
        told = rps(one.rate_rps)
        if predicted:
            told = f"{AT_LEAST if one.floor else ''}{about(one.rate_rps)} requests/s"
        rates.setdefault(told, []).append(one.choice)
    return listed([f"{rate} with {listed(names)}" for rate, names in rates.items()])


def _crossover(
    choice: str,
    known: Mapping[str, Known],
    within: Sequence[Known],
    slowed: Mapping[str, float],
) -> str:
    if choice == "any":
        return ""
    beaten = [one for one in known.values() if one not in within]
    if beaten:
        least = min(one.rate_rps for one in beaten)
        return f"up to about {about(least)} requests/s, all of them keep up"
    also = f"{listed(list(slowed))} will do as well"
    return f"if nothing else runs beside it, {also}" if slowed else ""

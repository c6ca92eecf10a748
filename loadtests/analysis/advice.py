"""Advice on every workload of a run: which way of serving to choose for it, and how sure that is.

The capacities that the run searched for decide; else those that were predicted before its sweep;
else what was answered under the heaviest open load, where a way that kept up could do more, or
where all kept up, what most closed users had answered. On a bad day (a burst, a stall, or slow
clients) what was answered in time counts, and of deferred work what was done. Ways within 10 % of
the best, or with overlapping intervals, are level; of them those fall out beside whose load a
bystander waits: for 10 ms or more, and twice as long as with the best.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from loadtests.analysis.advice_basis import PREFERENCE
from loadtests.analysis.advice_known import Known, is_deferred, sources
from loadtests.analysis.claims.advantage import BYSTANDER, figures
from loadtests.analysis.claims.blocking import SLOWED_MS
from loadtests.analysis.claims.cells import Cell, bad_cells, cells
from loadtests.analysis.claims.evidence import FACTOR, PAIRS, VISIBLE
from loadtests.analysis.claims.words import about, listed, ms, rps
from loadtests.analysis.costs import IDLE
from loadtests.analysis.decisions import Advice
from loadtests.analysis.summary import Summary

AT_LEAST = "at least "


def advice_of(summary: Summary) -> tuple[Advice, ...]:
    """One line for each workload that at least two ways of serving were measured on.

    Reads the valid trials of a summary, its capacities and its predictions.
    """
    found = (_advice(summary, w.name) for w in summary.workloads if w.name != IDLE)
    return tuple(advice for advice in found if advice is not None)


def _advice(summary: Summary, workload: str) -> Advice | None:
    every = (*cells(summary), *bad_cells(summary))
    mine = [cell for cell in every if cell.workload.name == workload]
    known_by = sources(summary, workload, mine)
    source = next((one for one in known_by if len(one.known) > 1), None)
    if source is None:
        return None
    known, sure = source.known, source.name
    opened = (cell for cell in reversed(mine) if cell.load.mode == "open")
    cell = source.cell or next(opened, None)
    within = _level(list(known.values()))
    slowed = _slowed(mine, within)
    left = [one for one in within if one.choice not in slowed]
    choice = min((one.choice for one in left), key=PREFERENCE.index)
    if len(left) == len(known):
        choice = "any"
        # Where nothing was brought to its limit, nothing is known of what lies beyond.
        sure = "unsure" if all(one.floor for one in left) else sure
    elif sure == "measured" and not _decides(cell, known, left, slowed):
        sure = "unsure"
    return Advice(
        workload=workload,
        choice=choice,
        sure=sure,
        text=_text(known, slowed, source.cell, predicted=source.name == "predicted"),
        crossover=_crossover(choice, known, within, slowed, bad=cell is not None and cell.bad),
        capacities={one.choice: round(one.rate_rps, 3) for one in known.values()},
    )


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


def _slowed(loads: Sequence[Cell], within: Sequence[Known]) -> dict[str, float]:
    """Beside which of them a bystander waits, and for how long: milliseconds, p90."""
    for cell in reversed(loads):
        found = figures(cell, BYSTANDER, [one.profile for one in within])
        if len(found) == len(within):
            least = min(one.value for one in found.values())
            slow = max(SLOWED_MS, FACTOR * least)
            return {one.choice: found[one.profile].value for one in within
                    if found[one.profile].value > slow}  # fmt: skip
    return {}


def _decides(
    cell: Cell | None,
    known: Mapping[str, Known],
    left: Sequence[Known],
    slowed: Mapping[str, float],
) -> bool:
    """Whether one trial each shows it: where there are fewer than five, a factor of 2 must."""
    trials = min((len(t) for t in cell.trials.values()), default=0) if cell else PAIRS
    beaten = [one for one in known.values() if one not in left and one.choice not in slowed]
    least = min(one.rate_rps for one in left)
    return trials >= PAIRS or all(FACTOR * one.rate_rps <= least for one in beaten)


def _text(
    known: Mapping[str, Known],
    slowed: Mapping[str, float],
    cell: Cell | None,
    *,
    predicted: bool,
) -> str:
    if predicted:
        told = _with(known.values(), predicted=True)
        about_ = "" if told.startswith(AT_LEAST) else "about "
        text = f"Predicted capacity: {about_}{told}."
    elif cell is not None and cell.load.mode == "closed":
        answers = _with(known.values(), predicted=False)
        text = f"Of {cell.under}, {answers} are {_answered(cell)}."
    elif cell is not None and any(one.floor for one in known.values()):
        text = _answers(known, cell)
    else:
        text = f"At most {_with(known.values(), predicted=False)} are {_answered(cell)}."
    if slowed:
        waits = listed([f"{ms(value)} beside {choice}" for choice, value in slowed.items()])
        text += f" Nine trivial requests in ten take up to {waits}."
    return text


def _answered(cell: Cell | None) -> str:
    """What counts: on a bad day answers in time, of deferred work what was done."""
    if cell is not None and is_deferred(cell):
        return "done by the end of the trial"
    return "answered in time" if cell is not None and cell.bad else "answered"


def _answers(known: Mapping[str, Known], cell: Cell) -> str:
    """How much of what was offered."""
    offered, answered = cell.under, _answered(cell)
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
    *,
    bad: bool,
) -> str:
    if choice == "any":
        return ""
    beaten = [one for one in known.values() if one not in within]
    # What was answered in time of a bad day is what the day left, and no rate that can be borne.
    if beaten and bad:
        return ""
    if beaten:
        least = min(one.rate_rps for one in beaten)
        return f"up to about {about(least)} requests/s, all of them keep up"
    also = f"{listed(list(slowed))} will do as well"
    return f"if nothing else runs beside it, {also}" if slowed else ""

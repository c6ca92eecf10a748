"""How much of a workload each way of serving can answer, as a run knows it; advice compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from loadtests.analysis.advice_basis import CHOICES, choice_of
from loadtests.analysis.claims.bad_days import GOODPUT, window_s
from loadtests.analysis.claims.cells import Cell
from loadtests.analysis.claims.kinds import kinds
from loadtests.analysis.keeping_up import keeps_up
from loadtests.analysis.summary import Summary, Trial

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


@dataclass(frozen=True, slots=True)
class Source:
    """What one kind of evidence says of each way; `cell` where it is what was answered there."""

    name: str
    known: dict[str, Known]
    cell: Cell | None = None


def sources(summary: Summary, workload: str, mine: Sequence[Cell]) -> Iterator[Source]:
    """The evidence on a workload, the best first; `mine` are its cells from the lightest load on.

    Under an open load with which all keep up nothing is known of who could do more. Closed users
    who wait for nothing but their answers find that out: such a load goes before it.
    """
    yield Source("measured", _best(_searched(summary, workload)))
    yield Source("predicted", _best(_predicted(summary, workload)))
    opened = _heaviest(mine, "open")
    if any(not one.floor for one in opened.known.values()):
        yield opened
    yield _heaviest(mine, "closed")
    yield opened


def is_deferred(cell: Cell) -> bool:
    """Whether a cell's requests are answered at once, and what they ask for is done later."""
    return not cell.bad and kinds(cell.workload) == {"deferred"}


def _heaviest(mine: Sequence[Cell], mode: str) -> Source:
    found = [cell for cell in mine if cell.load.mode == mode]
    return Source("measured", _best(_answered(found[-1])), found[-1]) if found else _NONE


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
        rates = [_rate(cell, trial) for trial in trials]
        told = [rate for rate in rates if rate is not None]
        if not choice or not told:
            continue
        rate = median(told)
        if cell.load.mode == "closed":
            # What they are offered is what they answer.
            floor = False
        elif cell.bad or is_deferred(cell):
            floor = rate >= GOOD_SHARE * median(trial.offered_rps for trial in trials)
        else:
            floor = keeps_up(trials)
        yield Known(choice, profile, rate, rate, rate, floor=floor)


def _rate(cell: Cell, trial: Trial) -> float | None:
    """What of a trial counts as answered, each second; None where that is not known."""
    if cell.bad:
        return GOODPUT.metric(trial) or 0.0
    if not is_deferred(cell):
        return trial.achieved_rps
    if trial.deferred is None or trial.deferred.done is None:
        return None
    return trial.deferred.done / window_s(trial)


def _best(found: Iterable[Known]) -> dict[str, Known]:
    """Of the profiles of each way the one that can do most."""
    best: dict[str, Known] = {}
    for one in found:
        if one.choice not in best or one.rate_rps > best[one.choice].rate_rps:
            best[one.choice] = one
    return {choice: best[choice] for choice in CHOICES if choice in best}


_NONE = Source("measured", {})

"""The capacity of each contender, from the probes of its search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loadtests import search
from loadtests.agenda import Contender, Ended
from loadtests.analysis.decisions import Capacity, Probe
from loadtests.deciding import Objective


def capacities_of(
    probes: Sequence[tuple[Ended, tuple[str, ...]]],
    objective: Objective | None,
    guesses: Mapping[Contender, float],
) -> tuple[Capacity, ...]:
    """One for each contender that was probed; each probe comes with what it missed."""
    if objective is None:
        return ()
    contenders = dict.fromkeys(_contender(ended) for ended, _ in probes)
    found = []
    for contender in contenders:
        mine = [(e, missed) for e, missed in probes if _contender(e) == contender and e.tried]
        if mine:
            found.append(_capacity(contender, mine, objective, guesses.get(contender)))
    return tuple(found)


def _contender(ended: Ended) -> Contender:
    return ended.spec.workload.name, ended.spec.profile


def _capacity(
    contender: Contender,
    probes: Sequence[tuple[Ended, tuple[str, ...]]],
    objective: Objective,
    guess_rps: float | None,
) -> Capacity:
    tried = [ended.tried for ended, _ in probes if ended.tried is not None]
    known = search.found(tried, objective.precision, guess_rps)
    shown = tuple(
        Probe(ended.spec.number, ended.tried.rate_rps, ended.tried.met, missed)
        for ended, missed in probes
        if ended.tried is not None
    )
    return Capacity(
        profile=contender[1],
        workload=contender[0],
        rate_rps=known.rate_rps,
        low_rps=known.low_rps,
        high_rps=known.high_rps,
        objective=objective.text,
        probes=shown,
        note=_note(tried, known, objective),
    )


def _note(tried: Sequence[search.Tried], known: search.Found, objective: Objective) -> str:
    outcomes = {probe.met for probe in tried}
    if outcomes == {True}:
        return "every probe met the objective: the capacity is at least the highest of them"
    if outcomes == {False}:
        return "no probe met the objective: the capacity is at most the lowest of them"
    if not known.done:
        return (
            f"wider than the ±{objective.precision:.0%} that were asked for: its probes disagreed, "
            "or their time was over; a quieter host or more seconds narrow it"
        )
    return ""

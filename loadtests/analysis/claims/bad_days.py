"""Bad days as claims read them: their figures, and what several of these come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loadtests.analysis.claims.advantage import LATENCY_APART_MS, Measure
from loadtests.analysis.claims.cells import Cell, pairs
from loadtests.analysis.claims.evidence import DEPENDS, Sign
from loadtests.analysis.claims.observed import Observation
from loadtests.analysis.claims.observing import observe
from loadtests.analysis.claims.telling import Judgement, judged, not_measured
from loadtests.analysis.claims.words import listed
from loadtests.analysis.metrics import Metric
from loadtests.analysis.summary import Latency, Summary, Trial

LEAST_RECOVERY_MS = 100.0
"""Recovery is looked for in steps of this: what took none took no longer than one."""
RECOVERY_APART_MS = 1000.0
"""Recovered is a whole second in which requests were answered as before."""


def _goodput(trial: Trial) -> float | None:
    """Good answers per second; of none at all one is taken, so that there is a ratio."""
    if trial.bad_day is None:
        return None
    return max(trial.bad_day.goodput_rps, 1.0 / window_s(trial))


def _longest_ms(trial: Trial) -> float | None:
    return trial.bad_day.longest_wait_ms if trial.bad_day else None


def _recovery_ms(trial: Trial) -> float | None:
    recovery = trial.bad_day.recovery if trial.bad_day else None
    if recovery is None:
        return None
    took_s = recovery.looked_s if recovery.took_s is None else recovery.took_s
    return None if took_s is None else max(1000.0 * took_s, LEAST_RECOVERY_MS)


def _unrecovered(trial: Trial) -> Latency | None:
    """The bound from which on a recovery is a lower bound: everything, where there was none."""
    recovery = trial.bad_day.recovery if trial.bad_day else None
    never = recovery is not None and recovery.took_s is None
    return Latency(None, None, None, None, lower_bound_from_ms=0.0) if never else None


def _unanswered(trial: Trial) -> Latency | None:
    bad_day = trial.bad_day
    never = bad_day is not None and bad_day.at_least
    return Latency(None, None, None, None, lower_bound_from_ms=0.0) if never else None


def window_s(trial: Trial) -> float:
    """How long the measurement window was, by what was offered in it."""
    return trial.requests.scheduled / trial.offered_rps if trial.offered_rps else 1.0


GOODPUT = Measure(
    "goodput_rps", Metric("goodput, requests/s", _goodput, worse="lower"), "goodput", "requests/s"
)
LONGEST = Measure(
    "longest_wait_ms", Metric("longest wait, ms", _longest_ms, latency=_unanswered),
    "longest wait", "ms", apart=LATENCY_APART_MS,
)  # fmt: skip
RECOVERY = Measure(
    "recovery_ms", Metric("time to recover, ms", _recovery_ms, latency=_unrecovered),
    "time to recover", "ms", apart=RECOVERY_APART_MS,
)  # fmt: skip
P90 = Measure(
    "latency_p90_ms",
    Metric("latency p90, ms", lambda t: t.latency_ms.p90, latency=lambda t: t.latency_ms),
    "p90", "ms", apart=LATENCY_APART_MS,
)  # fmt: skip


def observed(
    summary: Summary, cell: Cell, figures: Mapping[str, tuple[Measure, str]], preposition: str
) -> dict[str, Observation]:
    """What a cell says of every asynchronous profile against every synchronous one, by figure.

    Each of `figures` is a measure and what comes before its value in a sentence.
    """
    both = list(pairs(list(cell.trials), favoured="asynchronous"))
    found = {
        name: observe(summary, cell, measure, both, lead, preposition=preposition)
        for name, (measure, lead) in figures.items()
    }
    # The rate alone would not say what kind of day it was.
    return {name: replace(one, rate_rps=None) for name, one in found.items() if one.pairs}


def verdict(seen: Sequence[Mapping[str, Observation]], missing: str) -> Judgement:
    """The verdict on what several cells say, figure by figure."""
    names = dict.fromkeys(name for one in seen for name in one)
    parts = {name: [one[name] for one in seen if name in one] for name in names}
    everything = [one for part in parts.values() for one in part]
    if not everything:
        return not_measured(missing)
    found = judged(everything, parts=parts)
    return replace(found, crossover=_crossover(parts)) if found.verdict == DEPENDS else found


def _crossover(parts: Mapping[str, Sequence[Observation]]) -> str:
    """In what each side does better, and where neither does."""
    told = []
    sides = (
        (Sign.AHEAD, "the asynchronous profiles do better in"),
        (Sign.BEHIND, "the synchronous profiles do better in"),
        (Sign.LEVEL, "no visible difference in"),
    )
    for sign, words in sides:
        found = []
        for name, part in parts.items():
            places = dict.fromkeys(f"“{one.workload}”" for one in part if sign in one.signs)
            found += [f"{name.lower()} for {listed(list(places))}"] if places else []
        told += [f"{words} {listed(found)}"] if found else []
    return "; ".join(told)

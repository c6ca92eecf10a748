"""A trial's bad day, where it had one: a burst, a stall, or clients that are no ordinary ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from loadtests.analysis.badday.fairness import jain
from loadtests.analysis.badday.records import BadDay, Fairness, OfKind, Recovery
from loadtests.analysis.badday.recovery import recovery_of
from loadtests.analysis.quantiles import quantile, rounded
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.summary import Trial
from loadtests.analysis.trial import WAITING, in_stream, summarize_stream
from loadtests.bad_days import disturbances, is_bad
from loadtests.experiment import Experiment
from loadtests.matrix import BYSTANDER, LOAD
from loadtests.plan import GeneratorPlan
from loadtests.samples import NEVER, Outcome, Samples

OBJECTIVE_MS = 1000.0
"""Where an experiment says neither how long somebody waits nor what it wants to achieve."""


def with_bad_day(summary: Trial, trial: SavedTrial, experiment: Experiment) -> Trial:
    """The summary with what a bad day did; as it was where there was none."""
    if not is_bad(trial.plan):
        return summary
    window = trial.samples.where(trial.samples.intended_ns >= 0)
    misbehaving = {
        # Who left because it was meant to has not waited for anything.
        name: summarize_stream(in_stream(window, name), (Outcome.CENSORED,))
        for name in sorted({target.stream for target in trial.plan.targets} - {LOAD, BYSTANDER})
    }
    found = bad_day_of(summary, trial.plan, window, objective_ms(experiment))
    return dataclasses.replace(summary, bad_day=found, misbehaving=misbehaving)


def objective_ms(experiment: Experiment) -> float:
    """How long an answer may take and still be a good one."""
    if experiment.patience_ms is not None:
        return experiment.patience_ms
    return experiment.capacity.p99_ms if experiment.capacity else OBJECTIVE_MS


def bad_day_of(summary: Trial, plan: GeneratorPlan, window: Samples, within_ms: float) -> BadDay:
    """Of the requests that were intended in the window."""
    main = in_stream(window, LOAD)
    waited_ms = (main.done_ns - main.intended_ns) / 1e6
    completed = main.outcome == Outcome.COMPLETED
    good = int(np.count_nonzero(completed & (waited_ms <= within_ms)))
    kinds = tuple(_kinds(window, within_ms))
    longest_ms, at_least = _longest(main, waited_ms)
    return BadDay(
        objective_ms=within_ms,
        good=good,
        goodput_rps=round(good / plan.measure_s, 3),
        longest_wait_ms=rounded(longest_ms),
        at_least=at_least,
        attempts=_attempts(plan, main),
        accepted_ms=_accepted_ms(main),
        recovery=_recovery(plan, main, np.where(completed, waited_ms, np.inf)),
        fairness=(*_among_kinds(kinds), *_among_workers(summary)),
        wasted_s=_wasted_s(summary),
        kinds=kinds,
        disturbances=disturbances(plan),
    )


def _wasted_s(summary: Trial) -> float | None:
    """None where no instruments told of it; they tell of nobody where nobody was seen to leave."""
    if summary.abandoned is not None:
        return summary.abandoned.seconds
    return 0.0 if summary.server_side is not None else None


def _longest(main: Samples, waited_ms: npt.NDArray[np.float64]) -> tuple[float | None, bool]:
    """A failure is an answer of another kind, and who was dropped has waited for none."""
    waiting = np.isin(main.outcome, WAITING)
    counted = np.flatnonzero(waiting | (main.outcome == Outcome.COMPLETED))
    if not len(counted):
        return None, False
    longest = counted[np.argmax(waited_ms[counted])]
    return float(waited_ms[longest]), bool(waiting[longest])


def _attempts(plan: GeneratorPlan, main: Samples) -> float | None:
    retrying = {
        t.line for t in plan.targets if t.client is not None and t.client.kind == "retrying"
    }
    kinds = [code for code, kind in enumerate(main.kinds) if kind in retrying]
    mine = np.isin(main.kind, kinds) & (main.outcome != Outcome.DROPPED)
    return round(float(main.attempts[mine].mean()), 4) if np.any(mine) else None


def _accepted_ms(main: Samples) -> float | None:
    told = main.accepted_ns != NEVER
    after_ms = np.sort((main.accepted_ns - main.intended_ns)[told] / 1e6)
    return rounded(quantile(after_ms, 0.5))


def _recovery(
    plan: GeneratorPlan, main: Samples, waited_ms: npt.NDArray[np.float64]
) -> Recovery | None:
    found = disturbances(plan)
    due_s = main.intended_ns / 1e9
    return recovery_of(due_s, waited_ms, found, plan.measure_s) if found else None


def _kinds(window: Samples, within_ms: float) -> Iterator[OfKind]:
    """Every kind of request of the good streams."""
    waited_ms = (window.done_ns - window.intended_ns) / 1e6
    good = (window.outcome == Outcome.COMPLETED) & (waited_ms <= within_ms)
    for name in (LOAD, BYSTANDER):
        number = window.streams.index(name) if name in window.streams else -1
        for kind in np.unique(window.kind[window.stream == number]):
            mine = (window.stream == number) & (window.kind == kind)
            longest_ms, at_least = _longest(window.where(mine), waited_ms[mine])
            yield OfKind(
                line=window.kinds[kind],
                requests=int(np.count_nonzero(mine)),
                good=int(np.count_nonzero(good & mine)),
                failed=int(np.count_nonzero(mine & (window.outcome == Outcome.FAILED))),
                longest_wait_ms=rounded(longest_ms),
                at_least=at_least,
            )


def _among_kinds(kinds: tuple[OfKind, ...]) -> tuple[Fairness, ...]:
    """By the share of its requests that each kind had answered well."""
    index = jain([one.good / one.requests for one in kinds])
    return () if index is None else (Fairness("kinds of requests", len(kinds), round(index, 4)),)


def _among_workers(summary: Trial) -> tuple[Fairness, ...]:
    """By how many requests each worker answered."""
    index = jain([worker.requests for worker in summary.workers])
    if index is None:
        return ()
    return (Fairness("workers", len(summary.workers), round(index, 4)),)

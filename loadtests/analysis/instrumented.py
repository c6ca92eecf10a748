"""A trial's summary with what its instruments say; as it was where there are none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from loadtests.analysis.abandoned import abandoned_of
from loadtests.analysis.called import downstream_of
from loadtests.analysis.checks import beyond, jobs, laws, steady, surroundings
from loadtests.analysis.checks.cautions import warnings_of
from loadtests.analysis.checks.laws import laws_of
from loadtests.analysis.checks.stations import stations_of
from loadtests.analysis.connections import kb_per_connection
from loadtests.analysis.courses import courses_of
from loadtests.analysis.holds import held_lines_of, holds_of
from loadtests.analysis.quantiles import latency
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.server_side import server_side_of
from loadtests.analysis.split import completed, split_of
from loadtests.analysis.summary import Latency, Trial
from loadtests.analysis.workers import workers_of
from loadtests.bad_days import has_clients, is_bad
from loadtests.samples import NEVER, Samples


def with_instruments(summary: Trial, trial: SavedTrial, window: Samples, main: Samples) -> Trial:
    """The summary with its instruments; `window` and its `main` stream are of the window."""
    answered, routes, workers = completed(main), _routes(trial), workers_of(trial)
    server_side, courses = server_side_of(trial.scrapes), courses_of(trial, routes)
    found = dataclasses.replace(
        summary,
        queue_ms=_quantiles(answered.queue_ns),
        hold_ms=_quantiles(answered.hold_ns),
        step_ms=_quantiles(answered.step_ns),
        split=split_of(main),
        holds=holds_of(trial.scrapes, window, routes),
        workers=workers,
        server_side=server_side,
        held_lines=held_lines_of(trial.server.stacks),
        courses=courses,
        warnings=warnings_of(main, workers, server_side, courses, standing=trial.server.standing),
        downstream=downstream_of(trial.scrapes),
        abandoned=abandoned_of(trial.scrapes),
        kb_per_connection=kb_per_connection(trial, server_side),
        # Who leaves early is still being served, and has told nothing of it.
        laws=() if has_clients(trial.plan) else laws_of(trial),
    )
    return _judged(found, trial, main)


def _judged(found: Trial, trial: SavedTrial, main: Samples) -> Trial:
    """With what the instruments have against it, and what a reader should know of it."""
    pinned = trial.server.pinned
    # A burst is no steady state, and silent clients occupy what nobody has counted.
    stations = () if is_bad(trial.plan) else stations_of(found, pinned=pinned)
    against = (
        *laws.against(found.laws),
        *surroundings.stolen(trial.scrapes),
        *beyond.against(found.downstream),
        *steady.drifting(found, main, stations),
    )
    known = (
        *surroundings.warnings_of(found, trial.scrapes, found.server_side, pinned=pinned),
        *(() if trial.plan.users else steady.short(found, stations)),
        *steady.few_samples(found),
        *jobs.forgotten(found.deferred),
    )
    return dataclasses.replace(
        found,
        valid=found.valid and not against,
        reasons=(*found.reasons, *against),
        warnings=(*found.warnings, *known),
    )


def _quantiles(column_ns: npt.NDArray[np.int64]) -> Latency | None:
    told = column_ns[column_ns != NEVER]
    return latency(told.astype(np.float64) / 1e6) if len(told) else None


def _routes(trial: SavedTrial) -> Mapping[str, str]:
    """The route of each URL: of those that were planned their path, which may have parameters."""
    planned = {target.url: target.path for target in trial.plan.targets}
    return {url: planned.get(url, url.partition("?")[0]) for url in trial.samples.urls}

"""Whether a trial may be believed: named reasons against it, each with what to do.

A trial with a reason is INVALID: it is shown, and never averaged. Those here follow from samples
and records; what the instruments know adds others: see `laws`, `surroundings` and `steady`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loadtests.analysis.generation import Generation
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.schedule import digest_of
from loadtests.analysis.summary import Reason, Requests
from loadtests.bad_days import asked_for
from loadtests.gates import (
    BUSY_SHARE,
    DELAY_SHARE,
    FAILURE_SHARE,
    PUNCTUAL_SHARE,
    late_bound_ms,
)
from loadtests.matrix import BYSTANDER, LOAD
from loadtests.samples import ErrorKind, Outcome, Samples
from servers.budget import Budget
from servers.profiles import PROFILES

CHOSEN = ("backlog", "keepalive_s", "workers", "threads", "pool_processes")
"""The facts that follow from an experiment's budget."""


def reasons(
    trial: SavedTrial, requests: Requests, generation: Generation, latency_p50_ms: float | None
) -> tuple[Reason, ...]:
    """Every reason against a trial, in a fixed order; none where it is valid.

    `requests` counts the whole trial, warm-up and bystander included; `generation` is of the
    measurement window.
    """
    checks: tuple[Iterator[Reason], ...] = (
        _conservation(trial, requests),
        _schedule(trial),
        _parity(trial),
        _workers(trial),
        _dropped(trial, requests),
        _failures(trial),
        _lateness(generation, latency_p50_ms),
        _saturation(generation, spins=trial.plan.spin),
    )
    return tuple(reason for check in checks for reason in check)


def _conservation(trial: SavedTrial, requests: Requests) -> Iterator[Reason]:
    fates = requests.completed + requests.failed + requests.dropped
    fates += requests.censored + requests.gone
    expected = sum(report.scheduled for report in trial.generators)
    if not requests.scheduled == fates == expected:
        text = f"{expected} requests were scheduled, {fates} have a fate"
        yield Reason("conservation", text, "report this: the load engine lost requests")


def _schedule(trial: SavedTrial) -> Iterator[Reason]:
    """What was intended, by the samples, must be what the generators say that they planned."""
    digest = digest_of(trial.samples, trial.plan)
    for planned in sorted({report.schedule_digest for report in trial.generators} - {digest}):
        text = f"the samples have the schedule {digest}, planned was {planned}"
        yield Reason("schedule", text, "report this: the load engine changed its schedule")


def _parity(trial: SavedTrial) -> Iterator[Reason]:
    """What its workers said they were must be what the profile declares, and the same for all.

    What an experiment may choose is not declared here, but all workers must have it alike.
    """
    name, facts = trial.spec.profile, trial.server.facts
    declared = PROFILES[name].facts(Budget())
    wanted = {key: value for key, value in declared.items() if key not in CHOSEN}
    wanted |= {key: facts[0].get(key) for key in CHOSEN}
    found = [
        f"{key} is {told[key]!r} in worker {told.get('pid')}, and not {value!r}"
        for told in facts
        for key, value in wanted.items()
        if value is not None and told.get(key) is not None and told[key] != value
    ]
    if trial.server.profile != name:
        found.insert(0, f"{trial.server.profile} was served, and not {name}")
    if facts[0].get("workers", len(facts)) != len(facts):
        found.append(f"{len(facts)} workers were found, and not {facts[0]['workers']}")
    if found:
        hint = "do not compare it: the server, or the profile since, is another one"
        yield Reason("parity", "; ".join(found), hint)


def _dropped(trial: SavedTrial, requests: Requests) -> Iterator[Reason]:
    if requests.dropped:
        limit = trial.plan.max_in_flight
        text = f"{requests.dropped} requests were dropped: {limit} were unanswered at once"
        yield Reason("dropped", text, "raise max_in_flight in the experiment, or lower the rate")


def _failures(trial: SavedTrial) -> Iterator[Reason]:
    own = int(np.count_nonzero(trial.samples.error == ErrorKind.GENERATOR))
    if own:
        text = f"the load generator had no descriptor or port left for {own} requests"
        yield Reason("generator_exhausted", text, "raise ulimit -n, or lower the rate")
    # What a misbehaving client is refused is no fault of the trial's.
    failed = trial.samples.outcome == Outcome.FAILED
    failed &= trial.samples.error != ErrorKind.GENERATOR
    failed &= ~asked_for(trial.plan, trial.samples.status, trial.samples.error)
    good = np.isin(trial.samples.stream, _good_streams(trial.samples))
    others = int(np.count_nonzero(failed & good))
    if others > FAILURE_SHARE * np.count_nonzero(good):
        text = f"{others} of {np.count_nonzero(good)} requests failed"
        yield Reason("failures", text, "see the trial's errors and server.log")


def _good_streams(samples: Samples) -> list[int]:
    return [code for code, name in enumerate(samples.streams) if name in (LOAD, BYSTANDER)]


def _workers(trial: SavedTrial) -> Iterator[Reason]:
    for pid in trial.server.lost_workers:
        text = f"process {pid} of the server did not live to the end of the trial"
        yield Reason("worker_lost", text, "see the trial's server.log; run the trial again")


def _lateness(generation: Generation, latency_p50_ms: float | None) -> Iterator[Reason]:
    late_ms = generation.lateness_p99_ms
    bound_ms = late_bound_ms(latency_p50_ms)
    if late_ms is not None and late_ms > bound_ms:
        text = f"requests were sent late: p99 {late_ms:.1f} ms, bound {bound_ms:.1f} ms"
        yield Reason("generator_late", text, "close other programs, or lower the rate")


def _saturation(generation: Generation, *, spins: bool) -> Iterator[Reason]:
    more = "give the load more processes (generators = 2 in the experiment) or more machines"
    if generation.punctual is not None and generation.punctual < PUNCTUAL_SHARE:
        text = f"the load generator sent only {generation.punctual:.1%} of the requests in time"
        yield Reason("generator_behind", text, more)
    if generation.cpu > BUSY_SHARE and not spins:
        text = f"the load generator used {generation.cpu:.0%} of a processor: it measured itself"
        yield Reason("generator_busy", text, more)
    if (generation.delay or 0.0) > DELAY_SHARE:
        text = f"the load generator waited for a processor {generation.delay:.0%} of the time"
        yield Reason("host_busy", text, "close other programs and run the trial again")

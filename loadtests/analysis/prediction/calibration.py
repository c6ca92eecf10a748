"""What a request takes of a server, from trials at low and at moderate load.

At low load requests hardly meet, so that times are the request's own. What it costs in processor
time is taken at moderate load, of all processes of the server: at low load a server wakes up for
every single request, and the cost seems higher than it is where capacity ends.
Means are used throughout, for a queue depends on the mean service; only the hold on a loop is a
median where all requests are alike, since a summary has no mean of it that ends with the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from loadtests.analysis.instruments import Parts
from loadtests.analysis.predicted import Calibration
from loadtests.analysis.prediction import costs
from loadtests.analysis.prediction.asked import Asked, kinds, only_place, servers_of
from loadtests.analysis.summary import Trial
from loadtests.workload import Workload
from servers.budget import Budget
from servers.profiles import PROFILES

CALIBRATE = "calibrate"
UNSATURATED = 0.9
"""The share of the offered requests that is answered where a load is not more than moderate."""
DIGITS = 4
UNDELAYED = 0.2
"""At up to 80 % utilisation a request in five finds no other before it."""


def calibrate(
    profile: str,
    workload: Workload,
    budget: Budget,
    trials: Iterable[Trial],
    observer: Mapping[str, Any] | None = None,
) -> Calibration | None:
    """The calibration of a profile and workload from its valid trials of the role `calibrate`.

    Low load is the lowest that was offered, moderate the highest that was answered in full; they
    may be the same. `observer` is what the instruments cost, as in a run's environment.
    None where there is no such trial with instruments, or where the workload's requests go to
    different places of the profile, whose parts of the time are not told apart.
    """
    wanted = (CALIBRATE, profile, workload.name)
    mine = [t for t in trials if (t.role, t.profile, t.workload) == wanted and _usable(t)]
    place = only_place(profile, requests := workload.variants)
    if not mine or place is None:
        return None
    low, moderate = _lowest(mine), _moderate(mine)
    between = _between(mine, low, moderate)
    paths = {request.path for request in requests}
    app_ms = fmean(_application_ms(trial) for trial in low)
    outside_ms = fmean(_outside_ms(trial) for trial in low)
    alike = len(requests) == 1
    hold_ms = app_ms if place == "slots" else fmean(_hold_ms(t, paths, alike) for t in low)
    cost = costs.cost_of(low, between, moderate, paths, (observer or {}).get(f"{profile}.full"))
    mean = Asked(fmean(_parts(trial).wait_ms for trial in low), hold_ms, cost.cpu_ms)
    return Calibration(
        profile=profile,
        workload=workload.name,
        trials=tuple(sorted({trial.number for trial in (*low, *between, *moderate)})),
        latency_ms=round(app_ms + outside_ms, DIGITS),
        hold_ms=round(mean.hold_ms, DIGITS),
        wait_ms=round(mean.wait_ms, DIGITS),
        cpu_ms=round(mean.cpu_ms, DIGITS),
        outside_ms=round(outside_ms, DIGITS),
        servers=servers_of(profile, place, budget),
        workers=PROFILES[profile].worker_processes(budget),
        bystander_rps=round(fmean(costs.bystander_rps(trial) for trial in mine), DIGITS),
        bystander_ms=round(cost.bystander_ms, DIGITS),
        stamp_ms=round(cost.stamp_ms, DIGITS),
        kinds=kinds(profile, requests, mean, app_ms - mean.wait_ms),
        moderate_rps=round(fmean(trial.offered_rps for trial in moderate), DIGITS),
    )


def _usable(trial: Trial) -> bool:
    """Valid, measured by instruments, with processor time, and with enough answers for a median."""
    told = trial.split is not None and trial.queue_ms is not None and trial.hold_ms is not None
    enough = told and trial.hold_ms is not None and trial.hold_ms.p50 is not None
    return enough and trial.valid and trial.cpu_s is not None and trial.requests.completed > 0


def _lowest(trials: Sequence[Trial]) -> list[Trial]:
    least = min(trials, key=lambda trial: trial.offered_rps)
    return [trial for trial in trials if trial.load == least.load]


def _moderate(trials: Sequence[Trial]) -> list[Trial]:
    unsaturated = [t for t in trials if t.achieved_rps >= UNSATURATED * t.offered_rps]
    most = max(unsaturated or _lowest(trials), key=lambda trial: trial.offered_rps)
    return [trial for trial in trials if trial.load == most.load]


def _between(
    trials: Sequence[Trial], low: Sequence[Trial], moderate: Sequence[Trial]
) -> list[Trial]:
    """The highest load of those that are far from low load and from moderate load."""
    least = costs.FAR_APART * low[0].offered_rps
    most = moderate[0].offered_rps / costs.FAR_APART
    between = [trial for trial in trials if least <= trial.offered_rps <= most]
    highest = max(between, key=lambda trial: trial.offered_rps, default=None)
    return [trial for trial in between if highest and trial.load == highest.load]


def _parts(trial: Trial) -> Parts:
    assert trial.split is not None
    return trial.split.all


def _application_ms(trial: Trial) -> float:
    return _parts(trial).cpu_ms + _parts(trial).wait_ms


def _outside_ms(trial: Trial) -> float:
    """What of a latency is not in the application, of a request that found no other before it."""
    parts, queue = _parts(trial), trial.queue_ms
    undelayed = dict(queue.curve).get(UNDELAYED, queue.p50) if queue else None
    sent_and_back = parts.latency_ms - parts.queue_ms - _application_ms(trial)
    return max(sent_and_back, 0.0) + (undelayed or 0.0)


def _hold_ms(trial: Trial, paths: set[str], alike: bool) -> float:
    """How long a request holds its loop; of different ones by what the workers counted."""
    counted = [hold for hold in trial.holds if hold.route in paths]
    requests = sum(hold.requests for hold in counted)
    if alike or not requests:
        return (trial.hold_ms.p50 if trial.hold_ms else None) or 0.0
    return sum(hold.mean_ms * hold.requests for hold in counted) / requests

"""What a request costs in processor time, inside of the application and outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from loadtests.analysis.checks.stations import window_s
from loadtests.analysis.summary import Trial

FAR_APART = 4.0
"""How many times as many requests moderate load must answer for the two loads to be told apart."""
BUSY = 0.4
"""From this share of a processor on moderate load says what a wake-up costs."""
MOST_AWAKE = 0.1
"""No more of a cost is taken for wake-ups: two loads far from capacity tell no more for certain."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor milliseconds of a request of the load that is asked for its split.

    `bystander_ms` is how long one of the bystander occupies the server, 0 without one, and
    `stamp_ms` what of the processor time it costs to be asked.
    """

    cpu_ms: float
    bystander_ms: float
    stamp_ms: float


def bystander_rps(trial: Trial) -> float:
    """The rate of the bystander's requests."""
    seconds = window_s(trial)
    scheduled = trial.bystander.requests.scheduled if trial.bystander else 0
    return scheduled / seconds if seconds else 0.0


def bystander_hold_ms(trial: Trial, paths: Collection[str]) -> float:
    """How long a bystander's request holds its unit in the application.

    `paths` are those of the workload; where the bystander asks for the same, it does as they do.
    """
    if trial.bystander is None or not trial.bystander.requests.scheduled:
        return 0.0
    others = [hold.mean_ms for hold in trial.holds if hold.route not in paths]
    return fmean(others) if others else application_cpu_ms([trial])


def application_cpu_ms(trials: Sequence[Trial]) -> float:
    """The mean processor time of the load's requests in the application."""
    return fmean(trial.split.all.cpu_ms for trial in trials if trial.split is not None)


def cost_of(
    low: Sequence[Trial],
    between: Sequence[Trial],
    moderate: Sequence[Trial],
    paths: Collection[str],
    observed: Mapping[str, Any] | None = None,
) -> Cost:
    """The cost of a request at capacity, from trials at low and at moderate load.

    `between` are trials of a load between the two, where there is one. `observed` has the median of
    what the instruments leave of the throughput of trivial requests.
    """
    server_ms = _server_ms(low, moderate, paths)
    aside_ms = fmean(bystander_hold_ms(trial, paths) for trial in moderate)
    own_ms = application_cpu_ms(moderate)
    # A trivial request costs what the server spends, and at most as much in the application.
    trivial_ms = server_ms + min(aside_ms or own_ms, server_ms)
    left = float(observed["median"]) if observed and "median" in observed else 1.0
    stamp_ms = trivial_ms * (1.0 - min(max(left, 0.0), 1.0))
    server_ms += stamp_ms * _unstamped(moderate)
    if between:
        lazier_ms = _server_ms(low, between, paths) + stamp_ms * _unstamped(between)
        wake_ups_ms = _wake_ups_ms(lazier_ms - server_ms, _busy(between), _busy(moderate))
        server_ms -= min(wake_ups_ms, MOST_AWAKE * (server_ms + own_ms))
    return Cost(server_ms + own_ms, server_ms + aside_ms if aside_ms else 0.0, stamp_ms)


def _wake_ups_ms(more_ms: float, lazier: float, busy: float) -> float:
    """What of a request's cost at moderate load is for waking a server that slept.

    An arrival finds the server asleep with the probability that it is idle (PASTA: R. W. Wolff,
    "Poisson arrivals see time averages", Operations Research 30(2), 1982), and so the cost falls
    in proportion to how busy the server is, and by this much more until it is never idle. Two
    loads, of which the lighter costs `more_ms`, tell the proportion.
    """
    if busy < BUSY or busy <= lazier:
        return 0.0
    return max(more_ms, 0.0) * (1.0 - min(busy, 1.0)) / (busy - lazier)


def _busy(trials: Sequence[Trial]) -> float:
    """The share of a processor that the server used."""
    return fmean((trial.cpu_s or 0.0) / max(window_s(trial), 1e-9) for trial in trials)


def _unstamped(trials: Sequence[Trial]) -> float:
    """The share of the requests that were only counted."""
    return 1.0 - fmean(trial.split.stamped for trial in trials if trial.split is not None)


def _server_ms(low: Sequence[Trial], moderate: Sequence[Trial], paths: Collection[str]) -> float:
    """Milliseconds a request that the processes use outside of the application.

    All requests cost a server the same there. At moderate load it is what remains of the processes'
    time when the application's is taken away, over all requests that were answered. What a server
    uses without any request, as for its heartbeats, is no request's: it is there at low load as
    well, and is taken away where the loads are far enough apart. A request costs more at low load,
    by about the factor by which its time in the application is greater there.
    """
    asked, spent = _rates(moderate, paths)
    asked_low, spent_low = _rates(low, paths)
    if asked <= 0.0:
        return 0.0
    colder = max(application_cpu_ms(low) / max(application_cpu_ms(moderate), 1e-6), 1.0)
    if asked < FAR_APART * colder * asked_low:
        return spent / asked
    return min(max(spent - spent_low, 0.0) / (asked - colder * asked_low), spent / asked)


def _rates(trials: Sequence[Trial], paths: Collection[str]) -> tuple[float, float]:
    """Requests answered a second, and the milliseconds that the server spent on all of them."""
    asked, spent = zip(*(_of_trial(trial, paths) for trial in trials), strict=True)
    return fmean(asked), fmean(spent)


def _of_trial(trial: Trial, paths: Collection[str]) -> tuple[float, float]:
    seconds, own_ms = max(window_s(trial), 1e-9), application_cpu_ms([trial])
    aside = trial.bystander.requests.completed / seconds if trial.bystander else 0.0
    # A hold can be longer than its processor time; what is trivial computes no longer than a load.
    aside_ms = min(bystander_hold_ms(trial, paths), own_ms)
    in_application = trial.achieved_rps * own_ms + aside * aside_ms
    used = 1000.0 * (trial.cpu_s or 0.0) / seconds
    return trial.achieved_rps + aside, max(used - in_application, 0.0)

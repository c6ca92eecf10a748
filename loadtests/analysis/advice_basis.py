"""What advice rests on: how each way of serving did in a run, for want of anything but that run.

Advice names ways of serving, not profiles: `sync`, `threads`, `greenlets`, `async` and `hybrid`.
Of several profiles that serve one way, the first of the run in this order stands for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from loadtests.analysis.claims.kinds import asked_ms, kinds, lines
from loadtests.analysis.costs import costs_of
from loadtests.analysis.decisions import Capacity, Cost
from loadtests.analysis.subjects import WorkloadSummary
from loadtests.analysis.summary import Summary
from loadtests.distributions import mean_of
from loadtests.downstream import DOWNSTREAM

CHOICES: dict[str, tuple[str, ...]] = {
    "sync": ("sync",),
    "threads": ("gthread",),
    "greenlets": ("gevent",),
    "async": ("uvloop", "asgi", "gunicorn-asgi"),
    "hybrid": ("hybrid",),
}
PREFERENCE = ("threads", "sync", "async", "hybrid", "greenlets")
"""Of ways that are level: what is simplest to write first, then what takes least memory."""


KNOWN = (frozenset({"waiting"}), frozenset({"blocking"}))
"""What requests do whose measured capacity tells of others like them."""
IDLES = frozenset({"/hello", "/healthz", "/parity", "/wait", "/blocking"})
"""Paths that leave the processor to the server: calling another service costs a client besides."""


@dataclass(frozen=True, slots=True)
class Server:
    """One way of serving, as a run measured it.

    `own_ms` is the processor time of a request that does nothing, all that the server itself needs;
    it comes from these trials, or from those that a prediction rests on. `call_ms` is what each
    call of another service costs it besides, in its client: 0 where the run has none to tell.
    """

    choice: str
    profile: str
    own_ms: float
    trials: tuple[int, ...]
    call_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Calling:
    """What a request costs that makes so many calls, milliseconds, and the trials that say it."""

    calls: float
    cpu_ms: float
    trials: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A capacity that a run searched for, of requests that wait or block for `ms` milliseconds."""

    choice: str
    ms: float
    blocking: bool
    capacity: Capacity


@dataclass(frozen=True, slots=True)
class Basis:
    """A run's evidence: its servers, how many slots and pool threads each has, its capacities."""

    run: str
    servers: tuple[Server, ...]
    slots: int
    measured: tuple[Measured, ...] = ()


def choice_of(profile: str) -> str | None:
    """The way of serving that a profile stands for."""
    return next((choice for choice, names in CHOICES.items() if profile in names), None)


def basis_of(summary: Summary) -> Basis:
    """What a run can be asked about; a way of serving that it did not measure is left out."""
    servers = []
    for choice, profiles in CHOICES.items():
        known = (server for name in profiles for server in _server(summary, choice, name))
        first = next(known, None)
        if first is not None:
            servers.append(first)
    slots = summary.budget.get("slots", 1) * summary.budget.get("workers", 1)
    names = {server.profile for server in servers}
    return Basis(summary.run_id, tuple(servers), slots, tuple(_measured(summary, names)))


def with_slots(basis: Basis, slots: int) -> Basis:
    """The same evidence for another number of slots and pool threads.

    What was measured with the run's own stays only where no slots are what ends it.
    """
    if slots == basis.slots:
        return basis
    free = tuple(known for known in basis.measured if known.choice in ("greenlets", "async"))
    return replace(basis, slots=slots, measured=free)


def _server(summary: Summary, choice: str, profile: str) -> Iterator[Server]:
    """From a calibration on trivial requests, else the least that any request cost that waits.

    Of a run whose requests only call others, what is left of their cost without the calls.
    """
    costs = summary.decisions.costs or costs_of(summary.trials, summary.capacities, None)
    # Seconds for 1,000 requests are milliseconds for one.
    mine = {cost: cost.cpu_s_per_1000 for cost in costs if cost.profile == profile}
    calling = sorted(_calling(summary, mine), key=lambda one: one.calls)
    own = next(_own(summary, profile, mine), None)
    if own is not None:
        own_ms, trials = own
        calling = [Calling(0.0, own_ms, trials), *calling]
    if not calling:
        return
    fewest, most = calling[0], calling[-1]
    more = most.calls - fewest.calls
    call_ms = max((most.cpu_ms - fewest.cpu_ms) / more, 0.0) if more else 0.0
    own_ms = fewest.cpu_ms - call_ms * fewest.calls
    # Without a second point nobody knows what of a cost is the server's own.
    if own_ms > 0.0 and (own is not None or more):
        yield Server(choice, profile, own_ms, fewest.trials, call_ms)


def _own(
    summary: Summary, profile: str, costs: Mapping[Cost, float | None]
) -> Iterator[tuple[float, tuple[int, ...]]]:
    trivial = {w.name for w in summary.workloads if kinds(w) == {"trivial"}}
    idle = {w.name for w in summary.workloads if {line.path for line in lines(w)} <= IDLES}
    for prediction in summary.decisions.predictions:
        found = prediction.calibration
        mine = prediction.profile == profile and prediction.workload in trivial
        if mine and found.cpu_ms > 0.0:
            yield found.cpu_ms, found.trials
    known = [(ms, cost.trials) for cost, ms in costs.items() if ms and cost.workload in idle]
    yield from sorted(known, key=lambda one: one[0])


def _calling(summary: Summary, costs: Mapping[Cost, float | None]) -> Iterator[Calling]:
    """Workloads whose requests do nothing but call, not through threads of their own."""
    calls = {workload.name: _calls(workload) for workload in summary.workloads}
    for cost, ms in costs.items():
        number = calls.get(cost.workload)
        if ms and number is not None:
            yield Calling(number, ms, cost.trials)


def _calls(workload: WorkloadSummary) -> float | None:
    """How many calls each of its requests makes; None where some do anything else."""
    asked = [
        mean_of(line.parameters.get("calls", "1"))
        for line in lines(workload)
        if line.path == DOWNSTREAM and "threads" not in line.parameters and not line.client
    ]
    if len(asked) != len(workload.requests) or len(set(asked)) != 1:
        return None
    return asked[0]


def _measured(summary: Summary, profiles: set[str]) -> Iterator[Measured]:
    workloads = {workload.name: workload for workload in summary.workloads}
    for capacity in summary.capacities:
        workload, choice = workloads.get(capacity.workload), choice_of(capacity.profile)
        if workload is None or choice is None or capacity.rate_rps <= 0.0:
            continue
        ms, does = asked_ms(workload), kinds(workload)
        if capacity.profile in profiles and ms is not None and does in KNOWN:
            yield Measured(choice, ms, does == {"blocking"}, capacity)

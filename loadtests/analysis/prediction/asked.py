"""What a request asks for on a profile: where it goes, and what it takes there.

What is measured are means over all requests of a workload. Where these are of several kinds, what
each of them asks for tells by how much it differs from that mean. A request whose parameters are
distributed is as many kinds as it has variants, which keeps its mean and nearly all its variance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from loadtests.analysis.predicted import Kind
from loadtests.databases import DATABASE
from loadtests.downstream import DOWNSTREAM
from loadtests.workload import Request
from servers.budget import Budget
from servers.profiles import PROFILES, Profile

Place = Literal["slots", "loop", "threads", "processes"]
OFFLOADED: dict[str, Place] = {"/offload": "threads", "/cpu-offload": "processes"}
PLACED: dict[str, Place] = {"/blocking": "threads", "/cpu": "processes"}
"""Where they go as well on a profile that places such work in pools."""
UNTOLD = (DATABASE, "/jobs", "/upload")
"""What they ask for does not tell how long they take: that is by a database, by a queue of deferred
work, or by a body and who sends it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Milliseconds that a request asks for: of waiting, of holding its unit, of a processor."""

    wait_ms: float
    hold_ms: float
    cpu_ms: float


def place_of(profile: Profile, path: str) -> Place:
    """What a request is given to for its work, beside the loop that it came through."""
    if profile.twin == "flask":
        return "loop" if profile.worker == "gevent" else "slots"
    placed = PLACED.get(path) if profile.placement == "pools" else None
    return OFFLOADED.get(path) or placed or "loop"


def only_place(profile: str, requests: Sequence[Request]) -> Place | None:
    """The place of all requests; None where some go elsewhere than others.

    Nor is there one for requests that do not tell it. Those of a database queue for its
    connections, and how long one of these is taken is not measured apart; a deferred job takes its
    time after the answer, and a body before the work.
    """
    if any(request.path in UNTOLD for request in requests):
        return None
    places = {place_of(PROFILES[profile], request.path) for request in requests}
    return places.pop() if len(places) == 1 else None


def servers_of(profile: str, place: Place, budget: Budget) -> int | None:
    """How many requests can be in that place at once, over all workers; None without a limit."""
    row = PROFILES[profile]
    if place == "loop":
        return None
    each = budget.pool_processes if place == "processes" else row.threads(budget)
    return row.worker_processes(budget) * each


def asked(profile: str, request: Request, unit_ms: float) -> Asked | None:
    """What a request asks for, where a unit of computing takes `unit_ms`.

    None where it asks for something whose cost is not known.
    """
    row, endpoint = PROFILES[profile], request.endpoint
    if request.path in UNTOLD:
        return None
    numbers = {**endpoint.defaults, **request.numbers}
    if request.path == DOWNSTREAM:
        return _called(row, numbers)
    ms, units = numbers.pop("ms", 0), numbers.pop("units", 0)
    if numbers:
        return None
    place, cpu_ms = place_of(row, request.path), unit_ms * units
    # A greenlet lets its thread go wherever it waits, even in a call that blocks.
    blocks = place == "slots" or (place == "loop" and endpoint.holds and row.worker != "gevent")
    computes = place in ("slots", "loop")
    hold_ms = (ms if blocks else 0.0) + (cpu_ms if computes else 0.0)
    return Asked(float(ms), hold_ms, cpu_ms)


def rounds_of(row: Profile, numbers: Mapping[str, int]) -> int | None:
    """How many calls a request waits for one after another; None where its threads share them."""
    calls, threads = numbers["calls"], numbers["threads"]
    if row.twin == "starlette" or calls <= threads:
        return 1
    return calls if threads < 2 else None


def _called(row: Profile, numbers: dict[str, int]) -> Asked | None:
    """Calls are waited for in turn, or all at once: then as long as for one that takes its mean."""
    rounds = rounds_of(row, numbers)
    if rounds is None:
        return None
    wait_ms = float(rounds * numbers["ms"])
    return Asked(wait_ms, wait_ms if place_of(row, DOWNSTREAM) == "slots" else 0.0, 0.0)


def kinds(
    profile: str, requests: Sequence[Request], mean: Asked, app_cpu_ms: float
) -> tuple[Kind, ...]:
    """Each kind of request: the measured mean, and by how much it asks for more or less than all.

    `app_cpu_ms` is the mean processor time in the application, by which units of computing are
    told. Empty where all are alike, or where it is not known what one of them costs.
    """
    total = sum(request.weight for request in requests)
    shares = [request.weight / total for request in requests]
    units = sum(share * _units_of(r) for share, r in zip(shares, requests, strict=True))
    found = [asked(profile, r, app_cpu_ms / units if units else 0.0) for r in requests]
    known = [(share, one) for share, one in zip(shares, found, strict=True) if one is not None]
    if len(requests) == 1 or len(known) < len(requests):
        return ()

    def own(name: str, one: Asked) -> float:
        all_ms = sum(share * getattr(other, name) for share, other in known)
        return max(float(getattr(mean, name) + getattr(one, name) - all_ms), 0.0)

    return tuple(
        Kind(share, own("wait_ms", one), own("hold_ms", one), own("cpu_ms", one))
        for share, one in known
    )


def _units_of(request: Request) -> int:
    return {**request.endpoint.defaults, **request.numbers}.get("units", 0)

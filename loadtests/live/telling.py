"""What the class reads beside the figures: a diagnosis of each twin, and what spoils them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from loadtests.analysis.diagnosis.rules import diagnosed
from loadtests.analysis.diagnosis.symptoms import Symptoms
from loadtests.live.asked import Asked
from loadtests.live.seen import Server
from servers.budget import Budget
from servers.profiles import PROFILES

BEHIND_S, FEW = 0.3, 5
"""Who queues for so long a time of arrivals, or is of so few, may do so by chance."""
BANNERS: Mapping[str, str] = {
    "dropped": "more requests are under way than there may be: some are not sent",
    "generator_exhausted": "the load generator has no connections left: ask for less",
    "generator_late": "the load generator sends late: what is shown is its lateness too",
    "generator_behind": "the load generator is behind its schedule: ask for less",
    "generator_busy": "the load generator has no processor left: ask for less",
    "host_busy": "others have this machine’s processors: close what else runs on it",
}
"""What a gate says to a class. That requests fail is the twin's own matter, and no banner."""


class Holding(NamedTuple):
    """The path whose requests hold the most: its part of all hold, and how long it lasts."""

    path: str
    share: float
    mean_ms: float


def banner(tripped: Iterable[str]) -> str:
    """The first thing that spoils the measurement now; empty where nothing does."""
    return next((BANNERS[gate] for gate in tripped if gate in BANNERS), "")


def sentence(
    profile: str,
    budget: Budget,
    figures: Mapping[str, float | None],
    asked: Asked,
    holding: Holding,
    server: Server,
) -> str:
    """The diagnosis of a twin by the rules of the reports; empty before there is anything."""
    answered_rps = figures["answered_rps"] or 0.0
    if not answered_rps and not figures["in_flight"]:
        return ""
    row = PROFILES[profile]
    # Closed users ask for as much as they are answered.
    offered_rps = answered_rps if asked.rate is None else asked.rate
    slots = budget.workers * budget.slots if row.worker in ("sync", "gthread") else None
    seen = Symptoms(
        profile=profile,
        workers=row.worker_processes(budget),
        slots=slots,
        offered_rps=offered_rps,
        achieved_rps=answered_rps,
        kept_up=(figures["queued"] or 0.0) <= max(offered_rps * BEHIND_S, FEW),
        occupancy=figures["occupancy"],
        cpu=figures["cpu"],
        own_cpu=None,
        route=holding.path,
        route_share=holding.share,
        at_a_time_ms=min(holding.mean_ms, figures["step_ms"] or 0.0),
        queue_ms=figures["queue_ms"],
        latency_ms=figures["p50_ms"],
        pool=server.pool,
        pool_waiting=server.pool_waiting,
        accept_queue=0,
        ready=None,
    )
    return diagnosed(seen)[1]

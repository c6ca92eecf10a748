"""What an open connection costs a server in memory, with what is under way on it."""

from __future__ import annotations

from loadtests.analysis.instruments import ServerSide
from loadtests.analysis.saved import SavedTrial

LEAST = 100
"""With fewer connections the allocators' own steps are too great a part of what was added."""
LEAST_MB, LEAST_SHARE = 1.0, 0.02
"""A growth below these may be the allocators': it says nothing of a connection."""
KIB = 1024


def kb_per_connection(trial: SavedTrial, side: ServerSide | None) -> float | None:
    """KiB that were added for each connection, from before the load to the most in the window.

    That is resident memory of all processes of the server, for what they share does not grow. It
    grows with the connections and is not given back, so that its peak belongs to the most of them.
    None where they were few, or the growth says nothing.
    """
    connections = side.open_connections_max if side else None
    plan = trial.plan
    begin_ns = plan.origin_ns - round(plan.warmup_s * 1e9)
    end_ns = plan.origin_ns + round(plan.measure_s * 1e9)
    before = [point.rss_bytes for point in trial.server.usage if point.at_ns <= begin_ns]
    loaded = [p.rss_bytes for p in trial.server.usage if begin_ns < p.at_ns <= end_ns]
    if trial.server.standing or not before or not loaded or not connections:
        return None
    added = max(loaded) - before[-1]
    if connections < LEAST or added < max(LEAST_MB * KIB**2, LEAST_SHARE * before[-1]):
        return None
    return round(added / KIB / connections, 1)

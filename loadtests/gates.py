"""The gates' bounds: beyond them a trial is INVALID, whether it is watched or analyzed.

A load that runs shows most reasons as they arise. Only the analysis can see two of them, for they
need all samples at once: `conservation` and `schedule`. `worker_lost` is no matter of the load
generator: the exporter counts workers, and the dashboards judge that count.
"""

from __future__ import annotations

LATE_MS = 10.0
LATE_SHARE = 0.1
BUSY_SHARE = 0.9
DELAY_SHARE = 0.2
PUNCTUAL_SHARE = 0.99
FAILURE_SHARE = 0.01

WATCHED = (
    "dropped",
    "generator_exhausted",
    "failures",
    "generator_late",
    "generator_behind",
    "generator_busy",
    "host_busy",
)
"""The reasons that a load generator sees while it runs."""


def late_bound_ms(latency_p50_ms: float | None) -> float:
    """How late the 99th of a hundred requests may be sent, in view of how long they take."""
    return max(LATE_MS, LATE_SHARE * (latency_p50_ms or 0.0))

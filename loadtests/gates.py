"""The gates' bounds: beyond them a trial is INVALID, whether it is watched or analyzed.

A load that runs shows the reasons of `WATCHED` as they arise. Only the analysis can see those of
`ANALYZED`, for they need all samples at once, or what the server wrote of itself. `worker_lost` is
no matter of the load generator: the exporter counts workers, and the dashboards judge that count.
"""

from __future__ import annotations

LATE_MS = 10.0
LATE_SHARE = 0.1
BUSY_SHARE = 0.9
DELAY_SHARE = 0.2
PUNCTUAL_SHARE = 0.99
FAILURE_SHARE = 0.01
STEAL_SHOWN = 0.01
"""From then on a hundredth of all moments, and so the 99th percentile, may be the hypervisor's."""
STEAL_SHARE = 0.05
"""Of one processor: half of the least difference between two servers that is called visible."""
KEPT_UP = 0.99
"""The part of what is offered that must be answered in the window, or the server is overloaded."""
DRIFT = 1.1
"""The factor by which both halves of a window may differ for certain."""
SHORT_FROM = 0.8
"""The utilisation from which on the length of a window is held against the theory of queues."""
LAW_LEAST = 0.05
"""The discrepancy up to which a law of operation holds, however little is left to chance."""
LAW_MOST = 0.25
"""Where chance alone may make a greater one, the law says nothing."""

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

ANALYZED = (
    "conservation",
    "schedule",
    "parity",
    "worker_lost",
    "little",
    "utilisation",
    "jobs_lost",
    "steal",
    "downstream",
    "drifting",
)
"""The reasons that only an analysis sees."""


def late_bound_ms(latency_p50_ms: float | None) -> float:
    """How late the 99th of a hundred requests may be sent, in view of how long they take."""
    return max(LATE_MS, LATE_SHARE * (latency_p50_ms or 0.0))

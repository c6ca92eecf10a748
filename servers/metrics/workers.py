"""Metrics of workers, their loops and their pools."""

from __future__ import annotations

from servers.metric import Metric

_WORKER = ("profile", "worker")
_POOL = ("profile", "worker", "pool")

WORKERS = (
    Metric(
        "testbed_worker_slots", "gauge", "slots", "worker", _WORKER,
        "Requests that can hold each worker at once: its threads, or one for a loop.",
    ),
    Metric(
        "testbed_event_loop_stall_seconds", "histogram", "seconds", "worker", _WORKER,
        "Time that a callback due at a random moment waits for its loop, less the baseline.",
    ),
    Metric(
        "testbed_event_loop_baseline_seconds", "gauge", "seconds", "worker", _WORKER,
        "How late the timers of each worker's loop are when it is idle.",
    ),
    Metric(
        "testbed_event_loop_due_seconds", "gauge", "seconds", "worker", _WORKER,
        "When the loop's next heartbeat is due, on the host's monotonic clock.",
    ),
    Metric(
        "testbed_pool_slots", "gauge", "slots", "worker", _POOL,
        "Places in each pool that requests run or wait in.",
    ),
    Metric(
        "testbed_pool_busy_slots", "gauge", "slots", "worker", _POOL,
        "Places in each pool that are taken.",
    ),
    Metric(
        "testbed_pool_waiting_requests", "gauge", "requests", "worker", _POOL,
        "Requests that wait for a place in each pool.",
    ),
    Metric(
        "testbed_pool_wait_seconds", "histogram", "seconds", "worker", _POOL,
        "Time that requests waited for a place in each pool.",
    ),
)  # fmt: skip

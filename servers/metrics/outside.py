"""Metrics of what is seen from outside: the exporter reads them of the system."""

from __future__ import annotations

from servers.metric import Metric

_WORKER = ("profile", "worker")
_POOL = ("profile", "worker", "pool")
_PROCESS = ("profile", "process", "role")

OUTSIDE = (
    Metric(
        "testbed_active_request_seconds_total", "counter", "seconds", "exporter", ("profile",),
        "Active requests as they are sampled, summed over the sampled time.",
    ),
    Metric(
        "testbed_sampled_seconds_total", "counter", "seconds", "exporter", ("profile",),
        "Time over which active requests were sampled and summed.",
    ),
    Metric(
        "testbed_event_loop_stalled_seconds", "gauge", "seconds", "exporter", _WORKER,
        "How long the loop's heartbeat is overdue now: what holds it holds it still.",
    ),
    Metric(
        "testbed_pool_waiting_max_requests", "gauge", "requests", "exporter", _POOL,
        "The most that waited for a place in each pool since the last scrape.",
    ),
    Metric(
        "testbed_accept_queue_connections", "gauge", "connections", "exporter", ("profile",),
        "Connections that wait to be accepted.",
    ),
    Metric(
        "testbed_accept_queue_max_connections", "gauge", "connections", "exporter",
        ("profile",), "The most that waited to be accepted since the last scrape.",
    ),
    Metric(
        "testbed_accept_queue_limit_connections", "gauge", "connections", "exporter",
        ("profile",), "Connections that may wait to be accepted.",
    ),
    Metric(
        "testbed_open_connections", "gauge", "connections", "exporter", _WORKER,
        "Accepted connections that each worker has open.",
    ),
    Metric(
        "testbed_workers", "gauge", "workers", "exporter", ("profile",),
        "Workers that are alive.",
    ),
    Metric(
        "testbed_worker_restarts_total", "counter", "restarts", "exporter", ("profile",),
        "Workers that were started to replace another.",
    ),
    Metric(
        "testbed_process_cpu_seconds_total", "counter", "seconds", "exporter", _PROCESS,
        "Processor time that each process of a server has used.",
    ),
    Metric(
        "testbed_process_resident_memory_bytes", "gauge", "bytes", "exporter", _PROCESS,
        "Memory of each process that is resident; what processes share counts in each.",
    ),
    Metric(
        "testbed_process_proportional_memory_bytes", "gauge", "bytes", "exporter", _PROCESS,
        "Memory of each process, what it shares divided by those who share it.",
    ),
    Metric(
        "testbed_process_threads", "gauge", "threads", "exporter", _PROCESS,
        "Threads of each process.",
    ),
    Metric(
        "testbed_process_context_switches_total", "counter", "switches", "exporter",
        (*_PROCESS, "kind"),
        "Times that a thread left its processor, to wait (voluntary) or for another one.",
    ),
    Metric(
        "testbed_process_run_queue_delay_seconds_total", "counter", "seconds", "exporter",
        _PROCESS, "Time that threads were ready to run and had no processor.",
    ),
    Metric(
        "testbed_host_cpu_seconds_total", "counter", "seconds", "exporter", ("mode",),
        "Time of all processors of the host; steal is what its hypervisor gave to others.",
    ),
    Metric(
        "testbed_host_tcp_events_total", "counter", "events", "exporter", ("event",),
        "What the kernel counts of trouble with TCP connections, host-wide.",
    ),
)  # fmt: skip

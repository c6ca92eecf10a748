"""The metrics that the testbed serves, as data: the contract of its instruments.

Rule: this module imports the standard library and `metric` only. HTTP metrics follow the names of
the OpenTelemetry conventions for HTTP metrics in Prometheus spelling, the rest is `testbed_*`. A
metric means the same for every model; a model without a loop or a pool has no series of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from servers.metric import BUCKETS, EVENTS, MODES, OTHER, SUM, Metric

__all__ = ["BUCKETS", "EVENTS", "METRICS", "MODES", "OTHER", "SUM", "Metric"]


def _table(metrics: Sequence[Metric]) -> Mapping[str, Metric]:
    return MappingProxyType({metric.name: metric for metric in metrics})


_ANSWER = ("profile", "http_request_method", "http_route", "http_response_status_code")
_ROUTE = ("profile", "http_route")
_WORKER = ("profile", "worker")
_POOL = ("profile", "worker", "pool")
_PROCESS = ("profile", "process", "role")
_GENERATOR = ("profile", "generator")
_STREAM = ("profile", "stream", "http_route")

METRICS = _table(
    [
        # Of every request.
        Metric(
            "testbed_requests_total", "counter", "requests", "worker", _ANSWER,
            "Requests that the application has answered.",
        ),
        Metric(
            "http_server_active_requests", "gauge", "requests", "worker", _WORKER,
            "Requests that the application has begun and not ended.",
        ),
        Metric(
            "testbed_worker_begun_requests_total", "counter", "requests", "worker", _WORKER,
            "Requests that each worker has begun.",
        ),
        Metric(
            "testbed_worker_requests_total", "counter", "requests", "worker", _WORKER,
            "Requests that each worker has answered.",
        ),
        # Of requests whose client asked for the split: those that carry X-Request-Start.
        Metric(
            "http_server_request_duration_seconds", "histogram", "seconds", "worker", _ANSWER,
            "Time from the application's first line to its last, of measured requests.",
        ),
        Metric(
            "testbed_request_queue_seconds", "histogram", "seconds", "worker", _ROUTE,
            "Time from the client's send to the application's first line, of measured requests.",
        ),
        Metric(
            "testbed_request_hold_seconds", "histogram", "seconds", "worker", _ROUTE,
            "Time that measured requests kept their worker, thread or loop from all others.",
        ),
        Metric(
            "testbed_request_longest_step_seconds", "histogram", "seconds", "worker", _ROUTE,
            "The longest time in one piece of each measured request's hold.",
        ),
        Metric(
            "testbed_request_cpu_seconds_total", "counter", "seconds", "worker", _ROUTE,
            "Processor time of measured requests in the application and its pools.",
        ),
        Metric(
            "testbed_request_wait_seconds_total", "counter", "seconds", "worker", _ROUTE,
            "Time of measured requests in the application without a processor.",
        ),
        Metric(
            "testbed_worker_measured_requests_total", "counter", "requests", "worker", _WORKER,
            "Requests of each worker whose client asked for the split.",
        ),
        Metric(
            "testbed_worker_hold_seconds_total", "counter", "seconds", "worker", _WORKER,
            "Hold of the measured requests of each worker, summed.",
        ),
        # Of a worker.
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
        # Seen from outside.
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
        # Of the load generator.
        Metric(
            "testbed_client_scheduled_requests_total", "counter", "requests", "generator",
            _GENERATOR, "Requests that the load offered, whatever became of them.",
        ),
        Metric(
            "testbed_client_in_flight_requests", "gauge", "requests", "generator", _GENERATOR,
            "Requests that have been sent and not answered.",
        ),
        Metric(
            "testbed_client_connections_total", "counter", "connections", "generator",
            _GENERATOR, "Connections that the load generator has opened.",
        ),
        Metric(
            "testbed_client_requests_total", "counter", "requests", "generator",
            (*_STREAM, "outcome"),
            "Requests whose fate is known: completed, failed, dropped or censored.",
        ),
        Metric(
            "testbed_client_latency_seconds", "histogram", "seconds", "generator", _STREAM,
            "Time from the intended send time to the answer, of completed requests.",
        ),
        Metric(
            "testbed_client_lateness_seconds", "histogram", "seconds", "generator", _STREAM,
            "How much later than intended requests were begun.",
        ),
        Metric(
            "testbed_client_cpu_seconds_total", "counter", "seconds", "generator", _GENERATOR,
            "Processor time that the engine of each load generator has used.",
        ),
        Metric(
            "testbed_client_run_queue_delay_seconds_total", "counter", "seconds", "generator",
            _GENERATOR, "Time that the engine was ready to run and had no processor.",
        ),
        # Of the trial under way.
        Metric(
            "testbed_run_info", "gauge", "runs", "generator",
            ("profile", "run", "workload", "load"), "1 while the load generator runs this, else 0.",
        ),
        Metric(
            "testbed_phase_start_timestamp_seconds", "gauge", "seconds", "generator",
            ("profile", "phase"), "When a phase began, since the epoch: warm-up, measure or drain.",
        ),
        Metric(
            "testbed_gate_tripped", "gauge", "gates", "generator", ("profile", "gate"),
            "1 where what would make a trial INVALID has happened, by its reason; else 0.",
        ),
    ]
)  # fmt: skip

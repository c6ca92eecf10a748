"""Metrics of requests, as the workers that answer them count."""

from __future__ import annotations

from servers.metric import Metric

_ANSWER = ("profile", "http_request_method", "http_route", "http_response_status_code")
_ROUTE = ("profile", "http_route")
_WORKER = ("profile", "worker")

REQUESTS = (
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
)  # fmt: skip

"""Metrics of the load generator, and of the trial under way."""

from __future__ import annotations

from servers.metric import Metric

_GENERATOR = ("profile", "generator")
_STREAM = ("profile", "stream", "http_route")

GENERATOR = (
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
        "Requests whose fate is known: completed, failed, dropped, censored or gone.",
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
)  # fmt: skip

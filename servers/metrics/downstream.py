"""Metrics of the downstream service, as it counts itself. It belongs to no profile."""

from __future__ import annotations

from servers.metric import Metric

_DOWNSTREAM = ("downstream",)

DOWNSTREAM = (
    Metric(
        "testbed_downstream_requests_total", "counter", "requests", "downstream",
        (*_DOWNSTREAM, "http_response_status_code"),
        "Calls that the downstream service has answered.",
    ),
    Metric(
        "testbed_downstream_active_requests", "gauge", "requests", "downstream", _DOWNSTREAM,
        "Calls that have begun and are not answered, those that wait for their turn among them.",
    ),
    Metric(
        "testbed_downstream_active_max_requests", "gauge", "requests", "downstream", _DOWNSTREAM,
        "The most calls at once since the downstream service began.",
    ),
    Metric(
        "testbed_downstream_waiting_requests", "gauge", "requests", "downstream", _DOWNSTREAM,
        "Calls that wait for their turn, where no more may be served at once.",
    ),
    Metric(
        "testbed_downstream_latency_seconds", "histogram", "seconds", "downstream", _DOWNSTREAM,
        "How long calls were meant to take, as it was drawn for each of them.",
    ),
    Metric(
        "testbed_downstream_lateness_seconds", "histogram", "seconds", "downstream", _DOWNSTREAM,
        "How much later than meant calls were answered: what the service itself was late.",
    ),
    Metric(
        "testbed_downstream_cpu_seconds_total", "counter", "seconds", "downstream", _DOWNSTREAM,
        "Processor time that the downstream service has used.",
    ),
)  # fmt: skip

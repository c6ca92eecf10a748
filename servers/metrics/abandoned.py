"""Metrics of work for nobody: of requests whose client has left, as the workers notice."""

from __future__ import annotations

from servers.metric import Metric

_ROUTE = ("profile", "http_route")

ABANDONED = (
    Metric(
        "testbed_abandoned_requests_total", "counter", "requests", "worker", _ROUTE,
        "Measured requests whose client was seen to have left before the end of their answer; of "
        "one that is answered within 10 ms, in one go, nobody asks.",
    ),
    Metric(
        "testbed_abandoned_seconds_total", "counter", "seconds", "worker", _ROUTE,
        "How long these went on in the application after their client had left.",
    ),
)  # fmt: skip

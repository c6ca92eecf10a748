"""The metrics that the testbed serves, as data: the contract of its instruments.

Rule: this module imports the standard library and `metric` only. HTTP metrics follow the names of
the OpenTelemetry conventions for HTTP metrics in Prometheus spelling, the rest is `testbed_*`. A
metric means the same for every model; a model without a loop or a pool has no series of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from servers.metric import BUCKETS, EVENTS, MODES, OTHER, SUM, Metric
from servers.metrics.abandoned import ABANDONED
from servers.metrics.downstream import DOWNSTREAM
from servers.metrics.generator import GENERATOR
from servers.metrics.jobs import JOBS
from servers.metrics.outside import OUTSIDE
from servers.metrics.requests import REQUESTS
from servers.metrics.workers import WORKERS

__all__ = ["BUCKETS", "EVENTS", "METRICS", "MODES", "OTHER", "SUM", "Metric"]

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        one.name: one
        for part in (REQUESTS, ABANDONED, WORKERS, JOBS, DOWNSTREAM, OUTSIDE, GENERATOR)
        for one in part
    }
)
"""Every metric by its name, in the order in which they are served."""

"""Metrics of deferred jobs, as the workers that accept and run them count.

A worker has no series of them before its first job. What a worker had not counted when it was
killed is in the file of jobs all the same.
"""

from __future__ import annotations

from servers.metric import Metric

_PROFILE = ("profile",)
_WORKER = ("profile", "worker")

JOBS = (
    Metric(
        "testbed_jobs_accepted_total", "counter", "jobs", "worker", _PROFILE,
        "Deferred jobs that were accepted.",
    ),
    Metric(
        "testbed_jobs_refused_total", "counter", "jobs", "worker", _PROFILE,
        "Deferred jobs that were refused because too many waited.",
    ),
    Metric(
        "testbed_jobs_done_total", "counter", "jobs", "worker", _PROFILE,
        "Deferred jobs that were done.",
    ),
    Metric(
        "testbed_jobs_failed_total", "counter", "jobs", "worker", _PROFILE,
        "Deferred jobs that have failed for good.",
    ),
    Metric(
        "testbed_jobs_waiting", "gauge", "jobs", "worker", _WORKER,
        "Deferred jobs of the whole server that wait, as each worker saw it last.",
    ),
    Metric(
        "testbed_jobs_running", "gauge", "jobs", "worker", _WORKER,
        "Deferred jobs that each worker runs.",
    ),
    Metric(
        "testbed_job_wait_seconds", "histogram", "seconds", "worker", _PROFILE,
        "Time from the acceptance of a deferred job to the start of its last attempt.",
    ),
    Metric(
        "testbed_job_delivery_seconds", "histogram", "seconds", "worker", _PROFILE,
        "Time from the acceptance of a deferred job until it was done.",
    ),
)  # fmt: skip

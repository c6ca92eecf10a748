"""The contract that both twins keep, as data: endpoints, parameters, answers and error bodies.

Rule: this module imports the standard library and `endpoint` only, and knows neither framework.
A new endpoint is one entry in `ENDPOINTS` here and one function of the same name in each twin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from servers.endpoint import MAX_DIGITS, Endpoint, Parameter, Problem, Together, render

__all__ = [
    "ALLOW",
    "AT",
    "ENDPOINTS",
    "MAX_DIGITS",
    "Endpoint",
    "Parameter",
    "Problem",
    "render",
    "route_of",
]

MAX_BODY_BYTES = 1_048_576
# What a call to another service may take before the request is given up: until a connection of the
# pool is free (503), until the answer is there, given how long it is asked to take (504), and all
# calls of a request together (504), which is less than any worker is given.
CALL_PLACE_S = 2.0
CALL_FACTOR, CALL_EXTRA_S = 4, 2.0
CALLS_TOTAL_S = 100.0
RETRY_AFTER_S = 1
MEDIA_TYPE = "application/json"
PROBLEM_MEDIA_TYPE = "application/problem+json"
STREAM_MEDIA_TYPE = "text/event-stream"
STREAM_MS = 100_000
"""The longest that all the intervals of a stream may take: gunicorn ends a worker after 120 s."""
STREAM_BYTES = 4_194_304
"""The most that the data of all events of a stream may have: a server is not to be flooded."""

# What a worker can tell about itself. A fact that cannot be read on this platform is null.
FACTS = (
    "pid",
    "profile",
    "server",
    "server_version",
    "worker_class",
    "loop",
    "parser",
    "backlog",
    "tcp_nodelay",
    "keepalive_s",
    "access_log",
    "proxy_headers",
    "monkey_patched",
    "workers",
    "threads",
    "pool_processes",
    "placement",
)


def _table(endpoints: Sequence[Endpoint]) -> Mapping[str, Endpoint]:
    return MappingProxyType({f"{one.method} {one.path}": one for one in endpoints})


MS = Parameter("ms", "milliseconds", 10, 0, 10_000, "how long it takes")
CALLS = Parameter("calls", "calls", 1, 1, 16, "how many calls")
CALL_MS = Parameter("ms", "milliseconds", 10, 0, 2_000, "how long each call takes on average")
THREADS = Parameter("threads", "threads", 0, 0, 16, "how many calls at once in the sync twin")
QUERIES = Parameter("queries", "rows", 1, 1, 100, "how many rows, a statement for each")
ROW = Parameter("row", "rows", 1, 1, 10_000, "the row to begin with")
ASLEEP = Parameter("ms", "milliseconds", 0, 0, 2_000, "how long the database waits before it reads")
NUMBER = Parameter("number", "values", 1, 1, 10_000, "what the written values are made from")
UNITS = Parameter("units", "units of about 1 ms", 1, 1, 1_000, "how much there is to compute")
EVENTS = Parameter("events", "events", 10, 1, 1_000, "how many are sent")
INTERVAL = Parameter("interval_ms", "milliseconds", 100, 0, 1_000, "the time between two of them")
BYTES = Parameter("bytes", "bytes", 0, 0, 65_536, "what the data of each has at least")
JOB_UNITS = Parameter("units", "units of about 1 ms", 0, 0, 1_000, "how much there is to compute")

# Times are seconds since the epoch; the reason is that of a failure.
JOB = (
    *("id", "state", "ms", "units", "digest", "reason", "attempts"),
    *("accepted_at", "started_at", "done_at"),
)
JOBS = ("accepted", "refused", "waiting", "running", "done", "failed", "jobs")
_A_JOB = "/jobs/{id}"
_JOB_PATH = re.compile("/jobs/[0-9a-f]{32}")

# /hello stands first because Starlette tries its routes in order.
ENDPOINTS = _table(
    [
        Endpoint("/hello", "GET", (), ("message",), "nothing to do: the floor"),
        Endpoint("/wait", "GET", (MS,), ("ms",), "waits in the twin's own idiom"),
        Endpoint("/cpu", "GET", (UNITS,), ("units", "digest"), "computes in the worker", True),
        Endpoint("/blocking", "GET", (MS,), ("ms",), "a blocking call, even inside a loop", True),
        Endpoint("/offload", "GET", (MS,), ("ms",), "the blocking call, in a thread", True),
        Endpoint(
            "/cpu-offload", "GET", (UNITS,), ("units", "digest"), "computes in a process", True
        ),
        Endpoint(
            "/downstream",
            "GET",
            (CALLS, CALL_MS, THREADS),
            ("calls", "ms"),
            "calls another service: in turn or through threads, from a loop all at once",
        ),
        Endpoint(
            "/stream", "GET", (EVENTS, INTERVAL, BYTES), (), "sends events, one by one",
            together=(
                Together(("events", "interval_ms"), STREAM_MS),
                Together(("events", "bytes"), STREAM_BYTES),
            ),
        ),
        Endpoint("/upload", "POST", (), ("bytes", "digest"), "reads a body of any speed"),
        Endpoint(
            "/jobs", "POST", (MS, JOB_UNITS), ("id", "state"), "accepts work to be done later",
            handler="accept_job", status=202,
        ),
        Endpoint("/jobs", "GET", (), JOBS, "counts the jobs and lists the newest"),
        Endpoint(_A_JOB, "GET", (), JOB, "the record of a job", handler="job"),
        Endpoint(
            "/db", "GET", (QUERIES, ROW, ASLEEP), ("queries", "rows"), "reads rows of a database"
        ),
        Endpoint(
            "/db",
            "POST",
            (QUERIES, ROW, NUMBER),
            ("queries", "rows"),
            "reads and writes rows of a database",
            handler="update_db",
        ),
        Endpoint("/healthz", "GET", (), ("status",), "the worker lives"),
        Endpoint("/parity", "GET", (), FACTS, "what this worker really is"),
    ]
)  # fmt: skip

AT: Mapping[tuple[str, str], Endpoint] = MappingProxyType(
    {(method, one.path): one for one in ENDPOINTS.values() for method in one.methods}
)
"""Every endpoint by a method that it answers and its path."""
ALLOW: Mapping[str, str] = MappingProxyType(
    {path: ", ".join(method for method, known in AT if known == path) for _, path in AT}
)
"""Every path, in order, with the value of its `Allow` header."""


def event(number: int, events: int, size: int = 0) -> bytes:
    """One server-sent event of a stream: its number, from 1 on, and how many there are.

    Its data is JSON, and has spaces behind it up to `size` bytes.
    """
    data = render({"event": number, "events": events}).ljust(size)
    return b"id: %d\ndata: %b\n\n" % (number, data)


def route_of(path: str) -> str:
    """The path of the contract that a request's path is; empty where it is none."""
    if path in ALLOW:
        return path if path != _A_JOB else ""
    return _A_JOB if _JOB_PATH.fullmatch(path) else ""

"""The contract that both twins keep, as data: endpoints, parameters, answers and error bodies.

Rule: this module imports the standard library and `endpoint` only, and knows neither framework.
A new endpoint is one entry in `ENDPOINTS` here and one function of the same name in each twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from servers.endpoint import MAX_DIGITS, Endpoint, Parameter, Problem, render

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
MEDIA_TYPE = "application/json"
PROBLEM_MEDIA_TYPE = "application/problem+json"

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
QUERIES = Parameter("queries", "rows", 1, 1, 100, "how many rows, a statement for each")
ROW = Parameter("row", "rows", 1, 1, 10_000, "the row to begin with")
ASLEEP = Parameter("ms", "milliseconds", 0, 0, 2_000, "how long the database waits before it reads")
NUMBER = Parameter("number", "values", 1, 1, 10_000, "what the written values are made from")
UNITS = Parameter("units", "units of about 1 ms", 1, 1, 1_000, "how much there is to compute")

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
)

AT: Mapping[tuple[str, str], Endpoint] = MappingProxyType(
    {(method, one.path): one for one in ENDPOINTS.values() for method in one.methods}
)
"""Every endpoint by a method that it answers and its path."""
ALLOW: Mapping[str, str] = MappingProxyType(
    {path: ", ".join(method for method, known in AT if known == path) for _, path in AT}
)
"""Every path, in order, with the value of its `Allow` header."""


def route_of(path: str) -> str:
    """The path of the contract that a request's path is; empty where it is none."""
    return path if path in ALLOW else ""

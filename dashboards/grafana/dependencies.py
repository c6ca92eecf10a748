"""What servers call on: who waits for a connection, and whether what was called was in time."""

from __future__ import annotations

from dashboards.grafana.board import Board
from dashboards.grafana.generator import BUSY_SHARE
from dashboards.grafana.panels import LEVELS, Panel, latencies, limited, lines, shares
from dashboards.grafana.queries import (
    Drawn,
    Query,
    in_runs,
    peaks,
    quantile,
    quantiles,
    rate,
    series,
    total,
)
from dashboards.prometheus.promql import ratio

_ROUTE = ("profile", "http_route")
_POOL = ("profile", "pool")
_SERVICE = ("downstream",)
_CALLING = 'http_route=~"/downstream|/db"'
_CONNECTIONS = 'pool=~"downstream|database"'
_ANSWERS = "testbed_requests_total"
_BUSY = "testbed_pool_busy_slots"
_ACTIVE = "testbed_downstream_active_requests"
_LOOK_FOR = """\
**Who calls on others waits twice: for a free connection, then for the answer.**

- Requests take longer, and the service below is on time: they wait for a **connection**.
- A pool of which all is in use is the limit, whatever the model of the server.
- The service's lateness or its CPU climbs: **it** is the bottleneck, and the figures say nothing
  of the servers. It belongs to no profile, and is shown whatever is chosen.
- Percentiles are over the last 30 seconds."""


def board() -> Board:
    """The requests that call, the connections that they call by, and the service that is called."""
    return Board(
        name="dependencies",
        question="What do requests wait for that call on others?",
        look_for=_LOOK_FOR,
        panels=[
            *_requests(),
            "Connections to the downstream service and to the database",
            *_connections(),
            *_waits(),
            "The downstream service: was it the bottleneck?",
            *_calls(),
            *_faults(),
        ],
    )


def _requests() -> tuple[Panel, Panel]:
    answered = rate(_ANSWERS, _CALLING, 'http_response_status_code=~"[123].."', by=_ROUTE)
    failed = rate(_ANSWERS, _CALLING, 'http_response_status_code=~"[45].."', by=_ROUTE)
    none = f"0 * {rate(_ANSWERS, _CALLING, by=_ROUTE)}"
    duration = "http_server_request_duration_seconds"
    return (
        lines(
            "Requests that call on others, per second",
            "Answered with a status below 400, and with one of 400 or above: what they called "
            "failed, was too slow, or had no connection free. One whose client left is neither, if "
            "the server ended it. A request may call several times.",
            "reqps",
            in_runs(f"{answered}\nor {none}", "{{profile}} {{http_route}} answered"),
            in_runs(f"{failed}\nor {none}", "{{profile}} {{http_route}} failed", "thin"),
        ),
        latencies(
            "Their time in the application",
            "From the application's first line to its last, all calls of a request together.",
            *quantiles(duration, _CALLING, by=_ROUTE),
        ),
    )


def _connections() -> tuple[Panel, Panel]:
    busy, slots = (total(name, _CONNECTIONS, by=_POOL) for name in (_BUSY, "testbed_pool_slots"))
    return (
        lines(
            "Connections in use",
            "In all workers of a server.",
            "short",
            in_runs(busy, "{{profile}} {{pool}}"),
            says=LEVELS,
        ),
        shares(
            "Connections in use, of those allowed",
            "At 100 % whoever comes waits for one. Each worker has a pool of its own: one may be "
            "full before all are.",
            in_runs(ratio(busy, slots), "{{profile}} {{pool}}"),
        ),
    )


def _waits() -> tuple[Panel, Panel]:
    waiting, most = "testbed_pool_waiting_requests", "testbed_pool_waiting_max_requests"
    return (
        lines(
            "Who waits for a connection",
            "Now, and the most since the last scrape.",
            "short",
            in_runs(peaks(most, _CONNECTIONS, by=_POOL), "{{profile}} {{pool}} most"),
            in_runs(total(waiting, _CONNECTIONS, by=_POOL), "{{profile}} {{pool}} now", "thin"),
            says=LEVELS,
        ),
        latencies(
            "Wait for a connection",
            "Of every call and every query, also of those that had one at once.",
            *quantiles("testbed_pool_wait_seconds", _CONNECTIONS, by=_POOL),
        ),
    )


def _calls() -> tuple[Panel, Panel]:
    answered = rate(
        "testbed_downstream_requests_total", by=(*_SERVICE, "http_response_status_code")
    )
    most = peaks("testbed_downstream_active_max_requests", by=_SERVICE)
    waiting = total("testbed_downstream_waiting_requests", by=_SERVICE)
    return (
        lines(
            "Calls answered per second: the service",
            "By status: 500 are the calls that it was told to fail.",
            "ops",
            _living(answered, "{{downstream}} {{http_response_status_code}}"),
        ),
        lines(
            "Calls under way: the service",
            "Begun and not answered, and of these those that wait for their turn, where it was "
            "told to serve no more at once. Points: the most since it began.",
            "short",
            Query(total(_ACTIVE, by=_SERVICE), "{{downstream}} under way"),
            Query(waiting, "{{downstream}} wait", "thin"),
            Query(most, "{{downstream}} most", "points"),
            says=LEVELS,
        ),
    )


def _faults() -> tuple[Panel, Panel]:
    late, meant = (
        quantile(0.99, f"testbed_downstream_{what}_seconds", by=_SERVICE)
        for what in ("lateness", "latency")
    )
    cpu = rate("testbed_downstream_cpu_seconds_total", by=_SERVICE)
    return (
        latencies(
            "Lateness of answers: the service",
            "How much later than meant it answered, which is its own fault, and how long calls "
            "were meant to take, which is not.",
            _living(late, "{{downstream}} late p99"),
            _living(meant, "{{downstream}} meant p99", "thin"),
        ),
        limited(
            shares(
                "CPU: the service",
                "It is one process with one loop: at 100 % of a CPU it can do no more.",
                _living(cpu, "{{downstream}}"),
            ),
            BUSY_SHARE,
        ),
    )


def _living(expression: str, legend: str, drawn: Drawn = "line") -> Query:
    """Ask for what a service has counted while it is there: its gauges go away with it."""
    return Query(f"{expression}\nand on (downstream) {series(_ACTIVE)}", legend, drawn)

"""Who holds what the others need: utilisation, saturation and errors of workers and loops."""

from __future__ import annotations

from dashboards.grafana.board import Board
from dashboards.grafana.panels import LEVELS, Panel, latencies, lines, shares
from dashboards.grafana.pictures import bars
from dashboards.grafana.queries import (
    LONG,
    Query,
    growth,
    highest,
    in_runs,
    mean,
    peak,
    peaks,
    quantile,
    rate,
    series,
    total,
)
from dashboards.prometheus.promql import OCCUPANCY, average, ratio

_ROUTE = ("profile", "http_route")
_POOL = ("profile", "pool")
_WORKER = ("profile", "worker")
_LOOK_FOR = """\
**A request holds its worker, thread or loop for as long as nobody else can have it.**

- Occupancy near 100 % with a processor at rest: the workers **wait**, they do not work.
- A loop is blocked by its longest step: see which route's step is as long as the stall.
- Every model queues somewhere else: in the accept queue, in a pool, or in the loop's stall.
- Occupancy is of the application alone. A worker also accepts, reads and writes: what is left
  of 100 % is not free. See its CPU on Scalability.
- A loop's occupancy counts a request when it ends; while something holds the loop it is 100 %."""


def board() -> Board:
    """Hold, occupancy, stalls, and every queue where it lives."""
    return Board(
        name="blocking",
        question="What keeps a server from serving the next request?",
        look_for=_LOOK_FOR,
        panels=[
            "Utilisation: how much of the servers is taken",
            *_occupancy(),
            *_holds(),
            "Saturation: what waits, and where",
            *_waits(),
            *_pools(),
            "Errors: what was lost",
            *_losses(),
        ],
    )


def _occupancy() -> tuple[Panel, Panel]:
    return (
        shares(
            "Occupancy",
            "The share of its slots that requests have taken: of processes and threads those with "
            "a request inside, of loops the time that requests held. Over the last 5 seconds.",
            in_runs(average(series(OCCUPANCY), ("profile",)), "{{profile}}"),
        ),
        shares(
            "Occupancy of each worker",
            "The same for each living worker process by its id: is the work shared evenly?",
            in_runs(highest(OCCUPANCY, by=_WORKER), "{{profile}} {{worker}}"),
        ),
    )


def _holds() -> tuple[Panel, Panel]:
    hold = mean("testbed_request_hold_seconds", by=_ROUTE, window=LONG)
    step = quantile(0.99, "testbed_request_longest_step_seconds", by=_ROUTE)
    return (
        bars(
            "Mean hold by route",
            "How long a request keeps its worker, thread or loop from serving anyone else, in the "
            "last 30 seconds.",
            "s",
            in_runs(hold, "{{profile}} {{http_route}}"),
        ),
        bars(
            "Longest step by route, p99",
            "The longest time in one piece, in the last 30 seconds: on a loop this is what all "
            "others wait for.",
            "s",
            in_runs(step, "{{profile}} {{http_route}}"),
        ),
    )


def _waits() -> tuple[Panel, Panel]:
    stall, accept = "testbed_event_loop_stall_seconds", "testbed_accept_queue"
    return (
        lines(
            "Connections in the accept queue",
            "Accepted by the kernel and not by the server: now, and the most since the last "
            "scrape. Never compared alone: other models queue elsewhere.",
            "short",
            in_runs(peaks(f"{accept}_max_connections"), "{{profile}} most"),
            in_runs(total(f"{accept}_connections"), "{{profile}} now", "thin"),
            says=LEVELS,
        ),
        latencies(
            "Stall of the event loop",
            "How long something that becomes due at a random moment waits for its loop: p99 over "
            "the last 30 seconds, less the baseline, by which timers are late on an idle loop. "
            "Points: how long the loop that is overdue the most has been so, while it lasts.",
            in_runs(quantile(0.99, stall), "{{profile}} p99"),
            in_runs(highest("testbed_event_loop_baseline_seconds"), "{{profile}} baseline", "thin"),
            in_runs(peak("testbed_event_loop_stalled_seconds"), "{{profile}} overdue", "points"),
        ),
    )


def _pools() -> tuple[Panel, Panel]:
    taken = ratio(total("testbed_pool_busy_slots", by=_POOL), total("testbed_pool_slots", by=_POOL))
    waiting, most = "testbed_pool_waiting_requests", "testbed_pool_waiting_max_requests"
    return (
        shares(
            "Places taken in each pool",
            "Threads, greenlets or processes in which requests run or wait.",
            in_runs(taken, "{{profile}} {{pool}}"),
        ),
        lines(
            "Requests that wait for a place in a pool",
            "Now, and the most since the last scrape.",
            "short",
            in_runs(peaks(most, by=_POOL), "{{profile}} {{pool}} most"),
            in_runs(total(waiting, by=_POOL), "{{profile}} {{pool}} now", "thin"),
            says=LEVELS,
        ),
    )


def _losses() -> tuple[Panel, Panel]:
    trouble = rate("testbed_host_tcp_events_total", by=("event",))
    return (
        lines(
            "Trouble with connections, host-wide",
            "Accept queues that overflowed, and what came of it: a client that was not heard asks "
            "again after a second. The kernel counts it for all servers together.",
            "ops",
            Query(trouble, "{{event}}"),
        ),
        lines(
            "Workers",
            "Worker processes that are alive, and those that had to be replaced.",
            "short",
            in_runs(total("testbed_workers"), "{{profile}} alive"),
            in_runs(growth("testbed_worker_restarts_total"), "{{profile}} replaced", "thin"),
            says=LEVELS,
        ),
    )

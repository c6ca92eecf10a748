"""What more load brings, and what each request costs."""

from __future__ import annotations

from dashboards.grafana.board import Board
from dashboards.grafana.panels import LEVELS, Panel, lines
from dashboards.grafana.pictures import against
from dashboards.grafana.queries import in_runs, mean, rate, rate_of_each, series, total
from dashboards.palette import LOOKS
from dashboards.prometheus.promql import number, ratio, share_of

_ANSWERS = "testbed_requests_total"
_CPU = "testbed_process_cpu_seconds_total"
_MEMORY = "testbed_process_proportional_memory_bytes"
_OF_WORKER = "testbed_worker_requests_total"
_OUTCOMES = "testbed_client_requests_total"
_IN_FLIGHT = "testbed_client_in_flight_requests"
_LOOK_FOR = """\
**More in flight should bring more answers per second, until something is full.**

- Where the cloud bends to the right, more concurrency brings no more throughput: the **knee**.
- In flight equals λ·W, arrivals per second times latency (Little's law), while all that is offered
  is also answered. Where more and more is unanswered, the two lines must part.
- The gap between in flight and active is the queue again.
- Compare costs at the same rate only: an idle server is not a cheap one."""


def board() -> Board:
    """Throughput against concurrency, Little's law, and the cost of each request."""
    return Board(
        name="scalability",
        question="What does more load bring, and what does each request cost?",
        look_for=_LOOK_FOR,
        panels=[
            *_throughput(),
            "Cost of each request",
            *_processors(),
            *_memory(),
            "Where it goes",
            *_scheduling(),
            *_workers(),
        ],
    )


def _throughput() -> tuple[Panel, Panel]:
    completed = rate(_OUTCOMES, 'outcome="completed"')
    dropped = rate(_OUTCOMES, 'outcome="dropped"')
    arrivals = f"({rate('testbed_client_scheduled_requests_total')}\n- {dropped})"
    little = f"{arrivals}\n* ({mean('testbed_client_latency_seconds')})"
    return (
        against(
            "Throughput against concurrency",
            "Each point is a moment: requests in flight to the right, answers per second upwards.",
            "reqps",
            in_runs(total(_IN_FLIGHT), "{{profile}} in flight"),
            in_runs(completed, "{{profile}} answers"),
            LOOKS,
        ),
        lines(
            "In flight, λ·W, and active",
            "Sent and not answered; what Little's law makes of it, the arrivals that were sent "
            "times the mean latency, which holds only while all that is offered is also answered; "
            "and how many are in the application.",
            "short",
            in_runs(total(_IN_FLIGHT), "{{profile}} in flight"),
            in_runs(little, "{{profile}} λ·W", "points"),
            in_runs(total("http_server_active_requests"), "{{profile}} active", "thin"),
            says=LEVELS,
        ),
    )


def _processors() -> tuple[Panel, Panel]:
    return (
        lines(
            "CPU time for each request",
            "Of all processes of a server, its supervisor and its pools included.",
            "s",
            in_runs(ratio(rate(_CPU), rate(_ANSWERS)), "{{profile}}"),
        ),
        lines(
            "CPUs in use",
            "1 is one CPU that works all the time.",
            "short",
            in_runs(rate(_CPU), "{{profile}}"),
        ),
    )


def _memory() -> tuple[Panel, Panel]:
    resident = total("testbed_process_resident_memory_bytes")
    return (
        lines(
            "Memory",
            "Of all processes of a server. What processes share is divided among them; resident "
            "counts it in each.",
            "bytes",
            in_runs(total(_MEMORY), "{{profile}}"),
            in_runs(resident, "{{profile}} resident", "thin"),
            says=LEVELS,
        ),
        lines(
            "Memory for each request in flight",
            "The whole memory of a server over the requests that it has at once.",
            "bytes",
            in_runs(ratio(total(_MEMORY), total(_IN_FLIGHT)), "{{profile}}"),
            says=LEVELS,
        ),
    )


def _scheduling() -> tuple[Panel, Panel]:
    voluntary, involuntary = (
        rate("testbed_process_context_switches_total", f'kind="{kind}"')
        for kind in ("voluntary", "involuntary")
    )
    return (
        lines(
            "Context switches for each request",
            "Voluntary: a thread waits. Involuntary: another one took its CPU.",
            "short",
            in_runs(ratio(voluntary, rate(_ANSWERS)), "{{profile}} voluntary"),
            in_runs(ratio(involuntary, rate(_ANSWERS)), "{{profile}} involuntary", "thin"),
        ),
        lines(
            "Threads ready to run, without a CPU",
            "How many of a server's threads wait for a CPU, on average: who competes for them?",
            "short",
            in_runs(rate("testbed_process_run_queue_delay_seconds_total"), "{{profile}}"),
        ),
    )


def _workers() -> tuple[Panel, Panel]:
    workers = number(series("testbed_worker_slots"), ("profile",))
    fair = f"{rate(_OF_WORKER)}\n/ {workers}"
    return (
        lines(
            "Requests of each worker, against its fair share",
            "1: it answers as many as the others. Of two workers 1.2 is 60/40, which is unfair.",
            "short",
            in_runs(share_of(rate_of_each("worker", _OF_WORKER), fair), "{{profile}} {{worker}}"),
            says=LEVELS,
        ),
        lines(
            "Threads",
            "Of all processes of a server.",
            "short",
            in_runs(total("testbed_process_threads"), "{{profile}}"),
            says=LEVELS,
        ),
    )

"""What more load brings, and what each request costs."""

from __future__ import annotations

from dashboards.grafana.board import Board
from dashboards.grafana.panels import Panel, lines, shares
from dashboards.grafana.pictures import against
from dashboards.grafana.queries import in_runs, rate, total
from dashboards.palette import LOOKS
from dashboards.prometheus.promql import ratio, share_of

_ANSWERS = "testbed_requests_total"
_CPU = "testbed_process_cpu_seconds_total"
_MEMORY = "testbed_process_proportional_memory_bytes"
_SHARE = "testbed_worker_requests_total"
_IN_FLIGHT = "testbed_client_in_flight_requests"
_LOOK_FOR = """\
**More in flight should bring more answers per second, until something is full.**

- Where the cloud bends to the right, more concurrency brings no more throughput: the **knee**.
- In flight must equal λ·W, arrivals per second times latency (Little's law). Where the two lines
  part for long, do not believe the measurement.
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
    completed = rate("testbed_client_requests_total", 'outcome="completed"')
    # Arrivals times their mean latency is the sum of latencies for each second.
    little = rate("testbed_client_latency_seconds_sum")
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
            "Sent and not answered, what Little's law makes of rate and latency, and how many of "
            "them are in the application.",
            "short",
            in_runs(total(_IN_FLIGHT), "{{profile}} in flight"),
            in_runs(little, "{{profile}} λ·W", "points"),
            in_runs(total("http_server_active_requests"), "{{profile}} active", "thin"),
        ),
    )


def _processors() -> tuple[Panel, Panel]:
    return (
        lines(
            "Processor time for each request",
            "Of all processes of a server, its supervisor and its pools included.",
            "s",
            in_runs(ratio(rate(_CPU), rate(_ANSWERS)), "{{profile}}"),
        ),
        lines(
            "Processors in use",
            "1 is one processor that works all the time.",
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
        ),
        lines(
            "Memory for each request in flight",
            "The whole memory of a server over the requests that it has at once.",
            "bytes",
            in_runs(ratio(total(_MEMORY), total(_IN_FLIGHT)), "{{profile}}"),
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
            "Voluntary: a thread waits. Involuntary: another one took its processor.",
            "short",
            in_runs(ratio(voluntary, rate(_ANSWERS)), "{{profile}} voluntary"),
            in_runs(ratio(involuntary, rate(_ANSWERS)), "{{profile}} involuntary", "thin"),
        ),
        shares(
            "Ready to run, without a processor",
            "Seconds in each second, over all threads of a server: who competes for processors?",
            in_runs(rate("testbed_process_run_queue_delay_seconds_total"), "{{profile}}"),
        ),
    )


def _workers() -> tuple[Panel, Panel]:
    own = rate(_SHARE, by=("profile", "worker"))
    share = share_of(own, rate(_SHARE))
    return (
        shares(
            "Share of each worker",
            "Which part of the requests each worker process answers: above 60/40 is unfair.",
            in_runs(share, "{{profile}} {{worker}}"),
        ),
        lines(
            "Threads",
            "Of all processes of a server.",
            "short",
            in_runs(total("testbed_process_threads"), "{{profile}}"),
        ),
    )

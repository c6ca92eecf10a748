"""Is the client the bottleneck? What the load generator offers, and what it costs itself."""

from __future__ import annotations

from dashboards.grafana import look
from dashboards.grafana.board import Board
from dashboards.grafana.panels import LEVELS, Panel, latencies, limited, lines, shares, stack
from dashboards.grafana.pictures import states
from dashboards.grafana.queries import in_runs, quantiles, rate, rate_of_each, total, tripped

# As the gates of a trial have it.
BUSY_SHARE = 0.9
DELAY_SHARE = 0.2
_OUTCOMES = "testbed_client_requests_total"
_GENERATOR = ("profile", "generator")
_LOOK_FOR = """\
**A load generator that cannot keep up measures itself.** Then nothing else counts.

- Offered and completed are one line, as long as the server keeps up. They part: the server is
  full, or the client is.
- Lateness stays below 10 ms, and the CPU below the red line: it is the server.
- Many connections opened per second: the twin closes them, and each request pays for a new one.
- The gates here judge the last seconds and the last 1,000 requests. Only the analysis of a saved
  run sees all of it, and `conservation` and `schedule`: every request has an outcome, and was due
  when it was planned."""


def board() -> Board:
    """Offered against achieved, lateness, CPU, and the gates."""
    return Board(
        name="generator",
        question="Is the client the bottleneck?",
        look_for=_LOOK_FOR,
        panels=[*_rates(), *_processor(), *_progress(), *_connections(), _outcomes()],
    )


def _rates() -> tuple[Panel, Panel]:
    return (
        lines(
            "Offered and completed",
            "Requests that the schedule called for, and those that were answered with success.",
            "reqps",
            in_runs(rate("testbed_client_scheduled_requests_total"), "{{profile}} offered"),
            in_runs(rate(_OUTCOMES, 'outcome="completed"'), "{{profile}} completed", "thin"),
        ),
        latencies(
            "Lateness",
            "How much later than intended a request was begun: the generator's own fault. Over "
            "the last 30 seconds.",
            *quantiles("testbed_client_lateness_seconds"),
        ),
    )


def _processor() -> tuple[Panel, Panel]:
    cpu = rate_of_each("generator", "testbed_client_cpu_seconds_total")
    delay = rate_of_each("generator", "testbed_client_run_queue_delay_seconds_total")
    return (
        limited(
            shares(
                "CPU of each generator",
                "Its engine is one thread: at 100 % of a CPU it can do no more.",
                in_runs(cpu, "{{profile}} {{generator}}"),
            ),
            BUSY_SHARE,
        ),
        limited(
            shares(
                "Ready to run, without a CPU",
                "The share of the time in which each generator had work and no CPU.",
                in_runs(delay, "{{profile}} {{generator}}"),
            ),
            DELAY_SHARE,
        ),
    )


def _connections() -> tuple[Panel, Panel]:
    return (
        lines(
            "Connections opened per second",
            "By the load generator. As many as requests: the server keeps none alive.",
            "ops",
            in_runs(rate("testbed_client_connections_total"), "{{profile}}"),
        ),
        lines(
            "Open connections: servers",
            "Accepted and not closed, in all workers.",
            "short",
            in_runs(total("testbed_open_connections"), "{{profile}}"),
            says=LEVELS,
        ),
    )


def _progress() -> tuple[Panel, Panel]:
    in_flight = total("testbed_client_in_flight_requests", by=_GENERATOR)
    return (
        lines(
            "Requests in flight",
            "Sent and not answered, by generator.",
            "short",
            in_runs(in_flight, "{{profile}} {{generator}}"),
            says=LEVELS,
        ),
        states(
            "Gates",
            "What would make a trial INVALID, moment by moment; a gate stays red for 10 seconds.",
            in_runs(tripped("profile", "gate"), "{{profile}} {{gate}}"),
            {"0": ("not tripped", look.GOOD), "1": ("tripped", look.BAD)},
        ),
    )


def _outcomes() -> Panel:
    return stack(
        "Outcomes of requests: $profile",
        "Completed, failed, dropped because too many were unanswered, censored: not answered when "
        "the drain ended, or gone: whose client left before. Nothing else can happen.",
        "reqps",
        look.OUTCOMES,
        *[in_runs(rate(_OUTCOMES, f'outcome="{one}"'), one) for one in look.OUTCOMES],
    )

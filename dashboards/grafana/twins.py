"""Both twins side by side: the client's view on the left, the server's on the right."""

from __future__ import annotations

from dashboards.grafana.board import Board
from dashboards.grafana.panels import Panel, latencies, lines
from dashboards.grafana.queries import in_runs, mean, quantiles, rate

_OUTCOMES = "testbed_client_requests_total"
_ANSWERS = "testbed_requests_total"
_LATENCY = "testbed_client_latency_seconds"
_DURATION = "http_server_request_duration_seconds"
_LOOK_FOR = """\
**Left is what clients see, right is what servers see.**

- Raise the load until the latency on the left climbs and the right one stays. The gap is the
  **queue**: a server's own clock starts when the server picks a request up.
- Answers per second that stop while the load goes on growing: the twin is at its **capacity**.
- Failures on the left without errors on the right: they never reached the application.
- Percentiles are over the last 30 seconds, rates over the last few."""


def board() -> Board:
    """Rate, errors and latency, each seen from both ends."""
    return Board(
        name="twins",
        question="What do the clients of each twin get, and what do the servers know of it?",
        look_for=_LOOK_FOR,
        panels=[*_rates(), *_errors(), *_latencies(), *_gap()],
    )


def _rates() -> tuple[Panel, Panel]:
    succeeded = rate(_ANSWERS, 'http_response_status_code=~"[123].."')
    return (
        lines(
            "Answers per second: clients",
            "Requests that were answered with success: with a status below 400.",
            "reqps",
            in_runs(rate(_OUTCOMES, 'outcome="completed"'), "{{profile}}"),
        ),
        lines(
            "Answers per second: servers",
            "Answers of the application with a status below 400, as the clients count them.",
            "reqps",
            in_runs(succeeded, "{{profile}}"),
        ),
    )


def _errors() -> tuple[Panel, Panel]:
    refused = rate(_ANSWERS, 'http_response_status_code=~"[45].."')
    return (
        lines(
            "Failures per second: clients",
            "Requests that were answered with a status of 400 or above, or not at all.",
            "reqps",
            in_runs(rate(_OUTCOMES, 'outcome="failed"'), "{{profile}}"),
        ),
        lines(
            "Failures per second: servers",
            "Answers of the application with a status of 400 or above; zero where there is none.",
            "reqps",
            in_runs(f"{refused}\nor 0 * {rate(_ANSWERS)}", "{{profile}}"),
        ),
    )


def _latencies() -> tuple[Panel, Panel]:
    return (
        latencies(
            "Latency: clients",
            "From the moment at which a request was due until its answer: what a user waits.",
            *quantiles(_LATENCY),
        ),
        latencies(
            "Time in the application: servers",
            "From the application's first line to its last: what a server's own metrics tell.",
            *quantiles(_DURATION),
        ),
    )


def _gap() -> tuple[Panel, Panel]:
    return (
        latencies(
            "The gap: both views of the mean",
            "What lies between the two lines of a profile, no server can see by itself.",
            in_runs(mean(_LATENCY), "{{profile}} client"),
            in_runs(mean(_DURATION), "{{profile}} application", "thin"),
        ),
        latencies(
            "The queue, measured",
            "From the client's send to the application's first line, by the stamp that requests "
            "carry: every queue before the application.",
            *quantiles("testbed_request_queue_seconds"),
        ),
    )

"""How long anyone waits while others are served, and where that time goes."""

from __future__ import annotations

from dashboards.grafana import look
from dashboards.grafana.board import Board
from dashboards.grafana.panels import Panel, latencies, stack
from dashboards.grafana.pictures import bars, distribution
from dashboards.grafana.queries import LONG, cut, in_runs, mean, quantiles, rate
from dashboards.prometheus.promql import ratio

_LATENCY = "testbed_client_latency_seconds"
_DURATION = "http_server_request_duration_seconds"
_BYSTANDER = 'stream="bystander"'
_LOAD = 'stream!="bystander"'
_LOOK_FOR = """\
**The bystander asks for almost nothing, now and then, while the others wait or compute.**

- Its p90 climbs above its p50: now and then somebody holds what all of them need.
- Two bands in a heatmap: some requests pass, others stand behind a slow one.
- In the split, the **queue** grows with the load, **CPU** and **wait** stay as they are.
- Percentiles are over the last 30 seconds; of a few requests a second there is no p99."""


def board() -> Board:
    """The bystander, the load beside it, their distribution, and the split."""
    return Board(
        name="responsiveness",
        question="How long does a cheap request take while the others are served?",
        look_for=_LOOK_FOR,
        panels=[*_streams(), _distribution(), _split(), *_routes()],
    )


def _streams() -> tuple[Panel, Panel]:
    return (
        latencies(
            "Latency of the bystander",
            "A cheap request at a low rate of its own: it means the same on every profile. Over "
            "the last 30 seconds.",
            *quantiles(_LATENCY, _BYSTANDER, upper=90),
        ),
        latencies(
            "Latency of the load",
            "All other requests, from the moment at which they were due. Over the last 30 seconds.",
            *quantiles(_LATENCY, _LOAD),
        ),
    )


def _distribution() -> Panel:
    buckets = rate(f"{_LATENCY}_bucket", by=("le", "profile"))
    return distribution(
        "Latency of all requests: $profile",
        "Each column is a moment, each row a latency. The more its colour stands out from the "
        "page, the more requests; the scale beside it says how many a second.",
        f"sum by (le) (\n{cut(buckets)}\n)",
    )


def _split() -> Panel:
    count = rate(f"{_DURATION}_count")
    parts = {
        "lateness": mean("testbed_client_lateness_seconds"),
        "queue": mean("testbed_request_queue_seconds"),
        "cpu": ratio(rate("testbed_request_cpu_seconds_total"), count),
        "wait": ratio(rate("testbed_request_wait_seconds_total"), count),
    }
    known = "\n- ".join(f"({part})" for part in parts.values())
    parts["rest"] = f"clamp_min(({mean(_LATENCY)})\n- {known}, 0)"
    return stack(
        "Where the mean request's time goes: $profile",
        "Lateness: due and not begun by the client. Queue: sent, and not begun by the "
        "application. CPU and wait: in the application. Rest: connecting, and the way back.",
        "s",
        look.PARTS,
        *[in_runs(expression, part) for part, expression in parts.items()],
    )


def _routes() -> tuple[Panel, Panel]:
    latency, duration = (
        mean(histogram, by=("profile", "http_route"), window=LONG)
        for histogram in (_LATENCY, _DURATION)
    )
    return (
        bars(
            "Mean latency by path: clients",
            "Which requests are slow for those who wait for them, in the last 30 seconds.",
            "s",
            in_runs(latency, "{{profile}} {{http_route}}"),
        ),
        bars(
            "Mean time in the application by route: servers",
            "Which requests are slow in themselves, apart from every queue, in the last 30 "
            "seconds.",
            "s",
            in_runs(duration, "{{profile}} {{http_route}}"),
        ),
    )

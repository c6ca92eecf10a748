"""The recording rules: what several panels need, defined once and proved by `promtool test rules`.

Their window is five scrapes: one that fails does not tear a hole into a rate.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from dashboards.prometheus.promql import (
    GATE,
    OCCUPANCY,
    RUN,
    growth,
    highest,
    mean_over,
    rate,
    ratio,
    series,
    total,
)

WINDOW = "5s"
STALLED_S = 0.1
"""From here on a heartbeat of a loop that is overdue means that something holds it."""
_PROFILE, _GATE, _WORKER = ("profile",), ("profile", "gate"), ("profile", "worker")
_STALLED = "testbed_event_loop_stalled_seconds"
_HEAD = """\
# Made by `python -m dashboards grafana` from dashboards/prometheus/rules.py: change it there.
groups:
  - name: testbed
    rules:
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """A name, how its series are computed, and what they mean."""

    record: str
    expression: str
    meaning: str


def _runs() -> Rule:
    info = ", ".join(("profile", "run", "workload", "load"))
    served = f"{series('testbed_workers')} > 0 or {series('testbed_client_in_flight_requests')}"
    return Rule(
        RUN,
        f"group by ({info}) ({series('testbed_run_info')} == 1)\n"
        f"or on (profile) group by (profile) ({served})",
        "What runs on each profile. Without a run its labels are missing, which a dashboard's "
        "variable that stands on All matches as well.",
    )


def _gates() -> Rule:
    replaced = growth(series("testbed_worker_restarts_total"), WINDOW, _PROFILE)
    gone = f"sum by (profile) ({series('testbed_workers')} == bool 0)"
    under_way = f"and on (profile) {series('testbed_run_info')} == 1"
    lost = f"({replaced} + {gone}) > bool 0\n  {under_way}"
    return Rule(
        GATE,
        f"{highest(series('testbed_gate_tripped'), _GATE)}\n"
        f'or label_replace(\n  {lost},\n  "gate", "worker_lost", "", ""\n)',
        "1 where a gate has tripped in any of the load generators of a profile, else 0. That a "
        "worker was lost under load they cannot see: it was replaced, or none is left.",
    )


def _occupancy() -> Rule:
    slots = total(series("testbed_worker_slots"), _WORKER)
    active = total(mean_over(series("http_server_active_requests"), WINDOW), _WORKER)
    stalled = f"max by (profile, worker) ({series(_STALLED)} > bool {STALLED_S})"
    loops = f"(\n{_held()}\n) / {slots}\n+ {stalled}"
    return Rule(
        OCCUPANCY,
        f"clamp_max({active} / {slots}, 1)\n"
        f"unless on (profile, worker) {series(_STALLED)}\n"
        f"or clamp_max(\n{textwrap.indent(loops, '  ')},\n  1\n)",
        "The share of its slots that each worker has taken. Of processes and threads: those with "
        "a request inside. A worker with a loop tells how overdue its heartbeat is: of the loop, "
        "what the requests that ended have held, scaled up to those that were not measured; and "
        "all of it while something holds it.",
    )


def _held() -> str:
    """How many seconds a second the requests that ended had held their worker."""
    held = rate(series("testbed_worker_hold_seconds_total"), WINDOW, _WORKER)
    answered = rate(series("testbed_worker_requests_total"), WINDOW, _WORKER)
    measured = rate(series("testbed_worker_measured_requests_total"), WINDOW, _WORKER)
    return textwrap.indent(f"{held}\n* ({ratio(answered, measured)})\nor {held}", "  ")


RULES = (_runs(), _gates(), _occupancy())


def render() -> str:
    """The rules as the file that Prometheus reads."""
    return _HEAD + "".join(_entry(rule) for rule in RULES)


def _entry(rule: Rule) -> str:
    meaning = textwrap.indent(textwrap.fill(rule.meaning, 90), "# ")
    entry = f"{meaning}\n- record: {rule.record}\n  expr: |\n"
    entry += textwrap.indent(rule.expression, " " * 4) + "\n"
    return textwrap.indent(entry, " " * 6)

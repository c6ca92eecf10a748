"""The recording rules: what several panels need, defined once and proved by `promtool test rules`.

Their window is five scrapes: one that fails does not tear a hole into a rate.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from dashboards.prometheus.promql import OCCUPIED, RUN, rate, ratio, series

WINDOW = "5s"
_WORKER = ("profile", "worker")
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
    served = f"{series('testbed_workers')} or {series('testbed_client_in_flight_requests')}"
    return Rule(
        RUN,
        f"group by ({info}) ({series('testbed_run_info')})\n"
        f"or on (profile) group by (profile) ({served})",
        "What runs on each profile. Without a run its labels are missing, which a dashboard's "
        "variable that stands on All matches as well.",
    )


def _occupied() -> Rule:
    held = rate(series("testbed_worker_hold_seconds_total"), WINDOW, _WORKER)
    answered = rate(series("testbed_worker_requests_total"), WINDOW, _WORKER)
    measured = rate(series("testbed_worker_measured_requests_total"), WINDOW, _WORKER)
    return Rule(
        OCCUPIED,
        f"{held}\n* ({ratio(answered, measured)})\nor {held}",
        "How many slots of each worker were held, as a mean. Hold is known of the requests that "
        "were measured, and scaled up to all of them; where none was measured it is zero.",
    )


RULES = (_runs(), _occupied())


def render() -> str:
    """The rules as the file that Prometheus reads."""
    return _HEAD + "".join(_entry(rule) for rule in RULES)


def _entry(rule: Rule) -> str:
    meaning = textwrap.indent(textwrap.fill(rule.meaning, 90), "# ")
    entry = f"{meaning}\n- record: {rule.record}\n  expr: |\n"
    entry += textwrap.indent(rule.expression, " " * 4) + "\n"
    return textwrap.indent(entry, " " * 6)

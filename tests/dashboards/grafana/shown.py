"""What the committed dashboards ask for, read from their JSON as Grafana reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser

from dashboards.grafana import generate

Json = dict[str, Any]

# What Grafana makes of it where the time shown is short: four scrapes.
WINDOW = "4s"
OF_SERVICES = ("dependencies", "deferral")
"""The dashboards whose panels want servers that call on others."""
HEADER = ("Validity", "Running", "mark Phases")
"""What all dashboards ask for alike."""
DASHBOARDS: dict[str, Json] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(generate.HOME.glob("*.json"))
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of one panel."""

    dashboard: str
    panel: str
    letter: str
    expression: str
    legend: str

    def __str__(self) -> str:
        return f"{self.dashboard} · {self.panel} · {self.letter}"


@dataclass(frozen=True, slots=True)
class Selector:
    """What a query selects: the name of series, the labels that it matches.

    Over time by `function`, which is empty for what it is now.
    """

    name: str
    labels: tuple[str, ...]
    text: str
    function: str


@dataclass(frozen=True, slots=True)
class Variable:
    """What a reader chooses from: the values of a label of what a selector finds."""

    dashboard: str
    name: str
    selector: str
    label: str

    def __str__(self) -> str:
        return f"{self.dashboard} · ${self.name}"


def panels(dashboard: Json) -> list[Json]:
    """The panels that show something: no headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def _asked() -> Iterator[Asked]:
    for name, dashboard in DASHBOARDS.items():
        for panel in panels(dashboard):
            for target in panel.get("targets", []):
                yield Asked(
                    name, panel["title"], target["refId"], target["expr"], target["legendFormat"]
                )
        for mark in dashboard["annotations"]["list"]:
            yield Asked(name, f"mark {mark['name']}", "A", mark["expr"], mark["titleFormat"])


def _variables() -> Iterator[Variable]:
    for dashboard, one in DASHBOARDS.items():
        for variable in one["templating"]["list"][1:]:
            found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
            assert found, variable["query"]
            yield Variable(dashboard, variable["name"], found[1], found[2])


QUERIES = tuple(_asked())
VARIABLES = tuple(_variables())


def filled(expression: str, profile: str = ".*", run: str = ".*", workload: str = ".*") -> str:
    """An expression as Prometheus gets it, where Grafana has put in what was chosen."""
    chosen = {"$profile": profile, "$run": run, "$workload": workload, "$__rate_interval": WINDOW}
    for variable, value in chosen.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression, expression
    return expression


def selectors(expression: str) -> list[Selector]:
    """Every selector of an expression. Raises ValueError where it does not parse."""
    found: list[Selector] = []
    called = function = ""

    def visit(node: promql_parser.Expr) -> None:
        nonlocal called, function
        if isinstance(node, promql_parser.VectorSelector):
            labels = tuple(matcher.name for matcher in node.matchers.matchers)
            found.append(Selector(node.name or "", labels, str(node), function))
        if isinstance(node, promql_parser.Call):
            called = node.func.name
        # Right behind it comes the selector that it is about.
        function = called if isinstance(node, promql_parser.MatrixSelector) else ""

    promql_parser.walk(promql_parser.parse(filled(expression)), visit)
    return found

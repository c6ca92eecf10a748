"""What all dashboards have in common: header, variables, marks, links, refresh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common, dashboard

from dashboards.grafana import look
from dashboards.grafana.panels import FLAT, HALF, LOW, WHOLE, Panel, figure, remark
from dashboards.grafana.queries import Query, in_runs, series, tripped
from dashboards.grafana.variables import phases, variables
from dashboards.prometheus.promql import RUN, highest

TITLES = {
    "twins": "Twins",
    "responsiveness": "Responsiveness",
    "blocking": "Blocking",
    "scalability": "Scalability",
    "dependencies": "Dependencies",
    "deferral": "Deferral",
    "generator": "Load generator",
}
"""Every dashboard by the name of its module and its file, in the order in which they are read."""
REFRESHES = ["1s", "5s", "10s", "1m"]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard before it is one: what it answers, what to look for, and its panels in order.

    A heading between panels is a text.
    """

    name: str
    question: str
    look_for: str
    panels: Sequence[Panel | str]


def uid(name: str) -> str:
    """What Grafana calls a dashboard in addresses."""
    return f"testbed-{name}"


def build_dashboard(board: Board) -> dashboard.Dashboard:
    """The dashboard as Grafana models it; its panels are numbered in their order."""
    made = build.Dashboard(TITLES[board.name]).uid(uid(board.name)).description(board.question)
    made.tags(["testbed"]).readonly().tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
    made.time("now-5m", "now").refresh("5s").timezone("browser")
    made.timepicker(build.TimePicker().refresh_intervals(REFRESHES))
    for variable in variables():
        made.with_variable(variable)
    made.annotation(phases())
    for name in TITLES:
        if name != board.name:
            made.link(_link(name))
    for panel in [*_header(board), *board.panels]:
        if isinstance(panel, str):
            made.with_row(build.Row(panel))
        else:
            made.with_panel(panel)
    whole = made.build()
    for number, shown in enumerate(whole.panels or [], 1):
        shown.id_val = number
    return whole


def _header(board: Board) -> tuple[Panel, ...]:
    return (_verdict(), remark("What to look for", board.question, board.look_for), _runs())


def _runs() -> Panel:
    by = ("profile", "run", "workload", "load")
    panel = figure(
        "Running",
        "What the load generator ran at the end of the time shown: profile, workload, load, run.",
        Query(
            highest(series(RUN, 'load!=""'), by),
            "{{profile}}: {{workload}}, {{load}} ({{run}})",
            instant=True,
        ),
        calculation="lastNotNull",
        shows="name",
        absent="no run",
    )
    for override in look.colours():
        panel.with_override(*override)
    panel.orientation(common.VizOrientation.HORIZONTAL).color_scheme(look.unknown())
    return panel.span(HALF).height(LOW)


def _verdict() -> Panel:
    said = {"0": ("no gate has tripped", look.GOOD), "1": ("INVALID", look.BAD)}
    banner = figure(
        "Validity",
        "INVALID where a gate tripped in the time shown: the load generator or the host was at "
        "fault, requests failed or a worker was lost, and the figures say nothing of the model. "
        "That none has tripped is no proof: the analysis of a saved run judges the whole of it.",
        in_runs(tripped("profile"), "{{profile}}"),
        in_runs(f"{tripped('profile', 'gate')} > 0", "{{profile}}: {{gate}}"),
        calculation="max",
        shows="value_and_name",
        absent="no load generator reports",
    )
    # Side by side, over the whole width: nobody shall miss it.
    banner.mappings(look.words(said)).orientation(common.VizOrientation.VERTICAL)
    return banner.span(WHOLE).height(FLAT)


def _link(name: str) -> build.DashboardLink:
    return (
        build.DashboardLink(TITLES[name])
        .type(dashboard.DashboardLinkType.LINK)
        .url(f"/d/{uid(name)}")
        .icon("dashboard")
        .tooltip("the same time and choice there")
        .keep_time(True)
        .include_vars(True)
    )

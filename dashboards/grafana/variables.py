"""What a reader of a dashboard chooses, and what marks the time axis."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard

from dashboards.grafana.panels import SOURCE
from dashboards.grafana.queries import cut, highest
from dashboards.prometheus import promql

# Also what has no such label: a server that no run loads.
_ANY = ".*"
_ALL = "$__all"


def variables() -> tuple[build.DatasourceVariable | build.QueryVariable, ...]:
    """The same on every dashboard. What a run did not have is not offered with it."""
    run, workload = 'run=~"$run"', 'workload=~"$workload"'
    of_run, of_both = promql.series(promql.RUN, run), promql.series(promql.RUN, run, workload)
    return (
        _source(),
        _values("profile", "Profile", of_both).multi(True),
        _values("workload", "Workload", of_run),
        _values("run", "Run", promql.RUN).sort(dashboard.VariableSort.NATURAL_DESC),
    )


def phases() -> build.AnnotationQuery:
    """A mark where each phase of a trial began: the value of the metric is that time."""
    began = highest("testbed_phase_start_timestamp_seconds", by=("profile", "phase"))
    return (
        build.AnnotationQuery()
        .name("Phases")
        .datasource(SOURCE)
        .enable(True)
        .icon_color("blue")
        # Grafana counts milliseconds.
        .expr(cut(f"1000 * {began}"))
        .use_value_for_time(True)
        .step("1s")
        .title_format("{{phase}}")
        .text_format("{{profile}}")
        .tag_keys("profile,phase")
    )


def _source() -> build.DatasourceVariable:
    chosen = dashboard.VariableOption(selected=True, text="Prometheus", value="prometheus")
    return (
        build.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(chosen)
    )


def _values(name: str, label: str, selector: str) -> build.QueryVariable:
    everything = dashboard.VariableOption(selected=True, text="All", value=_ALL)
    return (
        build.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(f"label_values({selector}, {name})")
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .include_all(True)
        .all_value(_ANY)
        .current(everything)
    )

"""The pictures that are no lines: distributions, bars, states, one quantity against another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grafana_foundation_sdk.builders import bargauge, heatmap, statetimeline, xychart
from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models import heatmap as heatmap_model
from grafana_foundation_sdk.models import xychart as xychart_model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.grafana import look
from dashboards.grafana.panels import asking, for_each_profile
from dashboards.grafana.queries import Query


def distribution(title: str, description: str, buckets: str) -> heatmap.Panel:
    """How often each latency occurred, over time, a panel for each chosen profile."""
    panel = asking(heatmap.Panel(), title, description, "s", [Query(buckets, "{{le}}")],
                    PromQueryFormat.HEATMAP)  # fmt: skip
    colour = heatmap.HeatmapColorOptions().mode(heatmap_model.HeatmapColorMode.SCHEME)
    panel.calculate(False).color(colour.scheme("Viridis").steps(64).exponent(0.5))
    panel.y_axis(heatmap.YAxisConfig().unit("s").axis_placement(common.AxisPlacement.LEFT))
    # Empty cells are not coloured.
    panel.filter_values(heatmap.FilterValueRange().le(1e-9)).cell_gap(0).show_legend()
    panel.cell_values(heatmap.CellValues().unit("reqps"))
    return for_each_profile(panel)


def bars(title: str, description: str, unit: str, *queries: Query) -> bargauge.Panel:
    """A bar for each series with its last value, and that in figures."""
    panel = asking(bargauge.Panel(), title, description, unit, queries)
    panel.reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"])).min(0)
    panel.orientation(common.VizOrientation.HORIZONTAL).show_unfilled(False)
    panel.display_mode(common.BarGaugeDisplayMode.BASIC).color_scheme(look.unknown())
    panel.value_mode(common.BarGaugeValueMode.TEXT)
    for override in look.colours():
        panel.with_override(*override)
    return panel


def states(
    title: str, description: str, query: Query, said: Mapping[str, tuple[str, str]]
) -> statetimeline.Panel:
    """A lane for each series; its values are said in words."""
    panel = asking(statetimeline.Panel(), title, description, "short", [query])
    panel.mappings(look.words(said)).show_value(common.VisibilityMode.NEVER)
    return panel.legend(build.VizLegendOptions().show_legend(False)).tooltip(look.tooltip())


def against(title: str, description: str, unit: str, x: Query, y: Query, profiles: Iterable[str]
) -> xychart.Panel:  # fmt: skip
    """A cloud of points for each profile: one quantity against the other, moment by moment."""
    panel = asking(xychart.Panel(), title, description, unit, [x, y])
    together = {"byField": "Time", "mode": "outer"}
    panel.with_transformation(dashboard.DataTransformerConfig("joinByField", options=together))
    panel.mapping(xychart_model.SeriesMapping.MANUAL).show(xychart_model.XYShowMode.POINTS)
    panel.series([_cloud(profile, x, y) for profile in profiles]).tooltip(look.tooltip())
    panel.legend(look.legend()).min(0).color_scheme(look.unknown())
    throughput, concurrency = title.split(" against ")
    panel.axis_label(throughput)
    panel.override_by_regexp(_ending(x), look.axis("short", concurrency.capitalize()))
    for override in look.lines():
        panel.with_override(*override)
    return panel


def _ending(query: Query) -> str:
    """The names of all series of a query, which end alike."""
    return f"/{query.legend.removeprefix('{{profile}}')}$/"


def _cloud(profile: str, x: Query, y: Query) -> xychart.XYSeriesConfig:
    def matcher(by: str, what: object) -> xychart.MatcherConfig:
        return xychart.MatcherConfig().id(by).options(what)

    def values(query: Query) -> xychart.MatcherConfig:
        return matcher("byName", query.legend.replace("{{profile}}", profile))

    return (
        xychart.XYSeriesConfig()
        .frame(xychart.XychartXYSeriesConfigFrame().matcher(matcher("byIndex", 0)))
        .x(xychart.XychartXYSeriesConfigX().matcher(values(x)))
        .y(xychart.XychartXYSeriesConfigY().matcher(values(y)))
    )

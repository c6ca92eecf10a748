"""The kinds of panels: each has a title, a description and a unit, and is half a screen wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import (
    heatmap,
    prometheus,
    stat,
    statetimeline,
    text,
    timeseries,
    xychart,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

from dashboards.grafana import look
from dashboards.grafana.queries import Query
from servers.metrics import BUCKETS

WHOLE, HALF, QUARTER = 24, 12, 6
TALL, LOW = 9, 6
SOURCE = common.DataSourceRef("prometheus", "${datasource}")
# The narrowest step, so that a rate's window is four scrapes whatever the data source is set to.
STEP = "1s"

Panel = Builder[dashboard.Panel]
Kind = TypeVar("Kind", timeseries.Panel, heatmap.Panel, stat.Panel, statetimeline.Panel,
                xychart.Panel)  # fmt: skip


def lines(title: str, description: str, unit: str, *queries: Query) -> timeseries.Panel:
    """A line for each series, from zero."""
    panel = asking(timeseries.Panel(), title, description, unit, queries)
    panel.min(0).legend(look.legend("mean", "max")).tooltip(look.tooltip())
    panel.line_width(look.THICK).fill_opacity(0).show_points(common.VisibilityMode.NEVER)
    for override in look.profiles():
        panel.with_override(*override)
    for letter, query in zip(ascii_uppercase, queries, strict=False):
        if properties := look.drawn(query.drawn):
            panel.override_by_query(letter, properties)
    return panel


def latencies(title: str, description: str, *queries: Query) -> timeseries.Panel:
    """Times on a logarithmic axis from the first bucket to the last: all such panels compare."""
    scale = build.ScaleDistributionConfig().type(common.ScaleDistribution.LOG).log(10)
    panel = lines(title, description, "s", *queries)
    return panel.scale_distribution(scale).min(BUCKETS[0]).max(BUCKETS[-1])


def shares(title: str, description: str, *queries: Query) -> timeseries.Panel:
    """Shares of a whole; the axis shows all of it."""
    return lines(title, description, "percentunit", *queries).axis_soft_max(1)


def stack(
    title: str, description: str, unit: str, colours: Mapping[str, str], *parts: Query
) -> timeseries.Panel:
    """Parts of a whole on top of each other, a panel for each chosen profile."""
    panel = asking(timeseries.Panel(), title, description, unit, parts)
    panel.min(0).legend(look.legend("mean", "max")).tooltip(look.tooltip())
    panel.stacking(build.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    panel.line_width(look.THIN).fill_opacity(80).show_points(common.VisibilityMode.NEVER)
    for override in look.parts(colours):
        panel.with_override(*override)
    return for_each_profile(panel)


def figure(
    title: str, description: str, *queries: Query, calculation: str, says: str, absent: str
) -> stat.Panel:
    """What each series comes to in the time shown, on a ground of its colour.

    `says`: its name, its value, or both. `absent` is said where there is no series.
    """
    panel = asking(stat.Panel(), title, description, "short", queries)
    panel.reduce_options(build.ReduceDataOptions().calcs([calculation])).no_value(absent)
    panel.text_mode(common.BigValueTextMode(says)).color_mode(common.BigValueColorMode.BACKGROUND)
    panel.graph_mode(common.BigValueGraphMode.NONE).orientation(common.VizOrientation.HORIZONTAL)
    return panel.span(QUARTER).height(LOW)


def remark(title: str, description: str, markdown: str) -> text.Panel:
    """A text."""
    panel = text.Panel().title(title).description(description)
    return panel.mode(TextMode.MARKDOWN).content(markdown).span(HALF).height(LOW)


def asking(
    panel: Kind, title: str, description: str, unit: str, queries: Sequence[Query],
    form: PromQueryFormat = PromQueryFormat.TIME_SERIES,
) -> Kind:  # fmt: skip
    """Let a panel ask its queries, each named by a letter."""
    panel.title(title).description(description).unit(unit).datasource(SOURCE).interval(STEP)
    panel.span(HALF).height(TALL)
    for name, query in zip(ascii_uppercase, queries, strict=False):
        target = prometheus.Dataquery().ref_id(name).datasource(SOURCE).format(form)
        target.expr(query.expression).legend_format(query.legend).interval(STEP)
        panel.with_target(target.instant() if query.instant else target.range())
    return panel


def for_each_profile(panel: Kind) -> Kind:
    """Show a panel once for each profile that is chosen, two beside each other."""
    panel.repeat("profile").repeat_direction("h").max_per_row(2).span(WHOLE)
    return panel

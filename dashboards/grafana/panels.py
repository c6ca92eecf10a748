"""The kinds of panels: each has a title, a description and a unit, and is half a screen wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    text,
    timeseries,
    xychart,
)
from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

from dashboards.grafana import look
from dashboards.grafana.queries import Query

WHOLE, HALF = 24, 12
TALL, LOW, FLAT = 9, 7, 3
# The axis of times: no server answers faster, and what takes longer than a second stretches it.
SHORTEST_S, LONG_S = 1e-5, 1.0
SOURCE = common.DataSourceRef("prometheus", "${datasource}")
# The narrowest step, so that a rate's window is four scrapes whatever the data source is set to.
STEP = "1s"

Panel = Builder[dashboard.Panel]
Kind = TypeVar("Kind", bargauge.Panel, heatmap.Panel, stat.Panel, statetimeline.Panel,
                timeseries.Panel, xychart.Panel)  # fmt: skip
RATES = ("mean", "max")
LEVELS = ("lastNotNull", "max")
"""What a legend says of a line: the mean of quantiles, of shares or of maxima means nothing."""


def lines(
    title: str, description: str, unit: str, *queries: Query, says: Sequence[str] = RATES
) -> timeseries.Panel:
    """A line for each series, from zero; `says`: what the legend says of each."""
    panel = asking(timeseries.Panel(), title, description, unit, queries)
    panel.min(0).legend(look.legend(*says)).tooltip(look.tooltip())
    panel.line_width(look.THICK).fill_opacity(0).show_points(common.VisibilityMode.NEVER)
    if all(query.legend.startswith("{{profile}}") for query in queries):
        panel.color_scheme(look.unknown())
    for override in look.lines():
        panel.with_override(*override)
    for letter, query in zip(ascii_uppercase, queries, strict=False):
        if properties := look.drawn(query.drawn):
            panel.override_by_query(letter, properties)
    return panel


def latencies(title: str, description: str, *queries: Query) -> timeseries.Panel:
    """Times on a logarithmic axis that has one beginning everywhere, so that panels compare."""
    scale = build.ScaleDistributionConfig().type(common.ScaleDistribution.LOG).log(10)
    panel = lines(title, description, "s", *queries, says=LEVELS)
    return panel.scale_distribution(scale).min(SHORTEST_S).axis_soft_max(LONG_S)


def shares(title: str, description: str, *queries: Query) -> timeseries.Panel:
    """Shares of a whole; the axis shows all of it."""
    return lines(title, description, "percentunit", *queries, says=LEVELS).axis_soft_max(1)


def limited(panel: timeseries.Panel, value: float) -> timeseries.Panel:
    """Draw a bound that no line of a panel shall pass."""
    style = build.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(look.limit(value)).thresholds_style(style)


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
    title: str, description: str, *queries: Query, calculation: str, shows: str, absent: str
) -> stat.Panel:
    """What each series comes to in the time shown, on a ground of its colour.

    `shows`: its name, its value, or both. `absent` is said where there is no series.
    """
    panel = asking(stat.Panel(), title, description, "short", queries)
    panel.reduce_options(build.ReduceDataOptions().calcs([calculation])).no_value(absent)
    panel.text_mode(common.BigValueTextMode(shows)).color_mode(common.BigValueColorMode.BACKGROUND)
    return panel.graph_mode(common.BigValueGraphMode.NONE)


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

"""How series look: one colour and dash per profile everywhere, whatever a panel shows of it."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import dashboard as build_dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, MatcherConfig

from dashboards.grafana.queries import Drawn
from dashboards.palette import LOOKS, UNKNOWN, Look

GOOD, BAD = "green", "red"
THIN, THICK = 1, 2
# None of them is a profile's colour: the parts of a whole are not mistaken for a comparison.
PARTS = {
    "lateness": "#DDDDDD",
    "queue": "#B5446E",
    "cpu": "#999933",
    "wait": "#DDCC77",
    "rest": "#888888",
}
OUTCOMES = {
    "completed": "#888888",
    "failed": "#B5446E",
    "dropped": "#DDCC77",
    "censored": "#999933",
    "gone": "#44AA99",
}
_DRAWN: Mapping[Drawn, Mapping[str, object]] = {
    "line": {},
    "thin": {"custom.lineWidth": THIN},
    "points": {"custom.drawStyle": "points", "custom.showPoints": "always", "custom.pointSize": 4},
}

Override = tuple[MatcherConfig, list[DynamicConfigValue]]


def colours() -> list[Override]:
    """The colour of every series of a profile. Its legend begins with the profile's name."""
    return [(_of(profile), [_fixed(look.colour)]) for profile, look in LOOKS.items()]


def lines() -> list[Override]:
    """Beside the colour the dash, so that the difference never rests on colour alone."""
    return [(_of(profile), [_fixed(look.colour), _dash(look)]) for profile, look in LOOKS.items()]


def unknown() -> build_dashboard.FieldColor:
    """The colour of a profile that has no row: it is none of theirs."""
    grey = build_dashboard.FieldColor().mode(dashboard.FieldColorModeId.FIXED)
    return grey.fixed_color(UNKNOWN.colour)


def axis(unit: str, label: str) -> list[DynamicConfigValue]:
    """The unit and the words at an axis."""
    return [DynamicConfigValue("unit", unit), DynamicConfigValue("custom.axisLabel", label)]


def drawn(how: Drawn) -> list[DynamicConfigValue]:
    """What sets a series apart from a line of the same profile; of a line nothing."""
    return [DynamicConfigValue(name, value) for name, value in _DRAWN[how].items()]


def parts(colours: Mapping[str, str]) -> list[Override]:
    """The colours of the parts of a whole, by their names."""
    return [(_named(f"/^{name}$/"), [_fixed(colour)]) for name, colour in colours.items()]


def legend(*calculations: str) -> build.VizLegendOptions:
    """A table below the panel, with what each series was in the time shown."""
    return (
        build.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(list(calculations))
    )


def tooltip() -> build.VizTooltipOptions:
    """All series at one moment, the greatest first."""
    return (
        build.VizTooltipOptions()
        .mode(common.TooltipDisplayMode.MULTI)
        .sort(common.SortOrder.DESCENDING)
    )


def limit(value: float) -> Builder[dashboard.ThresholdsConfig]:
    """A bound that shall not be passed."""
    return (
        build_dashboard.ThresholdsConfig()
        .mode(dashboard.ThresholdsMode.ABSOLUTE)
        .steps([dashboard.Threshold(None, GOOD), dashboard.Threshold(value, BAD)])
    )


def words(said: Mapping[str, tuple[str, str]]) -> list[dashboard.ValueMapping]:
    """Words and colours in place of numbers."""
    options = {
        value: dashboard.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(said.items())
    }
    return [dashboard.ValueMap(options=options)]


def _of(profile: str) -> MatcherConfig:
    return _named(f"/^{profile}(?![\\w-])/")


def _dash(look: Look) -> DynamicConfigValue:
    style = {"fill": "dash", "dash": list(look.dash)} if look.dash else {"fill": "solid"}
    return DynamicConfigValue("custom.lineStyle", style)


def _named(pattern: str) -> MatcherConfig:
    return MatcherConfig("byRegexp", pattern)


def _fixed(colour: str) -> DynamicConfigValue:
    return DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})

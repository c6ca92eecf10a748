"""One colour and one dash per profile, wherever a series of it is drawn."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dashboards.grafana import generator, look
from dashboards.palette import LOOKS, UNKNOWN
from loadtests import gates
from loadtests.samples import Outcome
from servers.profiles import PROFILES
from tests.dashboards.grafana.shown import DASHBOARDS, Json, panels

COMPARING = [
    pytest.param(panel, id=f"{name} · {panel['title']}")
    for name, dashboard in DASHBOARDS.items()
    for panel in panels(dashboard)
    if panel["type"] in ("timeseries", "xychart", "bargauge") and "repeat" not in panel
]
LINES = [param for param in COMPARING if param.values[0]["type"] == "timeseries"]  # type: ignore[index]


def of_series(panel: Json, name: str) -> dict[str, Any]:
    """What the overrides make of a series with that name in the legend."""
    found: dict[str, Any] = {}
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["id"] == "byRegexp":
            pattern = override["matcher"]["options"].strip("/")
            if re.search(pattern, name):
                found |= {one["id"]: one["value"] for one in override["properties"]}
    return found


@pytest.mark.parametrize("panel", COMPARING)
def test_a_series_of_a_profile_has_its_colour_and_dash(panel: Json) -> None:
    for profile in PROFILES:
        dash = LOOKS[profile].dash
        style = {"fill": "dash", "dash": list(dash)} if dash else {"fill": "solid"}
        expected: Json = {"color": {"mode": "fixed", "fixedColor": LOOKS[profile].colour}}
        if panel["type"] != "bargauge":
            expected["custom.lineStyle"] = style
        for rest in ("", " p99", " /wait", " 4711"):
            assert of_series(panel, f"{profile}{rest}") == expected


@pytest.mark.parametrize("panel", COMPARING)
def test_a_profile_that_is_unknown_has_the_colour_of_none(panel: Json) -> None:
    legends = [target["legendFormat"] for target in panel["targets"]]
    of_profiles = all(legend.startswith("{{profile}}") for legend in legends)

    expected = {"mode": "fixed", "fixedColor": UNKNOWN.colour} if of_profiles else None
    assert panel["fieldConfig"]["defaults"].get("color") == expected
    assert UNKNOWN.colour not in {one.colour for one in LOOKS.values()}


@pytest.mark.parametrize("panel", LINES)
def test_lines_of_one_query_beside_another_of_the_same_profile_are_drawn_otherwise(
    panel: Json,
) -> None:
    """They have the same colour: only one of them is a line of the usual width."""
    drawn = {
        override["matcher"]["options"]: {one["id"] for one in override["properties"]}
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["id"] == "byFrameRefID"
    }
    letters = [target["refId"] for target in panel["targets"]]

    assert list(drawn) == letters[1:]
    assert len({frozenset(how) for how in drawn.values()}) == len(drawn)


@pytest.mark.parametrize("panel", COMPARING)
def test_what_only_begins_like_a_profile_is_none(panel: Json) -> None:
    assert of_series(panel, "asgi-two") == {}
    assert of_series(panel, "synchronous") == {}
    assert of_series(panel, "my asgi") == {}


@pytest.mark.parametrize(
    ("title", "colours"),
    [("Where the mean request's time goes", look.PARTS), ("Outcomes of requests", look.OUTCOMES)],
)
def test_parts_of_a_whole_have_colours_that_no_profile_has(
    title: str, colours: dict[str, str]
) -> None:
    (stacked,) = [
        panel
        for dashboard in DASHBOARDS.values()
        for panel in panels(dashboard)
        if panel["title"] == f"{title}: $profile"
    ]

    names = [target["legendFormat"] for target in stacked["targets"]]
    found = {name: of_series(stacked, name)["color"]["fixedColor"] for name in names}
    assert found == colours
    assert not set(found.values()) & {one.colour for one in LOOKS.values()}
    assert len(set(found.values())) == len(found)
    assert stacked["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] == "normal"


def test_the_outcomes_of_requests_are_those_that_a_sample_can_have() -> None:
    assert list(look.OUTCOMES) == [outcome.name.lower() for outcome in Outcome]


@pytest.mark.parametrize("panel", LINES)
def test_a_latency_panel_has_the_axis_of_all_others(panel: Json) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    if defaults["unit"] == "s" and panel["title"] != "CPU time for each request":
        assert defaults["custom"]["scaleDistribution"] == {"type": "log", "log": 10}
        assert (defaults["min"], defaults["custom"]["axisSoftMax"]) == (1e-5, 1.0)
        assert "max" not in defaults


@pytest.mark.parametrize("panel", LINES)
def test_a_legend_has_no_mean_of_what_cannot_be_averaged(panel: Json) -> None:
    """Rates have a mean over the time shown: quantiles and maxima have none."""
    averaged = "mean" in panel["options"]["legend"]["calcs"]
    expressions = [target["expr"] for target in panel["targets"]]

    if averaged:
        assert all(re.search(r"\brate\(", expression) for expression in expressions)
        assert not any("histogram_quantile" in expression for expression in expressions)
    else:
        assert panel["options"]["legend"]["calcs"] == ["lastNotNull", "max"]


def test_the_axes_of_throughput_against_concurrency_say_what_they_are() -> None:
    (panel,) = [one for one in panels(DASHBOARDS["scalability"]) if one["type"] == "xychart"]
    defaults = panel["fieldConfig"]["defaults"]

    assert (defaults["unit"], defaults["custom"]["axisLabel"]) == ("reqps", "Throughput")
    assert defaults["min"] == 0
    for profile in PROFILES:
        across = of_series(panel, f"{profile} in flight")
        assert (across["unit"], across["custom.axisLabel"]) == ("short", "Concurrency")
        assert "unit" not in of_series(panel, f"{profile} answers")
    names = [one["x"]["matcher"]["options"] for one in panel["options"]["series"]]
    assert names == [f"{profile} in flight" for profile in LOOKS]


def test_the_red_lines_are_those_of_the_gates() -> None:
    assert generator.BUSY_SHARE == gates.BUSY_SHARE
    assert generator.DELAY_SHARE == gates.DELAY_SHARE

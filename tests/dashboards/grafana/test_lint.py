"""The rules of Grafana's dashboard-linter, and those of this house.

Left out are its rules for the labels `job` and `instance`: one exporter serves everything, and
the profile is what tells series apart.
"""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from dashboards.grafana import board, queries
from dashboards.prometheus import promql
from tests.dashboards.grafana.shown import (
    DASHBOARDS,
    QUERIES,
    VARIABLES,
    Asked,
    Json,
    Variable,
    panels,
    selectors,
)

STALLED = "testbed_event_loop_stalled_seconds"
UNITS = {"reqps", "ops", "s", "percentunit", "short", "bytes"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
EVERY = [pytest.param(one, id=name) for name, one in DASHBOARDS.items()]


@pytest.mark.parametrize("dashboard", EVERY)
def test_the_data_source_is_a_variable_that_every_panel_and_query_uses(dashboard: Json) -> None:
    source = dashboard["templating"]["list"][0]
    assert (source["type"], source["name"], source["query"]) == (
        "datasource", "datasource", "prometheus",
    )  # fmt: skip

    for panel in panels(dashboard):
        if panel["type"] != "text":
            assert panel["datasource"] == SOURCE, panel["title"]
            assert [target["datasource"] for target in panel["targets"]] == [SOURCE] * len(
                panel["targets"]
            )
    for one in [*dashboard["templating"]["list"][1:], *dashboard["annotations"]["list"]]:
        assert one["datasource"] == SOURCE, one["name"]


@pytest.mark.parametrize("dashboard", EVERY)
def test_a_panel_says_what_it_is_in_which_unit_and_asks_for_something(dashboard: Json) -> None:
    for panel in panels(dashboard):
        assert panel["title"], panel
        assert panel["description"].endswith((".", "?")), panel["title"]
        if panel["type"] != "text":
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
            assert panel["targets"], panel["title"]
            assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@pytest.mark.parametrize("dashboard", EVERY)
def test_panels_are_numbered_and_placed_once_in_two_columns(dashboard: Json) -> None:
    found = dashboard["panels"]

    assert [panel["id"] for panel in found] == list(range(1, len(found) + 1))
    assert len({panel["title"] for panel in found}) == len(found)
    assert len(panels(dashboard)) <= 13
    assert [panel["gridPos"]["w"] for panel in panels(dashboard)[:3]] == [24, 12, 12]
    for panel in panels(dashboard)[3:]:
        assert panel["gridPos"]["w"] == (24 if "repeat" in panel else 12), panel["title"]
    for one, other in combinations([panel["gridPos"] for panel in found], 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in found)


@pytest.mark.parametrize("dashboard", EVERY)
def test_a_dashboard_is_read_only_fresh_and_shares_its_crosshair(dashboard: Json) -> None:
    assert dashboard["editable"] is False
    assert dashboard["graphTooltip"] == 1
    assert dashboard["refresh"] in dashboard["timepicker"]["refresh_intervals"]
    assert {"1s", "5s"} <= set(dashboard["timepicker"]["refresh_intervals"])


@pytest.mark.parametrize("dashboard", EVERY)
def test_the_variables_stand_on_all_and_follow_the_time_shown(dashboard: Json) -> None:
    _, *found = dashboard["templating"]["list"]

    assert [one["name"] for one in found] == ["profile", "workload", "run"]
    for one in found:
        assert one["refresh"] == 2, one["name"]
        assert one["current"] == {"selected": True, "text": "All", "value": "$__all"}
        assert (one["includeAll"], one["allValue"]) == (True, ".*")
    assert [one["multi"] for one in found] == [True, False, False]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_dashboard_links_to_the_others_with_time_and_variables(name: str) -> None:
    links = DASHBOARDS[name]["links"]

    others = [other for other in board.TITLES if other != name]
    assert [link["url"] for link in links] == [f"/d/testbed-{other}" for other in others]
    assert [link["title"] for link in links] == [DASHBOARDS[other]["title"] for other in others]
    assert all(link["keepTime"] and link["includeVars"] for link in links)
    # In a menu nobody would find them.
    assert all("placement" not in link for link in links)


@pytest.mark.parametrize("dashboard", EVERY)
def test_every_dashboard_says_what_to_look_for_and_whether_it_is_valid(dashboard: Json) -> None:
    validity, text, running = panels(dashboard)[:3]

    assert text["type"] == "text"
    assert text["title"] == "What to look for"
    assert len(text["options"]["content"]) > 200
    assert "profile:testbed_run{" in running["targets"][0]["expr"]
    assert all("max_over_time(profile:testbed_gate_tripped" in target["expr"]
               for target in validity["targets"])  # fmt: skip
    assert validity["options"]["reduceOptions"]["calcs"] == ["max"]
    (mapping,) = validity["fieldConfig"]["defaults"]["mappings"]
    said = {value: (one["text"], one["color"]) for value, one in mapping["options"].items()}
    assert said == {"0": ("no gate has tripped", "green"), "1": ("INVALID", "red")}


@pytest.mark.parametrize("dashboard", EVERY)
def test_phases_are_marked_at_the_time_that_their_metric_says(dashboard: Json) -> None:
    (mark,) = dashboard["annotations"]["list"]

    assert mark["enable"] is True
    assert mark["useValueForTime"] is True
    assert mark["expr"].startswith("1000 * max by (profile, phase) (testbed_phase_start_timestamp")
    # Of the chosen runs only, as every panel.
    assert mark["expr"].endswith('{profile=~"$profile", run=~"$run", workload=~"$workload"}')


@pytest.mark.parametrize("variable", VARIABLES, ids=str)
def test_a_variable_offers_the_values_of_its_own_label(variable: Variable) -> None:
    """Where nothing is chosen yet, and of what is under way: an ended run leaves its series."""
    (found,) = selectors(variable.selector)

    assert variable.label == variable.name
    assert found.name == promql.RUN
    assert {*found.labels, variable.label} <= set(promql.RECORDED[found.name])
    assert variable.name not in found.labels


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_a_query_parses_and_only_counters_are_asked_for_their_growth(asked: Asked) -> None:
    for selector in selectors(asked.expression):
        grows = selector.name.endswith(("_total", "_bucket", "_sum", "_count"))
        expected = ("rate", "increase") if grows else ("", "max_over_time")
        assert selector.function in expected, selector


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_the_greatest_since_a_scrape_is_not_lost_between_two_points(asked: Asked) -> None:
    """The step of a panel may be longer than a scrape: gates and maxima are looked at all along."""
    for selector in selectors(asked.expression):
        if "_max_" in selector.name or selector.name in (STALLED, promql.GATE):
            assert selector.function == "max_over_time", selector


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_a_window_follows_the_step_and_that_of_a_quantile_is_said(asked: Asked) -> None:
    windows = set(re.findall(r"[}\w]\[([^\]]+)\]", asked.expression))
    shown = panels(DASHBOARDS[asked.dashboard])
    _, look_for, *_ = shown
    said = [panel["description"] for panel in shown if panel["title"] == asked.panel]

    assert windows <= {"$__rate_interval", queries.LONG}
    if "histogram_quantile" in asked.expression:
        assert windows == {queries.LONG}
    if queries.LONG in windows:
        assert queries.LONG == "30s"
        assert "last 30 seconds" in "".join(said) + look_for["options"]["content"]

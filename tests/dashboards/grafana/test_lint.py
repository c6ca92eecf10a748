"""The rules of Grafana's dashboard-linter, and those of this house.

Left out are its rules for the labels `job` and `instance`: one exporter serves everything, and
the profile is what tells series apart.
"""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from dashboards.grafana import board
from tests.dashboards.grafana.shown import DASHBOARDS, QUERIES, Asked, Json, panels, selectors

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
    text, running, validity = panels(dashboard)[:3]

    assert text["type"] == "text"
    assert text["title"] == "What to look for"
    assert len(text["options"]["content"]) > 200
    assert "testbed_run_info" in running["targets"][0]["expr"]
    assert all("testbed_gate_tripped" in target["expr"] for target in validity["targets"])
    assert validity["options"]["reduceOptions"]["calcs"] == ["max"]
    (mapping,) = validity["fieldConfig"]["defaults"]["mappings"]
    said = {value: (one["text"], one["color"]) for value, one in mapping["options"].items()}
    assert said == {"0": ("VALID so far", "green"), "1": ("INVALID", "red")}


@pytest.mark.parametrize("dashboard", EVERY)
def test_phases_are_marked_at_the_time_that_their_metric_says(dashboard: Json) -> None:
    (mark,) = dashboard["annotations"]["list"]

    assert mark["enable"] is True
    assert mark["useValueForTime"] is True
    assert mark["expr"].startswith("1000 * max by (profile, phase) (testbed_phase_start_timestamp")


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_a_query_parses_and_only_counters_are_asked_for_their_growth(asked: Asked) -> None:
    for selector in selectors(asked.expression):
        grows = selector.name.endswith(("_total", "_bucket", "_sum", "_count"))
        assert grows == selector.over_time, selector
    windows = re.findall(r"[}\w]\[([^\]]+)\]", asked.expression)
    assert set(windows) <= {"$__rate_interval"}

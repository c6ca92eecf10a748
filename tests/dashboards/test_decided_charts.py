"""The drawings that need no script: what their titles say, and where their marks stand."""

import dataclasses
import math

import pytest

from dashboards.report.charts import (
    axes,
    capacity,
    cliffs,
    costs,
    plot,
    predicted,
    prediction_words,
    scale,
    usl,
)
from dashboards.report.charts.plane import HEIGHT
from dashboards.report.charts.ranges import Measure, ranges
from dashboards.report.charts.ranking import ranked
from dashboards.report.format import NBSP
from loadtests.analysis.decisions import Capacity, Probe
from tests.dashboards import decided

MADE = decided.decided()
DECISIONS = MADE.decisions


def said(text: str) -> str:
    return text.replace(NBSP, " ")


def found(rate: float, low: float, high: float, *met: bool, profile: str = "sync") -> Capacity:
    probes = tuple(Probe(n, rate, one, ()) for n, one in enumerate(met))
    return Capacity(profile, "wait", rate, low, high, "", probes)


def test_a_capacity_is_a_bound_where_its_search_found_only_one_side() -> None:
    assert capacity.stated(found(39, 37, 41)) == "39.0"
    assert capacity.stated(found(39, 37, 41, True, False)) == "39.0"
    assert capacity.stated(found(39, 37, 41, True, True)) == "≥37.0"
    assert capacity.stated(found(39, 37, 41, False)) == "<41.0"
    assert capacity.stated(found(39, 0, 41)) == "<41.0"
    assert capacity.stated(found(39, 37, math.inf)) == "≥37.0"


def test_the_title_of_capacities_names_who_has_most_and_least() -> None:
    every = [found(39, 37, 41), found(400, 390, 410, profile="asgi")]
    near = [found(39, 37, 41), found(40, 38, 42, profile="asgi")]
    wide = [found(39, 30, 50), found(50, 38, 60, profile="asgi")]

    assert said(capacity.title(every)) == (
        "“wait” meets the objective up to 400 requests/s with asgi, 39 requests/s with sync"
    )
    assert said(capacity.title(near)) == (
        "No visible difference: “wait” meets the objective up to 40 requests/s with every profile"
    )
    assert capacity.title(wide).endswith("with sync; their intervals overlap: undecided")
    assert said(capacity.title([found(39, 37, 41, True)])).endswith("≥39 requests/s with sync")


def test_marks_stand_where_their_values_are_and_far_ones_on_a_logarithmic_axis() -> None:
    near = ranges("rate", [Measure("sync", 40, 30, 50, 45, "")])
    far = ranges("rate", [Measure("sync", 10, None, None, None, ""),
                          Measure("asgi", 1000, None, None, None, "")])  # fmt: skip

    assert not near.logarithmic
    row = near.rows[0]
    assert (row.at, row.low, row.high, row.predicted) == (80, 60, 100, 90)
    assert far.logarithmic
    assert far.rows[0].low is None
    assert 0 < far.rows[0].at < 30 < 70 < far.rows[1].at < 100


@pytest.mark.parametrize(
    ("low", "high"), [(1, 10_000), (40, 3000), (0.3, 0.5), (90, 110), (0.05, 90_000), (7, 7)]
)
def test_a_logarithmic_axis_has_a_few_ticks_within_its_ends(low: float, high: float) -> None:
    axis = axes.axis("x", [low, high], axes.number, log=True)

    assert 2 <= len(axis.ticks) <= 6
    assert all(-1e-9 <= axis.at(value) <= 1 + 1e-9 for value, _ in axis.ticks)
    assert 0 <= axis.at(low) <= axis.at(high) <= 1


def test_numbers_and_times_of_ticks() -> None:
    shown = [axes.number(v) for v in (0.5, 20, 5000, 10_000, 2e6)]

    assert shown == ["0.5", "20", "5000", "10,000", f"2{NBSP}million"]
    assert [said(axes.time(v)) for v in (0.5, 500, 2000)] == ["0.5 ms", "500 ms", "2 s"]


def test_who_is_in_between_is_not_named() -> None:
    values = {"a": 400.0, "b": 390.0, "c": 100.0, "d": 39.0}

    assert ranked(values, lambda n: f"{values[n]:g}") == "400 with a and b, 39 with d"
    assert ranked({"a": 1.0, "b": 1.05}, str) == "b with every profile"
    assert ranked({"a": 1.0}, str) == "a with a"


def test_labels_of_lines_that_end_together_are_kept_apart() -> None:
    x, y = axes.axis("x", [10], axes.number), axes.axis("y", [10], axes.number)
    made = [plot.Series(p, [(0, 0), (10, at)], label=p) for p, at in (("sync", 5), ("asgi", 5.1))]
    panel = plot.panel(made, x, y)

    heights = sorted(one.at[1] for one in panel.series)
    assert heights[1] - heights[0] == pytest.approx(15, abs=0.2)
    assert {one.at[0] for one in panel.series} == {100}
    assert panel.series[0].path == f"M0 {HEIGHT}L100 {HEIGHT / 2:g}"


def test_predicted_and_measured_share_their_axes_and_the_capacity_is_ruled() -> None:
    mine = [t for t in MADE.trials if t.valid and t.workload == "wait" and t.arm == 1]
    trials = {p: [t for t in mine if t.profile == p] for p in decided.SLOTS}
    chart = predicted.chart(DECISIONS.predictions, trials, "k")

    assert len({(p.x_ticks, p.y_ticks) for p in chart.panels}) == 1
    for panel, prediction in zip(chart.panels, DECISIONS.predictions, strict=True):
        kinds = {one.kind: one for one in panel.series}
        assert kinds["predicted"].dash == "5 4"
        assert kinds["predicted"].label == "predicted"
        assert not kinds["measured"].path
        assert f"predicted, by {prediction_words.limit(prediction)}" in panel.heading
        assert len(panel.rules) == 1
        every = [mark for one in panel.series for mark in one.marks]
        assert all(0 <= m.x <= 100 and 0 <= m.y <= HEIGHT for m in every)
    # Two loads calibrate, and only the second has requests enough for its p99.
    assert len(kinds["calibrated"].marks) == 1
    assert len(kinds["measured"].marks) == 8


def test_the_title_of_predictions_is_their_error() -> None:
    every = DECISIONS.predictions
    none = [dataclasses.replace(p, error=None, measured_rps=None) for p in every[:2]]
    exact = [dataclasses.replace(every[0], error=0.001)]

    assert said(prediction_words.title(every)) == (
        "The predicted capacity of “wait” is between 4 % below and 11 % above the measured one"
    )
    assert said(prediction_words.title(every[:2])) == (
        "The predicted capacity of “wait” is 2 % above the measured one for sync and "
        "3 % below the measured one for gthread"
    )
    assert prediction_words.title(exact).endswith("is what was measured for sync")
    assert said(prediction_words.title(none)) == (
        "Predicted for “wait”: sync at 39.6 requests/s, by its slots; gthread at 151 requests/s, "
        "by its threads would be at its limit"
    )


def test_without_a_stated_p99_the_median_is_drawn() -> None:
    trials = {"sync": [t for t in MADE.trials if t.load == "rate-10" and t.profile == "sync"]}
    chart = predicted.chart(DECISIONS.predictions[:1], trials, "k")

    assert chart.caption.startswith("The p50 of latency")


def test_the_law_is_drawn_between_what_was_measured_with_its_formula() -> None:
    fit = DECISIONS.usl[0]
    expected = 50 / (1 + 0.004 * 49 + 0.0004 * 50 * 49)

    assert usl.throughput(fit, 50) == pytest.approx(expected)
    chart = usl.chart(DECISIONS.usl, "k")
    assert said(chart.title) == (
        "Throughput of “hold” is highest with so many requests at once: 50 with sync, "
        "706 with gthread and 706 with uvloop; no peak can be told for asgi"
    )
    curve = chart.panels[0].series[0].path.split("L")
    last = chart.panels[0].series[1].marks[-1]
    assert float(curve[-1].split()[0]) == pytest.approx(last.x, abs=0.01)
    assert [len(panel.rules) for panel in chart.panels] == [1, 1, 0, 1]


def test_without_a_peak_the_title_says_so() -> None:
    flat = [dataclasses.replace(fit, peak=None) for fit in DECISIONS.usl]

    assert "has no peak that can be told" in usl.chart(flat, "k").title


def test_scale_has_a_panel_for_each_quantity_and_rings_the_first_limit() -> None:
    chart = scale.chart(DECISIONS.scale, "k")

    assert said(chart.title) == (
        "Of up to 10,000 requests of “hold” at once, a server has in hand at most 3069 with "
        "uvloop, 40 with sync"
    )
    assert [panel.heading for panel in chart.panels] == [what for what, *_ in scale.PANELS]
    rings = [one for one in chart.panels[0].series if one.kind == "limited"]
    assert [len(ring.marks) for ring in rings] == [1, 1, 1, 1]
    assert scale.limits(DECISIONS.scale)[0] == (
        "sync", "slots", "at 100 requests at once: 40 requests can be in hand",
    )  # fmt: skip


def test_who_hit_no_limit_is_said_with_how_far_it_was_asked() -> None:
    free = [dataclasses.replace(p, limit="", text="") for p in DECISIONS.scale]
    chart = scale.chart(free, "k")

    assert scale.limits(free)[1] == (
        "gthread", "no limit", "was hit up to 10,000 requests at once",
    )  # fmt: skip
    assert chart.legend == ()


def test_what_was_not_measured_of_a_scale_is_not_drawn() -> None:
    bare = [
        dataclasses.replace(p, in_hand=None, memory_mb=None, kb_per_waiting=None, cpu_share=None)
        for p in DECISIONS.scale
    ]
    chart = scale.chart(bare, "k")

    assert [panel.heading for panel in chart.panels] == ["latency, p50"]
    assert chart.title.endswith("how many were in hand was not measured")
    assert chart.table.rows[0][1] == "–"


def test_the_title_of_costs_is_processor_time_and_else_memory() -> None:
    without = [dataclasses.replace(c, cpu_s_per_1000=None) for c in DECISIONS.costs]

    assert said(costs.title(DECISIONS.costs)) == (
        "1,000 requests of “wait” take 0.550 s of CPU with uvloop, 1.90 s of CPU with sync"
    )
    assert said(costs.title(without)).startswith(
        "“wait” needs memory of 100 MiB with asgi and uvloop"
    )
    assert len(costs.chart(without, "k").panels) == 1


def test_a_cliff_has_a_panel_for_each_profile_and_a_rule_at_its_edge() -> None:
    chart = cliffs.chart(DECISIONS.cliffs, "k")

    assert said(chart.title) == (
        "“hold” climbs with the requests in flight: sync from 4.00 and gthread from 16.0 on; "
        "asgi and uvloop do not"
    )
    assert [panel.heading for panel in chart.panels] == [
        "4.00 at once; limit: worker × 4", "16.0 at once; limit: thread × 16", "no cliff",
        "no cliff",
    ]  # fmt: skip
    assert [len(panel.rules) for panel in chart.panels] == [1, 1, 0, 0]
    (bound, measured) = chart.panels[0].series
    assert (bound.kind, measured.kind, len(measured.marks)) == ("fitted", "measured", 8)
    assert [said(text) for text in chart.table.rows[0]] == [
        "sync", "4.00", "worker × 4", "100 ms", "128", "3.20 s",
    ]  # fmt: skip
    assert said(chart.table.rows[3][1]) == "≥128"


def test_the_bound_of_a_cliff_is_level_up_to_its_edge_and_then_climbs_in_proportion() -> None:
    chart = cliffs.chart(DECISIONS.cliffs[:1], "k")
    (bound, measured) = chart.panels[0].series

    path = [tuple(map(float, at.split())) for at in bound.path.removeprefix("M").split("L")]
    assert path[0][1] == path[1][1]
    assert path[1][0] == chart.panels[0].rules[0]
    # What was made lies on it.
    assert path[2] == (measured.marks[-1].x, measured.marks[-1].y)

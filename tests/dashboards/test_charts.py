"""The charts: their titles follow from the figures, their axes hold them, their labels part."""

import dataclasses
import itertools
import json
import math
from collections.abc import Callable

import pytest

from dashboards.report import charts
from dashboards.report.cells import Cell, cells
from dashboards.report.charts import drawing, labels, sentences
from dashboards.report.charts.chart import Chart, Line
from dashboards.report.format import NBSP
from loadtests.analysis.badday.records import BadDay
from loadtests.analysis.summary import Summary
from loadtests.bad_days import Disturbance
from tests.dashboards import summaries
from tests.dashboards.summaries import Case, summary, trial


def all_charts(made: Summary) -> dict[str, Chart]:
    found: list[Chart] = []
    for number, workload in enumerate(made.workloads, 1):
        mine = [cell for cell in cells(made) if cell.workload == workload.name]
        if mine:
            per_cell, sweep = charts.of_workload(mine, number)
            found += [*(chart for drawn in per_cell for chart in drawn), *sweep]
    assert len({chart.id for chart in found}) == len(found)
    return {chart.id: chart for chart in found}


def titles(made: Summary) -> dict[str, str]:
    return {name: chart.title.replace(NBSP, " ") for name, chart in all_charts(made).items()}


def cell_of(rates: dict[str, tuple[float, float]]) -> Cell:
    made = [
        trial(n, name, "wait", "rate", Case(rate, 10, 400), offered_rps=rate, achieved_rps=achieved)
        for n, (name, (rate, achieved)) in enumerate(rates.items())
    ]
    return cells(summary(made))[0]


def test_titles_say_what_the_figures_say() -> None:
    found = titles(summaries.tour())

    assert found["wait-1-rate-100-2-throughput"] == (
        "Of 100 requests/s, sync answers 39.6; gthread, uvloop and hybrid keep up"
    )
    assert found["wait-1-rate-100-2-quantiles"] == (
        "99 % of the requests are answered within 107 ms with gthread, uvloop and hybrid, "
        "≥ 12.1 s with sync"
    )
    assert found["blocking-2-rate-30-1-bystander"] == (
        "Nine bystanders in ten are served within 3.20 ms with sync, gthread and hybrid, "
        "5.23 s with uvloop"
    )
    assert found["wait-1-sweep-achieved"].startswith("Answered: sync at most 39.6 requests/s; ")
    assert found["wait-1-rate-100-2-latency"].startswith(
        "Latency grows through the trial with sync"
    )


def test_what_differs_by_less_than_a_tenth_is_no_visible_difference() -> None:
    found = titles(summaries.tour())

    assert found["hello-3-rate-200-1-quantiles"] == (
        "No visible difference: 99 % of the requests are answered within 1.51 ms with every profile"
    )
    assert found["wait-1-rate-20-1-latency"] == "Latency stays level through the trial"
    assert found["wait-1-rate-20-1-throughput"] == (
        "Every profile answers the 20 requests/s that are offered"
    )


def test_a_title_claims_nothing_about_a_profile_without_the_figure() -> None:
    said = sentences.spread({"sync": None, "asgi": 5.0, "uvloop": 5.1}, str, what="It takes")

    assert said == "No visible difference: it takes 5.1 with asgi and uvloop; not stated for sync"
    assert sentences.spread({"sync": None}, str, what="It takes").endswith("for any profile")


def test_a_lower_bound_is_written_as_one_and_never_equal_to_another() -> None:
    said = sentences.spread({"sync": 9.0, "asgi": 2.0}, str, what="It takes", floors=["sync"])
    both = sentences.spread({"a": 9.0, "b": 9.1}, str, what="It takes", floors=["a", "b"])

    assert said.replace(NBSP, " ") == "It takes 2.0 with asgi, ≥ 9.0 with sync"
    assert both.replace(NBSP, " ") == "It takes ≥ 9.1 with every profile"


def test_many_equal_profiles_are_counted_rather_than_listed() -> None:
    values = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0, "e": 9.0}

    assert (
        sentences.spread(values, str, what="It takes")
        == "It takes 9.0 with e, 1.0 with the other 4"
    )


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({"sync": (100, 0)}, "Of 100 requests/s, sync answers 0"),
        ({"sync": (100, 99)}, "sync answers the 100 requests/s that are offered"),
        (
            {"sync": (100, 94), "asgi": (100, 96)},
            "Of 100 requests/s, sync answers 94; asgi keeps up",
        ),
    ],
)
def test_who_answers_less_than_95_percent_falls_behind(
    rates: dict[str, tuple[float, float]], said: str
) -> None:
    assert sentences.throughput_title(cell_of(rates)).replace(NBSP, " ") == said


def test_a_course_of_which_too_few_slices_are_stated_is_not_drawn() -> None:
    made = trial(1, "sync", "wait", "rate-100", Case(100, 10, 4))
    few = tuple(
        dataclasses.replace(i, p50_ms=i.p50_ms if i.start_s > 12 else None) for i in made.timeline
    )

    assert "wait-1-rate-100-1-latency" in all_charts(summary([made]))
    assert "wait-1-rate-100-1-latency" not in all_charts(
        summary([dataclasses.replace(made, timeline=few)])
    )


@pytest.mark.parametrize(
    ("growing", "said"),
    [
        (1, "with a from 1.00 s to 9.00 s; b, c and d stay level"),
        (3, "with a, b and c; d stays level"),
        (4, "with 4 of 4 profiles"),
    ],
)
def test_who_grows_is_named_as_far_as_a_title_holds(growing: int, said: str) -> None:
    curves = {
        name: [1000.0, 5000.0, 9000.0] if n < growing else [1000.0, 1000.0, 1000.0]
        for n, name in enumerate("abcd")
    }

    assert sentences.growth(curves).replace(NBSP, " ") == f"Latency grows through the trial {said}"


def test_a_latency_that_rises_and_falls_again_is_told_by_its_peak() -> None:
    calm, stalled = [21.0] * 9, [21.0, 21.0, 21.0, 21.0, 2_100.0, 400.0, 21.0, 21.0, 21.0]
    brief = [1.0, 1.0, 1.0, 1.0, 19.0, 1.0, 1.0, 1.0, 1.0]

    assert sentences.growth({"a": calm, "b": brief}) == "Latency stays level through the trial"
    assert sentences.growth({"a": calm, "b": stalled}).replace(NBSP, " ") == (
        "The median latency peaks at 21.0 ms with a, 2.10 s with b"
    )
    growing = {"a": calm, "b": stalled, "c": [10.0, 20.0, 30.0]}
    assert sentences.growth(growing).replace(NBSP, " ") == (
        "Latency grows through the trial with c from 10.0 ms to 30.0 ms; a stays level"
    )


def test_the_quantile_axis_gives_each_nine_the_same_room() -> None:
    chart = all_charts(summaries.tour())["hello-3-rate-200-1-quantiles"]
    ticks = chart.option["xAxis"]["axisLabel"]["customValues"]

    assert ticks == pytest.approx([0, math.log10(2), 1, 2, 3])
    assert chart.table.rows[0][0] == f"1{NBSP}%"
    assert [row[0] for row in chart.table.rows[-3:]] == [
        f"{p}{NBSP}%" for p in ("99", "99.5", "99.9")
    ]


def test_the_figures_behind_a_chart_are_the_points_it_draws() -> None:
    made = summaries.tour()
    chart = all_charts(made)["wait-1-rate-100-2-throughput"]
    sync = next(t for t in made.trials if t.profile == "sync" and t.load == "rate-100")

    assert chart.table.headings == ("second", "sync", "gthread", "uvloop", "hybrid")
    assert len(chart.table.rows) == len(sync.timeline)
    assert [float(row[1]) for row in chart.table.rows] == [
        pytest.approx(i.achieved_rps, rel=0.005) for i in sync.timeline
    ]


def test_what_went_on_meanwhile_is_a_band_behind_the_lines_and_no_figure() -> None:
    day = BadDay(
        500.0, 80, 8.0, 900.0, False, None, None, None, (),
        disturbances=(Disturbance("burst", 2.0, 4.0), Disturbance("stall", 6.0, 7.5)),
    )  # fmt: skip
    (calm,) = (trial(1, "sync", "wait", "rate", Case(5, 10, 400), repetition=1),)
    plain, made = (
        all_charts(summary([dataclasses.replace(calm, bad_day=of)])) for of in (None, day)
    )

    for name in ("wait-1-rate-1-latency", "wait-1-rate-1-throughput"):
        series = made[name].option["series"]
        bands = [one for one in series if one.get("band")]
        top = made[name].option["yAxis"]["max"]
        assert [one["name"] for one in bands] == ["burst", "stall"]
        assert bands[0]["data"] == [[2.0, top], [4.0, top]]
        assert made[name].caption.endswith("Grey: the burst, 2 to 4 s and the stall, 6 to 7.5 s.")
        assert made[name].table == plain[name].table
        assert series[: -len(bands)] == plain[name].option["series"]


def test_loads_of_a_workload_share_their_axes() -> None:
    found = all_charts(summaries.tour())

    for kind in ("quantiles", "latency", "throughput"):
        one, other = (found[f"wait-1-{load}-{kind}"] for load in ("rate-20-1", "rate-100-2"))
        assert one.option["yAxis"] == other.option["yAxis"]


def test_one_load_has_no_sweep_and_an_invalid_trial_no_line() -> None:
    found = all_charts(summaries.awkward())

    assert not any("sweep" in name for name in found)
    for chart in found.values():
        assert "gevent" not in [s["name"] for s in chart.option["series"]]


def test_a_closed_load_is_swept_over_its_users_without_a_diagonal() -> None:
    chart = all_charts(summaries.closed())["wait-1-sweep-achieved"]

    assert chart.x == "users"
    assert chart.option["series"][0]["data"] == [[4.0, 40.0], [16.0, 40.0]]
    assert [s["name"] for s in chart.option["series"]] == ["sync", "uvloop"]


@pytest.mark.parametrize(
    "make",
    [summaries.tour, summaries.awkward, summaries.repeated, summaries.everyone, summaries.closed],
)
def test_every_point_lies_within_its_axes(make: Callable[[], Summary]) -> None:
    for chart in all_charts(make()).values():
        json.dumps(chart.option, allow_nan=False)
        for line in chart.option["series"]:
            for point in line["data"]:
                x, y = point["value"] if isinstance(point, dict) else point
                for axis, value in ((chart.option["xAxis"], x), (chart.option["yAxis"], y)):
                    if axis["type"] != "category":
                        assert axis["min"] <= value <= axis["max"] * 1.0000001, chart.id


@pytest.mark.parametrize(("low", "high"), [(0.3, 0.31), (99, 12000), (1, 1), (0.05, 90000)])
def test_a_log_axis_holds_its_values_and_has_at_least_two_ticks(low: float, high: float) -> None:
    axis = drawing.log_axis("latency", [low, high])

    assert axis["min"] < low <= high < axis["max"]
    assert 2 <= len(axis["axisLabel"]["customValues"]) <= 8


@pytest.mark.parametrize("highest", [0, 0.4, 1, 19, 20, 99, 100, 101, 12345])
def test_a_linear_axis_starts_at_zero_and_ends_on_a_tick(highest: float) -> None:
    axis = drawing.linear_axis("rate", [highest])
    ticks = axis["axisLabel"]["customValues"]

    assert (ticks[0], ticks[-1]) == (0, axis["max"])
    assert axis["max"] >= highest
    assert 2 <= len(ticks) <= 7


def test_labels_never_stand_on_one_another_and_stay_in_the_plot() -> None:
    wanted = [10.0, 11.0, 12.0, 100.0, 199.0, 200.0, 200.0]
    placed = labels.spaced(wanted, 200)

    assert all(b - a >= labels.HEIGHT - 1e-9 for a, b in itertools.pairwise(placed))
    assert placed[0] >= 0
    assert placed[-1] <= 200 - labels.FOOT
    assert placed[3] == 100.0


def test_the_label_of_a_line_that_ends_early_steps_off_the_line_that_runs_on() -> None:
    axis = drawing.log_axis("latency", [50, 200])
    runs_on = Line("uvloop", [(0, 100), (1, 101), (2, 102)])
    early = Line("sync", [(0, 100), (1, 101)])

    assert labels.offsets([early, runs_on], axis, 200) == [-labels.HEIGHT, 0]


def test_profiles_that_never_ran_leave_no_chart() -> None:
    made = dataclasses.replace(summaries.empty(), trials=())

    assert all_charts(made) == {}

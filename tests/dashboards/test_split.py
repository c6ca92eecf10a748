"""The split as bars: its sentence, its parts and their sum, and what is said of the rest."""

import dataclasses
from typing import Any

import pytest

from dashboards.report.cells import Cell, cells
from dashboards.report.charts import bars, split
from dashboards.report.format import NBSP
from loadtests.analysis.instruments import Parts, Split
from loadtests.analysis.summary import Trial
from tests.dashboards import summaries
from tests.dashboards.summaries import Case, summary, trial

PARTS = Parts(
    requests=100,
    latency_ms=200.0,
    lateness_ms=1.0,
    connect_ms=2.0,
    queue_ms=150.0,
    cpu_ms=7.0,
    wait_ms=30.0,
    return_ms=10.0,
    remainder_ms=0.0,
)


def measured(number: int, profile: str, parts: Parts, **more: object) -> Trial:
    made = trial(number, profile, "wait", "rate", Case(100, 10, 400), repetition=number)
    found = Split(stamped=1.0, all=parts, slowest=None)
    return dataclasses.replace(made, split=dataclasses.replace(found, **more))  # type: ignore[arg-type]


def cell_of(*trials: Trial) -> Cell:
    return cells(summary(list(trials)))[0]


def chart_of(*trials: Trial) -> split.SplitChart:
    found = split.chart(cell_of(*trials), "key")
    assert found is not None
    return found


def said(chart: split.SplitChart) -> str:
    return chart.title.replace(NBSP, " ")


def mostly(part: str, ms: float) -> Parts:
    values: dict[str, Any] = {f"{part}_ms": ms}
    return dataclasses.replace(PARTS, queue_ms=0.0, **values)


def test_the_title_names_the_greatest_part_of_each_group_of_profiles() -> None:
    chart = chart_of(
        measured(1, "sync", PARTS),
        measured(2, "gthread", dataclasses.replace(PARTS, queue_ms=850.0)),
        measured(3, "uvloop", mostly("wait", 980.0)),
    )

    assert said(chart) == (
        "sync and gthread: 75 to 94 % of a request’s time is spent in the queue; "
        "uvloop: 98 % is spent in the application without a processor"
    )


def test_where_all_are_alike_the_title_says_every_profile_and_many_are_counted() -> None:
    same = [measured(n, name, PARTS) for n, name in enumerate(("sync", "asgi", "gevent", "uvloop"))]
    other = measured(9, "hybrid", mostly("cpu", 3000.0))

    assert said(chart_of(*same)) == "Every profile: 75 % of a request’s time is spent in the queue"
    assert said(chart_of(*same, other)).startswith("4 profiles: 75 %")
    assert said(chart_of(other)) == "hybrid: 99 % of a request’s time is computing"


def test_the_parts_are_means_over_the_valid_trials_and_add_up() -> None:
    one, two = PARTS, dataclasses.replace(PARTS, queue_ms=250.0, latency_ms=300.0)
    bad = summaries.invalid(3, measured(3, "sync", mostly("cpu", 9e6)))

    chart = chart_of(measured(1, "sync", one), measured(2, "sync", two), bad)

    (row,) = chart.table.rows
    assert chart.table.headings == (
        "profile", "lateness", "connect", "queue", "CPU", "wait", "return", "remainder", "latency",
    )  # fmt: skip
    assert [text.split(NBSP)[0] for text in row] == [
        "sync", "1.00", "2.00", "200", "7.00", "30.0", "10.0", "0", "250",
    ]  # fmt: skip
    for panel in chart.panels:
        (bar,) = panel.bars
        ends = [segment.at + segment.width for segment in bar.segments]
        starts = [segment.at for segment in bar.segments]
        assert starts[1:] == pytest.approx(ends[:-1], abs=0.01)
        assert starts[0] == 0.0
        assert ends[-1] == pytest.approx(100.0, abs=0.01)


def test_bars_share_an_axis_in_ms_and_fill_their_width_as_shares() -> None:
    chart = chart_of(
        measured(1, "sync", PARTS),
        measured(2, "uvloop", dataclasses.replace(PARTS, queue_ms=0.0, latency_ms=50.0)),
    )
    in_ms, shares = chart.panels

    assert [sum(s.width for s in bar.segments) for bar in in_ms.bars] == pytest.approx([100, 25])
    assert [bar.end.replace(NBSP, " ") for bar in in_ms.bars] == ["200 ms", "50.0 ms"]
    assert [sum(s.width for s in bar.segments) for bar in shares.bars] == pytest.approx([100, 100])
    assert "queue" not in [segment.part for segment in in_ms.bars[1].segments]


def test_the_slowest_hundredth_has_a_bar_of_its_own_where_every_trial_states_it() -> None:
    slow = dataclasses.replace(PARTS, queue_ms=1000.0)
    one = measured(1, "sync", PARTS, slowest=slow)
    two = measured(2, "uvloop", PARTS)

    chart = chart_of(one, two)

    assert [(bar.profile, bar.slowest) for bar in chart.panels[0].bars] == [
        ("sync", False),
        ("sync", True),
        ("uvloop", False),
    ]
    assert "slowest hundredth" in chart.caption
    assert "slowest" not in chart_of(two).caption


def test_a_remainder_that_can_be_seen_is_named() -> None:
    beyond = dataclasses.replace(PARTS, remainder_ms=-2.5, latency_ms=197.5)

    chart = chart_of(measured(1, "sync", beyond), measured(2, "uvloop", PARTS))

    assert "clocks: -2.50 ms with sync." in chart.caption.replace(NBSP, " ")
    assert chart.panels[0].bars[0].end.replace(NBSP, " ") == "198 ms"
    assert "clocks" not in chart_of(measured(2, "uvloop", PARTS)).caption


def test_a_share_that_was_measured_is_stated_where_it_is_not_all() -> None:
    chart = chart_of(measured(1, "sync", PARTS, stamped=0.08), measured(2, "uvloop", PARTS))

    assert "At least 8 % of them were measured" in chart.caption.replace(NBSP, " ")


def test_a_profile_without_the_split_is_not_drawn() -> None:
    one = measured(1, "sync", PARTS)
    bare = dataclasses.replace(measured(2, "sync", PARTS), split=None)
    other = measured(3, "uvloop", PARTS)

    assert [bar.profile for bar in chart_of(one, bare, other).panels[0].bars] == ["uvloop"]
    assert split.chart(cell_of(bare), "key") is None


@pytest.mark.parametrize(
    ("end", "labels"),
    [
        (1019.0, ["0", "500 ms", "1 s"]),
        (4.2, ["0", "1 ms", "2 ms", "3 ms", "4 ms"]),
        (0.31, ["0", "0.1 ms", "0.2 ms", "0.3 ms"]),
    ],
)
def test_ticks_are_round_and_lie_on_the_axis(end: float, labels: list[str]) -> None:
    found = bars.ticks(end)

    assert [label.replace(NBSP, " ") for _, label in found] == labels
    assert all(0 <= at <= 100 for at, _ in found)


def test_who_left_requests_unanswered_is_named() -> None:
    bounded = measured(1, "sync", PARTS)
    lost = dataclasses.replace(bounded.requests, completed=1900, censored=100)

    chart = chart_of(dataclasses.replace(bounded, requests=lost), measured(2, "uvloop", PARTS))

    assert "Requests to sync that were never answered are not in it." in chart.caption

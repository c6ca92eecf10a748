"""The swimlane: which requests it compares, where their bars stand, and what it leaves out."""

import dataclasses
import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.report.cells import Cell, cells
from dashboards.report.charts import intervals, lanes, swimlane
from dashboards.report.format import NBSP
from loadtests.analysis.instruments import Course, Slice
from loadtests.analysis.subjects import LoadSummary
from loadtests.analysis.summary import Trial
from tests.dashboards import summaries
from tests.dashboards.summaries import Case, summary, trial

COURSE = Course(
    stream="load",
    route="/wait",
    outcome="completed",
    worker=1,
    intended_ms=1000.0,
    connect_ms=0.0,
    sent_ms=1000.0,
    began_ms=1020.0,
    ended_ms=1080.0,
    done_ms=1100.0,
    slices=(Slice("loop", "run", 1020.0, 1030.0), Slice("loop", "run", 1070.0, 1080.0)),
)


def moved(ms: float, course: Course = COURSE, **more: object) -> Course:
    """The same course later, with other fields."""
    times = {
        name: getattr(course, name) + ms
        for name in ("intended_ms", "sent_ms", "began_ms", "ended_ms", "done_ms")
    }
    slices = tuple(
        dataclasses.replace(s, from_ms=s.from_ms + ms, to_ms=s.to_ms + ms) for s in course.slices
    )
    return dataclasses.replace(course, **times | {"slices": slices} | more)


def never(course: Course) -> Course:
    return dataclasses.replace(
        course, outcome="censored", worker=None, began_ms=None, ended_ms=None, slices=()
    )


def ran(number: int, profile: str, *courses: Course, repetition: int = 1) -> Trial:
    made = trial(number, profile, "wait", "rate", Case(100, 10, 400), repetition=repetition)
    return dataclasses.replace(made, courses=courses)


def cell_of(*trials: Trial) -> Cell:
    return cells(summary(list(trials)))[0]


def chart_of(*trials: Trial) -> swimlane.Swimlane:
    found = swimlane.chart(cell_of(*trials), "key")
    assert found is not None
    return found


def marks(found: lanes.Lanes, state: str) -> list[lanes.Mark]:
    return [mark for each in found.marks for mark in each if mark.state == state]


def test_a_request_waits_awaits_and_runs_where_and_when_it_did() -> None:
    found = lanes.drawn([COURSE], 100.0)

    (queue,), (awaiting,) = marks(found, "queue"), marks(found, "await")
    assert (queue.x, queue.width) == (0.0, 20.0 - lanes.SLIT)
    assert (awaiting.x, awaiting.width) == (30.0, 40.0 - lanes.SLIT)
    assert [(m.x, m.width) for m in marks(found, "run")] == [
        (20.0, 10.0 - lanes.SLIT),
        (70.0, 10.0 - lanes.SLIT),
    ]
    assert [label.text for label in found.labels] == ["queue", "awaiting", "loop"]
    assert queue.y + queue.height < awaiting.y < found.grounds[0][0]
    assert found.grounds[0][0] + found.grounds[0][1] <= found.height


def test_what_holds_while_it_waits_has_no_time_of_awaiting() -> None:
    held = dataclasses.replace(
        COURSE,
        slices=(Slice("worker", "run", 1020.0, 1030.0), Slice("worker", "block", 1030.0, 1080.0)),
    )
    found = lanes.drawn([held], 100.0)

    assert marks(found, "await") == []
    assert [(mark.x, mark.state) for mark in found.marks[0][1:]] == [(20.0, "run"), (30.0, "block")]
    assert [label.text for label in found.labels] == ["queue", "worker"]


def test_each_worker_has_its_lanes_and_pools_stand_below_the_loop() -> None:
    lanes_of = ("thread pool 10", "process 1", "loop", "thread pool 2")
    slices = tuple(Slice(lane, "run", 1020.0, 1080.0) for lane in lanes_of)
    one = dataclasses.replace(COURSE, slices=slices)
    sync = dataclasses.replace(COURSE, slices=(Slice("worker", "run", 1020.0, 1080.0),))

    alone = lanes.drawn([one], 100.0)
    several = lanes.drawn([sync, dataclasses.replace(sync, worker=2)], 100.0)
    loops = lanes.drawn([one, dataclasses.replace(COURSE, worker=2)], 100.0)

    assert [label.text for label in alone.labels[1:]] == [
        "loop", "process 1", "thread pool 2", "thread pool 10",
    ]  # fmt: skip
    assert [label.text for label in several.labels[1:]] == ["worker 1", "worker 2"]
    assert [label.text for label in loops.labels[1:]][::4] == ["worker 1 loop", "worker 2 awaiting"]
    assert len({top for top, _ in alone.grounds}) == 4


@given(
    st.lists(
        st.none() | st.tuples(st.floats(0, 100), st.floats(0, 100)).map(lambda p: tuple(sorted(p)))
    )
)
def test_in_a_row_nothing_overlaps_and_no_row_is_left_out(
    found: Sequence[tuple[float, float] | None],
) -> None:
    ordered = sorted((one for one in found if one is not None), key=lambda one: one[0])
    rows = intervals.packed(ordered)

    assert set(rows) == set(range(max(rows, default=-1) + 1))
    for row in set(rows):
        here = [one for one, at in zip(ordered, rows, strict=True) if at == row]
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(here))
    assert intervals.packed([None, *ordered])[1:] == rows


def test_a_slice_too_short_to_see_is_part_of_its_longer_neighbour() -> None:
    slices = [
        Slice("loop", "run", 0.0, 0.1),
        Slice("loop", "block", 0.1, 50.0),
        Slice("loop", "run", 50.0, 50.1),
        Slice("loop", "run", 60.0, 60.1),
        Slice("thread pool 1", "block", 60.1, 90.0),
    ]

    assert intervals.merged(slices, 1.0) == [
        Slice("loop", "block", 0.0, 50.1),
        Slice("loop", "run", 60.0, 60.1),
        Slice("thread pool 1", "block", 60.1, 90.0),
    ]
    assert intervals.merged(slices, 0.01) == slices


def test_every_mark_lies_on_the_axis_and_within_the_picture() -> None:
    for make in (summaries.tour, summaries.everyone, summaries.closed):
        for cell in cells(make()):
            chart = swimlane.chart(cell, "key")
            assert chart is not None
            for row in chart.rows:
                assert len(row.words) == len(row.lanes.marks)
                for mark in (mark for each in row.lanes.marks for mark in each):
                    assert 0 <= mark.x <= 100
                    assert mark.x + mark.width <= 100 + lanes.LEAST
                    assert 0 <= mark.y < mark.y + mark.height <= row.lanes.height


def test_the_requests_compared_are_those_that_all_have_in_the_same_repetition() -> None:
    early = ran(1, "sync", COURSE, repetition=1)
    chart = chart_of(
        early,
        ran(2, "sync", COURSE, moved(30), moved(60), repetition=2),
        ran(3, "uvloop", COURSE, moved(60), moved(90), repetition=2),
    )

    assert [len(row.words) for row in chart.rows] == [2, 2]
    assert chart.title.startswith("No visible difference: the slowest of the same 2 requests")
    assert chart_of(early).title.startswith("The slowest of 1 captured request is")


def test_four_profiles_are_compared_and_an_invalid_trial_is_not() -> None:
    names = ("sync", "gthread", "gevent", "asgi", "uvloop", "hybrid")
    made = [ran(n, name, COURSE) for n, name in enumerate(names)]
    refused = summaries.invalid(0, made[0])

    chart = chart_of(refused, *made[1:])

    assert [row.profile for row in chart.rows] == ["gthread", "gevent", "asgi", "uvloop"]
    assert swimlane.chart(cell_of(refused), "key") is None


def test_under_closed_load_each_profile_has_its_own_requests() -> None:
    made = summary([ran(1, "sync", COURSE), ran(2, "uvloop", moved(5000), moved(5050))])
    loads = (LoadSummary("rate", "closed", None, 4, "4 users"),)
    chart = swimlane.chart(cells(dataclasses.replace(made, loads=loads))[0], "key")

    assert chart is not None
    assert [len(row.words) for row in chart.rows] == [1, 2]
    assert "of 2 captured requests" in chart.title
    assert marks(chart.rows[1].lanes, "queue")[0].x == 0.0
    assert chart.table.rows[1] == ("2", "", "", f"20.0{NBSP}ms", f"100{NBSP}ms")


def test_the_axis_ends_at_ten_times_the_quickest_and_says_what_lies_beyond() -> None:
    late = moved(0, done_ms=4000.0)
    chart = chart_of(
        ran(1, "uvloop", COURSE, moved(10)),
        ran(2, "sync", late, never(moved(10, done_ms=9000.0))),
    )
    quick, slow = chart.rows

    assert chart.ticks[-1] == (90.91, f"1{NBSP}s")
    assert quick.note == ""
    assert slow.note.replace(NBSP, " ") == (
        "1 answered beyond the axis, the last after 3.00 s, 1 not answered before the trial ended"
    )
    assert "≥" in chart.title
    assert slow.words[1].endswith("not answered before the trial ended")
    assert marks(slow.lanes, "queue")[-1].width == pytest.approx(99.0, abs=0.2)
    assert chart.table.rows[1][-2:] == ("–", "not answered")

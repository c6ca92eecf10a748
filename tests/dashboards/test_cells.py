"""Medians are of valid trials; INVALID trials are kept beside them."""

import dataclasses

import pytest

from dashboards.report import cells
from loadtests.analysis.subjects import LoadSummary
from loadtests.analysis.summary import Trial
from tests.dashboards import summaries
from tests.dashboards.summaries import Case, invalid, summary, trial


def make(number: int, achieved: float, **over: object) -> Trial:
    made = trial(number, "sync", "wait", "rate-100", Case(100, 100, 4), repetition=number)
    return dataclasses.replace(made, achieved_rps=achieved, **over)  # type: ignore[arg-type]


def row_of(*trials: Trial) -> cells.Row:
    return cells.cells(summary(list(trials)))[0].rows[0]


def test_a_figure_is_the_median_of_the_valid_trials() -> None:
    row = row_of(make(1, 40), make(2, 44), invalid(3, make(3, 1000)), make(4, 41))

    assert row.median(lambda t: t.achieved_rps) == 41
    assert [t.number for t in row.invalid] == [3]


def test_a_figure_that_one_valid_trial_does_not_state_is_not_stated() -> None:
    row = row_of(make(1, 40, cpu_s=1.0), make(2, 40, cpu_s=None))

    assert row.median(lambda t: t.cpu_s) is None


def test_a_row_without_valid_trials_has_no_figure_and_is_not_drawn() -> None:
    cell = cells.cells(summary([invalid(1, make(1, 40))]))[0]

    assert cell.rows[0].median(lambda t: t.achieved_rps) is None
    assert cell.drawn == ()


def test_a_quantile_is_drawn_only_where_every_valid_trial_states_it() -> None:
    first, second = make(1, 40), make(2, 40)
    short = dataclasses.replace(second.latency_ms, curve=((0.0, 100.0), (0.5, 300.0)))
    long = dataclasses.replace(first.latency_ms, curve=((0.0, 200.0), (0.5, 100.0), (0.9, 400.0)))
    row = row_of(
        dataclasses.replace(first, latency_ms=long), dataclasses.replace(second, latency_ms=short)
    )

    assert cells.latency(row, lambda t: t.latency_ms) == ((0.0, 150.0), (0.5, 200.0))


def test_a_slice_of_the_timeline_is_the_median_of_those_that_state_it() -> None:
    row = row_of(make(1, 40), make(2, 40), invalid(3, make(3, 40)))
    expected = [
        pytest.approx((a.achieved_rps + b.achieved_rps) / 2)
        for a, b in zip(row.valid[0].timeline, row.valid[1].timeline, strict=True)
    ]

    assert [v for _, v in cells.timeline(row, lambda i: i.achieved_rps)] == expected


def test_loads_stand_in_the_order_of_their_size_and_profiles_in_that_of_the_experiment() -> None:
    made = summaries.repeated()
    loads = tuple(reversed(made.loads))
    found = cells.cells(dataclasses.replace(made, loads=loads))

    assert [cell.load.rate_rps for cell in found] == [20.0, 40.0, 80.0]
    assert [row.profile for row in found[0].rows] == ["sync", "uvloop"]


def test_a_load_that_no_trial_ran_has_no_cell() -> None:
    made = summary([make(1, 40)])
    spare = LoadSummary("rate-9", "open", 9.0, None, "open, 9 requests/s")

    assert len(cells.cells(dataclasses.replace(made, loads=(*made.loads, spare)))) == 1
    assert cells.cells(summaries.empty()) == ()


def test_probes_and_second_arms_are_no_part_of_a_cell_and_attempts_are() -> None:
    probe = make(2, 40, role="probe")
    second = make(3, 40, arm=2)
    again = make(5, 40, attempt=2, repetition=4)
    row = row_of(make(1, 40), probe, second, invalid(4, make(4, 40)), again)

    assert [t.number for t in row.valid] == [1, 5]
    assert [t.number for t in row.invalid] == [4]


def test_a_cell_calibrates_only_where_all_its_trials_do() -> None:
    low = make(1, 40, role="calibrate")

    assert cells.cells(summary([low]))[0].calibrates
    assert not cells.cells(summary([low, make(2, 40)]))[0].calibrates

"""Who held what, and for how long: routes, lines, workers; and what is said against a spread."""

from __future__ import annotations

import dataclasses

import pytest

from loadtests.analysis.checks.cautions import warnings_of
from loadtests.analysis.holds import held_lines_of
from loadtests.analysis.instruments import WorkerShare
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.trial import summarize
from loadtests.matrix import BYSTANDER
from loadtests.records import Stack
from loadtests.samples import Outcome
from tests.loadtests.analysis.saved import Row, samples_of, trial_of, with_server

HELD = Row(at=0.0, took=20.0, queue=0.0, cpu=1.0, wait=18.0, hold=20.0, step=15.0, worker=11)


def of_profile(profile: str, trial: SavedTrial, threads: int, *pids: int) -> SavedTrial:
    facts = tuple({"pid": pid, "threads": threads} for pid in pids)
    spec = dataclasses.replace(trial.spec, profile=profile)
    return with_server(dataclasses.replace(trial, spec=spec), facts=facts)


def test_the_route_that_holds_the_most_comes_first_with_its_longest_step() -> None:
    main = [dataclasses.replace(HELD, at=float(n), hold=30.0, step=29.0) for n in range(9)]
    longest = dataclasses.replace(HELD, hold=30.0, step=30.0)
    beside = [dataclasses.replace(HELD, stream=BYSTANDER, hold=1.0, step=1.0) for _ in range(100)]

    holds = summarize(trial_of([*beside, longest, *main])).holds

    assert [(h.route, h.requests, h.mean_ms) for h in holds] == [
        ("/wait", 10, 30.0),
        ("/hello", 100, 1.0),
    ]
    assert [(h.longest_ms, h.share) for h in holds] == [(30.0, 0.75), (1.0, 0.25)]


def test_requests_that_were_not_measured_are_held_to_be_like_those_that_were() -> None:
    unmeasured = [Row(at=float(n)) for n in range(30)]
    failed = dataclasses.replace(HELD, outcome=Outcome.FAILED, hold=9999.0)
    beside = [dataclasses.replace(HELD, stream=BYSTANDER, hold=10.0, step=10.0)] * 8

    holds = summarize(trial_of([HELD, HELD, *unmeasured, failed, *beside])).holds

    assert [(h.route, h.requests, h.mean_ms) for h in holds] == [
        ("/wait", 32, 20.0),
        ("/hello", 8, 10.0),
    ]
    assert holds[0].share == round(640 / 720, 4)


def test_a_worker_is_occupied_for_as_much_of_the_window_as_it_was_held() -> None:
    """The window has 10 s: 100 requests of 20 ms are a fifth of it, 50 of 40 ms another."""
    one = [dataclasses.replace(HELD, at=100.0 * n) for n in range(100)]
    two = [
        dataclasses.replace(HELD, at=200.0 * n, took=40.0, hold=40.0, worker=9) for n in range(50)
    ]

    trial = summarize(of_profile("sync", trial_of([*one, *two]), 1, 9, 11, 30))

    assert trial.workers == (
        WorkerShare(worker=1, requests=50, share=0.3333, occupancy=0.2),
        WorkerShare(worker=2, requests=100, share=0.6667, occupancy=0.2),
        WorkerShare(worker=3, requests=0, share=0.0, occupancy=0.0),
    )


def test_threads_share_the_occupancy_and_a_loop_has_one_slot_whatever_its_pool() -> None:
    rows = [dataclasses.replace(HELD, at=100.0 * n) for n in range(100)]

    threads = summarize(of_profile("gthread", trial_of(rows), 4, 11)).workers
    loop = summarize(of_profile("hybrid", trial_of(rows), 4, 11)).workers

    assert [worker.occupancy for worker in (*threads, *loop)] == [0.05, 0.2]


def test_what_is_held_outside_the_window_does_not_occupy_it() -> None:
    """At both edges half of 20 ms lies inside; the request of the drain is not counted as one."""
    before = dataclasses.replace(HELD, at=-10.0)
    after = dataclasses.replace(HELD, at=9_990.0)
    drained = dataclasses.replace(HELD, at=9_000.0, took=3_000.0, hold=500.0)

    (worker,) = summarize(of_profile("sync", trial_of([before, after, drained]), 1, 11)).workers

    assert worker.requests == 1
    assert worker.occupancy == pytest.approx(0.002)


def test_occupancy_is_scaled_by_the_share_that_was_measured() -> None:
    rows = [dataclasses.replace(HELD, at=100.0 * n) for n in range(50)]
    unmeasured = [Row(at=100.0 * n) for n in range(50, 100)]

    (worker,) = summarize(of_profile("sync", trial_of([*rows, *unmeasured]), 1, 11)).workers

    assert (worker.requests, worker.occupancy) == (50, 0.2)


def shares(*requests: int) -> list[WorkerShare]:
    total = sum(requests) or 1
    return [WorkerShare(n, r, r / total, 0.5) for n, r in enumerate(requests, 1)]


@pytest.mark.parametrize(
    ("requests", "warned"),
    [
        ((80, 0), True),
        ((6, 2), False),
        ((7, 0), True),
        ((5, 0), False),
        ((61, 40), False),
        ((610, 400), True),
        ((600, 400), False),
        ((30, 68), True),
        ((200, 100, 140), True),
        ((20, 10, 14), False),
        ((9, 1, 2, 1), True),
        ((4, 1, 2, 1), False),
        ((0, 0), False),
        ((500,), False),
    ],
)
def test_a_spread_beyond_60_to_40_is_a_warning_where_chance_does_not_explain_it(
    requests: tuple[int, ...], warned: bool
) -> None:
    found = warnings_of(samples_of([]), shares(*requests), None, ())

    assert [reason.code for reason in found] == ["imbalance"] * warned


def test_an_imbalance_names_who_had_how_much() -> None:
    (found,) = warnings_of(samples_of([]), shares(30, 170, 100), None, ())

    assert found.text == "worker 2 of 3 answered 57% of the requests, worker 1 only 10%"
    assert found.hint


@pytest.mark.parametrize(
    ("occupancies", "warned"),
    [
        ((0.9, 0.3), True),
        ((0.9, 0.62), False),
        ((0.19, 0.0), False),
        ((0.21, 0.0), True),
        ((0.9, 0.8, 0.2), True),
    ],
)
def test_workers_that_are_occupied_unequally_are_a_warning_where_one_has_much_to_do(
    occupancies: tuple[float, ...], warned: bool
) -> None:
    count = len(occupancies)
    workers = [WorkerShare(n, 50, 1 / count, o) for n, o in enumerate(occupancies, 1)]

    found = warnings_of(samples_of([]), workers, None, ())

    assert [reason.code for reason in found] == ["imbalance"] * warned


def test_both_ways_of_being_unequal_are_one_warning() -> None:
    workers = [WorkerShare(1, 80, 1.0, 0.7), WorkerShare(2, 0, 0.0, 0.0)]

    (found,) = warnings_of(samples_of([]), workers, None, ())

    assert found.text == (
        "worker 1 of 2 answered 100% of the requests, worker 2 only 0%; "
        "worker 1 of 2 was occupied for 70% of the window, worker 2 only for 0%"
    )


def test_clocks_that_disagree_are_a_warning_that_leaves_the_trial_valid() -> None:
    early = [dataclasses.replace(HELD, at=100.0 * n, queue=1.5) for n in range(20)]

    trial = of_profile("sync", trial_of(early), 1, 11)
    summary = summarize(trial)

    assert [reason.code for reason in summary.warnings] == ["clock", "few_samples"]
    assert "0.50 ms" in summary.warnings[0].text
    assert summary.valid
    agreed = trial_of([dataclasses.replace(r, queue=1.05) for r in early])
    (few,) = summarize(of_profile("sync", agreed, 1, 11)).warnings
    assert few.code == "few_samples"


def test_the_lines_that_hold_a_route_are_merged_over_their_stacks() -> None:
    block = "servers/work.py:29 block"
    stacks = [
        Stack(route="/blocking", samples=40, held_ms=200.0, frames=(block, "a.py:1 f")),
        Stack(route="/blocking", samples=56, held_ms=280.0, frames=(block, "b.py:1 g")),
        Stack(route="/blocking", samples=4, held_ms=20.0, frames=("json.py:1 dumps",)),
        Stack(route="/cpu", samples=5, held_ms=25.0, frames=("servers/work.py:9 compute",)),
        Stack(route="/cpu", samples=9, held_ms=45.0, frames=()),
    ]

    lines = held_lines_of(stacks)

    assert [(found.route, found.line, found.samples, found.share) for found in lines] == [
        ("/blocking", block, 96, 0.96),
        ("/blocking", "json.py:1 dumps", 4, 0.04),
        ("/cpu", "servers/work.py:9 compute", 5, 1.0),
    ]
    assert lines[0].held_ms == 480.0
    assert lines[0].frames == (block, "b.py:1 g")


def test_of_each_route_three_lines_are_named() -> None:
    stacks = [
        Stack(route="/cpu", samples=n, held_ms=float(n), frames=(f"x.py:{n} f",))
        for n in range(1, 6)
    ]

    assert [line.samples for line in held_lines_of(stacks)] == [5, 4, 3]

"""The figures of a twin, from requests whose times are given."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loadtests.live.asked import Asked
from loadtests.live.controls import Controls
from loadtests.live.seen import Seen, Server, Waiting
from loadtests.live.view import SHOWN, View
from loadtests.workload import Request
from servers.budget import Budget

BUDGET = Budget(slots=4, workers=1)


def answered(
    done: float, latency: float = 100.0, *, aside: bool = False, ok: bool = True, hold: float = 1.0
) -> Seen:
    """A request that waited in no queue."""
    intended = done - latency
    return Seen(
        intended_ms=intended, sent_ms=intended, began_ms=intended + 1, ended_ms=done - 1,
        done_ms=done, cpu_ms=1.0, hold_ms=hold, step_ms=hold, worker=1,
        path="/hello" if aside else "/wait", aside=aside, ok=ok,
    )  # fmt: skip


def frame(
    view: View, now: float, waiting: list[Waiting] | None = None, **server: float
) -> dict[str, Any]:
    made = Server(active=int(server.get("active", 0)), cpu_s=server.get("cpu_s"))
    return view.frame(now, waiting or [], made, Controls().asked)


def test_the_figures_are_of_the_last_five_seconds() -> None:
    view = View("gthread", BUDGET, 0.0)
    view.add([answered(1000, 500.0)])
    view.add(answered(4000 + 100 * n, 100.0) for n in range(50))

    shown = frame(view, 9000)

    assert shown["p50_ms"] == shown["p99_ms"] == 100.0
    assert shown["answered_rps"] == 10.0


def test_before_that_they_are_of_the_time_since_its_start() -> None:
    view = View("gthread", BUDGET, 8000.0)
    view.add([answered(8500), answered(9000)])

    assert frame(view, 9000)["answered_rps"] == 2.0


def test_failures_are_no_answers() -> None:
    view = View("gthread", BUDGET, 0.0)
    view.add([answered(4500), answered(4600, 1.0, ok=False)])

    shown = frame(view, 5000)

    assert (shown["answered_rps"], shown["failed_rps"]) == (0.2, 0.2)
    assert shown["p50_ms"] == 100.0


def test_a_server_that_stands_still_shows_how_long_its_requests_have_waited() -> None:
    view = View("gthread", BUDGET, 0.0)
    view.add([answered(4000)])

    shown = frame(view, 9500, [Waiting(5500, False), Waiting(7500, False), Waiting(9000, True)])

    assert shown["p50_ms"] == 3000.0
    assert shown["oldest_ms"] == 4000.0
    assert shown["bystander_ms"] == 500.0


def test_who_waits_no_longer_than_others_took_is_not_counted_twice() -> None:
    view = View("gthread", BUDGET, 0.0)
    view.add([answered(4000 + n) for n in range(10)])

    assert frame(view, 5000, [Waiting(4950, False)])["p50_ms"] == 100.0


def test_what_the_application_has_not_begun_is_in_the_queue() -> None:
    view = View("gthread", BUDGET, 0.0)
    waiting = [Waiting(4000 + n, False) for n in range(10)]

    shown = frame(view, 5000, waiting, active=4)

    assert (shown["in_flight"], shown["queued"]) == (10.0, 6.0)
    # The server's count is of another moment: there is no queue of less than none.
    assert frame(view, 5100, waiting[:2], active=4)["queued"] == 0.0


def test_occupancy_is_the_hold_of_all_lanes() -> None:
    view = View("gthread", BUDGET, 0.0)
    view.add(answered(1000 + n, 100.0, hold=100.0) for n in range(100))

    # 10 s of hold in 5 s of 4 threads.
    assert frame(view, 5000)["occupancy"] == 0.5


def test_the_processor_is_that_of_the_same_seconds() -> None:
    view = View("uvloop", BUDGET, 0.0)

    shares = [
        frame(view, at, cpu_s=used)["cpu"] for at, used in ((0, 1.0), (1000, 1.5), (6500, 2.0))
    ]

    assert shares == [None, 0.5, pytest.approx(0.5 / 5.5, abs=1e-3)]


def test_bars_are_told_once_and_the_newest_of_very_many() -> None:
    view = View("gthread", BUDGET, 0.0)
    view.add(answered(1000 + n) for n in range(SHOWN + 50))

    first, second = frame(view, 2000), frame(view, 2250)

    assert len(first["bars"]) == SHOWN
    assert first["bars"][-1][5] == pytest.approx(1000 + SHOWN + 49)
    assert second["bars"] == []


def test_a_bar_has_its_lane_its_times_and_what_it_was() -> None:
    view = View("uvloop", BUDGET, 0.0)
    view.add([answered(1000, 100.0, aside=True)])

    (bar,) = frame(view, 1000)["bars"]

    assert bar == [0, 900.0, 900.0, 901.0, 999.0, 1000.0, 1.0, 1.0, 1, 1]


def test_a_frame_is_json_also_where_a_queue_only_grows() -> None:
    view = View("gthread", BUDGET, 0.0)
    shown = view.frame(1000, [], Server(), Controls(rate=500).asked)

    assert json.loads(json.dumps(shown, allow_nan=False))["expected"]["p99_ms"] is None


def test_where_nothing_is_expected_the_figures_stand_alone() -> None:
    view = View("sync", BUDGET, 0.0)
    view.add(answered(25 * n, 2.0) for n in range(1, 201))
    job = Request.model_validate({"path": "/jobs", "method": "POST", "params": {"ms": 100}})

    shown = view.frame(5000, [], Server(), Asked((job,), rate=90.0))

    assert shown["expected"] == {}
    assert shown["p50_ms"] == 2.0


@pytest.mark.parametrize(
    ("hold", "active", "words"),
    [(100.0, 4, "waiting, not working"), (1.0, 0, "at ease")],
)
def test_the_diagnosis_follows_from_the_figures(hold: float, active: int, words: str) -> None:
    view = View("gthread", BUDGET, 0.0)
    view.add(answered(25 * n, 100.0, hold=hold) for n in range(1, 201))
    waiting = [Waiting(4900 + n, False) for n in range(active * 5)]

    frame(view, 4000, cpu_s=0.0)
    assert words in frame(view, 5000, waiting, active=active, cpu_s=0.1)["diagnosis"]


def test_nothing_is_said_of_a_twin_of_which_nothing_is_known() -> None:
    assert frame(View("gthread", BUDGET, 0.0), 100)["diagnosis"] == ""


def test_another_load_has_figures_of_its_own() -> None:
    view = View("gthread", BUDGET, 0.0)
    slow, quick = Controls(work_ms=900).asked, Controls(work_ms=10).asked
    view.add(answered(1000 + 10 * n, 900.0) for n in range(100))
    assert view.frame(2000, [], Server(), slow)["p50_ms"] == 900.0

    assert view.frame(2250, [], Server(), quick)["p50_ms"] is None
    view.add(answered(2300 + n, 10.0) for n in range(100))
    shown = view.frame(2500, [], Server(), quick)
    assert shown["p99_ms"] == 10.0
    assert shown["answered_rps"] == 400.0


def test_a_request_that_stands_out_is_drawn_and_not_counted() -> None:
    view = View("gthread", BUDGET, 0.0)
    view.add([answered(1000, 10.0), answered(4000, 3000.0)._replace(counts=False)])

    shown = frame(view, 5000, [Waiting(2000, False, False)])

    assert shown["p99_ms"] == 10.0
    assert shown["oldest_ms"] is None
    assert len(shown["bars"]) == 2


def test_who_came_first_is_in_hand_and_the_others_queue() -> None:
    view = View("gthread", BUDGET, 0.0)
    waiting = [Waiting(4000 + n, n == 5) for n in range(6)]

    shown = frame(view, 5000, waiting, active=4)

    assert shown["hand"] == [[n, 4000 + n, 4000 + n, 0] for n in range(4)]
    assert shown["queue"] == [[4004, 0], [4005, 1]]


def test_what_a_request_costs_the_server_is_learnt_and_moves_the_expectation() -> None:
    view = View("uvloop", BUDGET, 0.0)
    view.add(answered(10 * n, 10.0) for n in range(1, 1001))

    frame(view, 4000, cpu_s=1.0)
    before = frame(view, 4500, cpu_s=1.0)["expected"]["capacity_rps"]
    # Half a processor for a hundred requests a second: 5 ms each.
    after = frame(view, 10_000, cpu_s=3.75)["expected"]["capacity_rps"]

    assert (before, after) == (1000.0, pytest.approx(200.0, rel=0.1))

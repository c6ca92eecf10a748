"""What the engine's rows and a recorded trial say of a request, and the lanes that follow."""

from __future__ import annotations

import numpy as np

from loadtests.live.lanes import Lanes
from loadtests.live.seen import ONCE, Seen, Waiting, quantile_ms, seen_of
from loadtests.plan import Target
from loadtests.sample_writer import PACK, PACK_SPLIT, ROW_BYTES, SPLIT_AT, Chunk
from loadtests.samples import NEVER, ErrorKind, Outcome
from servers.budget import Budget

MS = 1_000_000
TARGETS = [
    Target(number=0, stream="load", path="/wait", url="/wait?ms=100", weight=1.0),
    Target(number=1, stream="bystander", path="/hello", url="/hello", weight=1.0),
    Target(number=2, stream=ONCE, path="/wait", url="/wait?ms=3000", weight=1.0),
]


def rows(*made: tuple[int, int, int, int, Outcome, bool]) -> np.ndarray:
    """Rows of (intended, sent, done) in milliseconds, a target, an outcome, and a split or none."""
    chunk = Chunk()
    for intended, sent, done, target, outcome, told in made:
        at = chunk.rows * ROW_BYTES
        times = (intended * MS, NEVER if sent < 0 else sent * MS, done * MS, 0)
        PACK(chunk.bytes, at, *times, target, 200, outcome, ErrorKind.NONE, True)
        if told:
            PACK_SPLIT(chunk.bytes, at + SPLIT_AT, 5001, 1001, 2001, 501, 301, 77)
        chunk.rows += 1
    return chunk.columns()


def seen(began: float, ended: float, worker: int = 1, **more: float) -> Seen:
    """A request that was in the application for so long."""
    return Seen(
        intended_ms=began - 1, sent_ms=began - 1, began_ms=began, ended_ms=ended,
        done_ms=ended + 1, cpu_ms=more.get("cpu", 0.5), hold_ms=more.get("hold", 0.5),
        step_ms=more.get("hold", 0.5), worker=worker, path="/wait", aside=False, ok=True,
    )  # fmt: skip


def test_a_row_becomes_what_is_known_of_its_request() -> None:
    (found,) = seen_of(rows((10, 12, 30, 0, Outcome.COMPLETED, True)), TARGETS, 500 * MS, 100 * MS)

    # The engine's clock began 400 ms after the session's.
    assert found == Seen(410, 412, 417, 420, 430, 1.0, 0.5, 0.3, 77, "/wait", False, True)
    assert found.latency_ms == 20


def test_who_told_nothing_was_nowhere_and_a_failure_is_none_of_the_answers() -> None:
    found = list(
        seen_of(
            rows(
                (10, 12, 30, 1, Outcome.COMPLETED, False),
                (10, 12, 30, 0, Outcome.FAILED, False),
                (10, -1, 10, 0, Outcome.DROPPED, False),
            ),
            TARGETS, 0, 0,
        )
    )  # fmt: skip

    assert [(one.began_ms, one.aside, one.ok) for one in found] == [
        (None, True, True),
        (None, False, False),
    ]


def test_a_quantile_of_few_is_one_and_of_none_is_none() -> None:
    assert quantile_ms([], 0.99) is None
    assert quantile_ms([5.0], 0.99) == 5.0
    assert quantile_ms([1.0, 2.0, 3.0], 0.5) == 2.0


def test_requests_at_once_are_in_lanes_of_their_own() -> None:
    lanes = Lanes("gthread", Budget(slots=3, workers=1))

    assert lanes.labels == ("thread 1", "thread 2", "thread 3")
    assert [lanes.place(seen(*one)) for one in ((0, 10), (1, 5), (2, 9), (6, 7), (9.5, 12))] == [
        0, 1, 2, 1, 1,
    ]  # fmt: skip


def test_one_thread_is_no_process() -> None:
    one = Budget(slots=1, workers=1)

    assert Lanes("gthread", one).labels == ("thread",)
    assert Lanes("sync", one).labels == ("process",)


def test_every_worker_has_its_own_lanes_and_a_new_one_takes_the_first() -> None:
    lanes = Lanes("sync", Budget(slots=2, workers=1))

    assert lanes.labels == ("process 1", "process 2")
    placed = [lanes.place(seen(at, at + 1, worker)) for at, worker in ((0, 7), (1, 9), (2, 7))]
    assert placed == [0, 1, 0]
    assert lanes.place(seen(3, 4, worker=11)) == 0


def test_a_loop_is_one_lane_for_all() -> None:
    lanes = Lanes("uvloop", Budget(slots=8, workers=1))

    assert lanes.labels == ("loop",)
    assert lanes.loops
    assert [lanes.place(seen(at, at + 100)) for at in range(5)] == [0] * 5


def test_what_no_worker_told_has_no_lane() -> None:
    lanes = Lanes("uvloop", Budget())

    assert lanes.place(seen(0, 1)._replace(began_ms=None)) is None


def test_a_request_that_stands_out_is_part_of_neither_stream() -> None:
    (found,) = seen_of(rows((10, 12, 30, 2, Outcome.COMPLETED, True)), TARGETS, 0, 0)

    assert (found.aside, found.counts) == (False, False)


def test_what_is_in_hand_has_a_lane_and_keeps_it() -> None:
    lanes = Lanes("gthread", Budget(slots=2, workers=1))
    slow, quick = Waiting(0.0, False), Waiting(10.0, False)
    lanes.place(seen(-20, -10))

    assert lanes.in_hand([slow, quick]) == [(0, 0.0), (1, 10.0)]
    # The quick one ends first, and others are served in its lane; the slow one stays in its own.
    ended = seen(10, 20)._replace(intended_ms=10.0)
    assert lanes.place(ended) == 1
    assert lanes.place(seen(21, 30)) == 1
    assert lanes.in_hand([slow]) == [(0, 0.0)]
    assert lanes.place(seen(0, 40)._replace(intended_ms=0.0)) == 0


def test_what_has_waited_began_when_its_lane_was_free() -> None:
    lanes = Lanes("gthread", Budget(slots=1, workers=1))
    lanes.place(seen(0, 50))

    assert lanes.in_hand([Waiting(30.0, False)]) == [(0, 50.0)]


def test_a_loop_begins_what_comes_unless_something_holds_it() -> None:
    lanes = Lanes("uvloop", Budget())
    lanes.place(seen(0, 100))
    assert lanes.in_hand([Waiting(30.0, False), Waiting(31.0, False)]) == [(0, 30.0), (0, 31.0)]

    lanes.place(seen(0, 100, hold=100.0))
    lanes.place(seen(101, 200, hold=99.0))
    assert lanes.in_hand([Waiting(30.0, False)]) == [(0, 200.0)]
    # One that came before that has been begun before it.
    lanes.place(seen(250, 260, hold=10.0))
    assert lanes.in_hand([Waiting(240.0, False), Waiting(255.0, False)]) == [(0, 240.0), (0, 260.0)]

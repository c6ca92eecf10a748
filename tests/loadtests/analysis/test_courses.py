"""Captured requests: the client's half and the worker's, joined; and the trace made of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from loadtests.analysis import trace
from loadtests.analysis.checks.cautions import warnings_of
from loadtests.analysis.instruments import Course, Slice
from loadtests.analysis.saved import AnalysisError, SavedTrial, load
from loadtests.analysis.trial import summarize
from loadtests.matrix import BYSTANDER
from loadtests.plan import Capture
from loadtests.records import CourseRecord, SliceRecord
from loadtests.results import TrialFolder
from loadtests.sample_writer import SampleWriter
from loadtests.samples import Outcome
from tests.loadtests.analysis.saved import ORIGIN_NS, Row, samples_of, trial_of

CAPTURE = Capture(from_s=1.0, count=3)


def clock(ms: float) -> int:
    """A time of the window as the workers' clock has it."""
    return ORIGIN_NS + round(ms * 1e6)


def record(
    at: float, began: float, ended: float, *slices: tuple[str, str, float, float], pid: int = 40
) -> CourseRecord:
    return CourseRecord(
        request=f"{clock(at):016x}",
        pid=pid,
        route="/wait",
        began_ns=clock(began),
        ended_ns=clock(ended),
        slices=tuple(
            SliceRecord.model_validate(
                {"lane": lane, "state": state, "from_ns": clock(low), "to_ns": clock(high)}
            )
            for lane, state, low, high in slices
        ),
    )


def captured(rows: Sequence[Row], *records: CourseRecord) -> tuple[Course, ...]:
    trial = trial_of(rows)
    plan = trial.plan.model_copy(update={"capture": CAPTURE})
    return summarize(dataclasses.replace(trial, plan=plan, records=records)).courses


def test_a_course_joins_what_the_client_and_the_worker_saw() -> None:
    row = Row(at=1200.0, took=120.0, late=2.0, connect=3.0)
    seen = record(1200.0, 1210.0, 1311.5, ("loop", "run", 1310.0, 1311.5), ("loop", "run", 1210, 1))

    (course,) = captured([row, Row(at=1300.0)], seen)

    assert course == Course(
        stream="load",
        route="/wait",
        outcome="completed",
        worker=2,
        intended_ms=1200.0,
        connect_ms=3.0,
        sent_ms=1205.0,
        began_ms=1210.0,
        ended_ms=1311.5,
        done_ms=1320.0,
        slices=(Slice("loop", "run", 1210.0, 1.0), Slice("loop", "run", 1310.0, 1311.5)),
    )


def test_courses_come_as_they_were_due_and_only_the_captured_ones() -> None:
    rows = [Row(at=float(at)) for at in (1500, 1100, 1200, 1400, 1300)]
    records = [record(at, at + 1, at + 9) for at in (1300.0, 1100.0, 9999.0)]

    assert [course.intended_ms for course in captured(rows, *records)] == [1100.0, 1300.0]


def test_of_two_requests_due_at_once_each_has_its_own_course() -> None:
    """A record names a moment and a route: a request of another route is not it."""
    rows = [Row(at=1100.0, stream=BYSTANDER), Row(at=1100.0)]

    (course,) = captured(rows, record(1100.0, 1101.0, 1109.0))

    assert (course.stream, course.route) == ("load", "/wait")


def test_a_captured_request_that_was_never_answered_has_the_clients_half() -> None:
    unanswered = Row(at=900.0, took=9000.0, outcome=Outcome.CENSORED, status=0)
    rows = [
        unanswered,
        Row(at=1100.0),
        dataclasses.replace(unanswered, at=1200.0),
        Row(at=1250.0, took=None, outcome=Outcome.DROPPED, status=0),
        Row(at=1300.0),
        dataclasses.replace(unanswered, at=1400.0),
    ]

    courses = captured(rows, record(1100.0, 1101.0, 1109.0))

    assert [(c.intended_ms, c.outcome, c.worker, c.done_ms) for c in courses] == [
        (1100.0, "completed", 2, 1110.0),
        (1200.0, "censored", None, 10_200.0),
    ]
    assert (courses[1].began_ms, courses[1].ended_ms, courses[1].slices) == (None, None, ())
    assert captured(rows) == ()


def test_lanes_are_numbered_by_kind_in_each_worker() -> None:
    """Ids of threads and processes mean nothing to a reader, and change with every run."""
    one = record(
        1100.0, 1101, 1109, ("thread pool 99812", "block", 1, 2), ("loop", "run", 3, 4),
        ("thread pool 140001", "run", 5, 6), ("process 77", "run", 7, 8),
    )  # fmt: skip
    other = record(1200.0, 1201, 1209, ("thread pool 140001", "run", 1, 2), pid=41)

    courses = captured([Row(at=1100.0), Row(at=1200.0)], one, other)

    assert [piece.lane for piece in courses[0].slices] == [
        "thread pool 1", "loop", "thread pool 2", "process 1",
    ]  # fmt: skip
    assert [piece.lane for piece in courses[1].slices] == ["thread pool 1"]
    assert [course.worker for course in courses] == [2, 3]


COURSES = captured(
    [
        Row(at=1200.0, took=120.0, late=2.0, connect=3.0),
        Row(at=1400.0, took=8_000.0, outcome=Outcome.CENSORED, status=0),
    ],
    record(
        1200.0, 1210.0, 1311.5, ("worker", "run", 1210, 1211), ("worker", "block", 1211, 1311.5)
    ),
)


def events(kind: str, *courses: Course) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(trace.to_json(courses))["traceEvents"]
    return [event for event in found if event["ph"] == kind]


def test_the_trace_has_a_row_of_the_client_for_each_request() -> None:
    rows = [event for event in events("X", *COURSES) if event["pid"] == trace.CLIENT]

    assert [(e["tid"], e["name"], e["ts"], e["dur"]) for e in rows] == [
        (1, "lateness", 1_200_000, 2_000),
        (1, "connect", 1_202_000, 3_000),
        (1, "queue", 1_205_000, 5_000),
        (1, "service", 1_210_000, 101_500),
        (1, "return", 1_311_500, 8_500),
        (2, "unanswered", 1_400_000, 8_000_000),
    ]


def test_the_trace_has_a_row_for_each_lane_of_a_worker() -> None:
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events("M", *COURSES)}
    rows = [event for event in events("X", *COURSES) if event["pid"] != trace.CLIENT]

    assert names == {
        (1, 0): "client", (1, 1): "request 1 /wait", (1, 2): "request 2 /wait",
        (3, 0): "worker 2", (3, 3): "worker",
    }  # fmt: skip
    assert [(e["pid"], e["tid"], e["name"], e["dur"], e["args"]) for e in rows] == [
        (3, 3, "/wait run", 1_000, {"request": 1}),
        (3, 3, "/wait block", 100_500, {"request": 1}),
    ]


def test_stages_follow_one_another_even_where_the_clocks_disagree() -> None:
    early = dataclasses.replace(COURSES[0], began_ms=1204.0, ended_ms=1330.0)

    assert list(trace.stages(early)) == [
        ("lateness", 1200.0, 1202.0),
        ("connect", 1202.0, 1205.0),
        ("service", 1205.0, 1320.0),
    ]


def test_between_its_pieces_a_request_awaits_beside_the_rows_of_its_worker() -> None:
    seen = record(
        1200.0, 1210.0, 1300.0,
        ("loop", "run", 1210, 1212), ("thread pool 9", "block", 1220, 1260),
        ("loop", "run", 1290, 1300),
    )  # fmt: skip
    other = record(1250.0, 1255.0, 1256.0, ("loop", "run", 1255, 1256))
    courses = captured([Row(at=1200.0, took=110.0), Row(at=1250.0)], seen, other)

    spans = zip(events("b", *courses), events("e", *courses), strict=True)

    assert [(b["id"], b["name"], b["pid"], b["ts"], e["ts"]) for b, e in spans] == [
        ("0x1", "/wait await", 3, 1_212_000, 1_220_000),
        ("0x1", "/wait await", 3, 1_260_000, 1_290_000),
    ]
    for begin, end in zip(events("b", *courses), events("e", *courses), strict=True):
        assert {k: v for k, v in begin.items() if k not in ("ph", "ts")} == {
            k: v for k, v in end.items() if k not in ("ph", "ts")
        }
    assert courses[1].awaited == ()
    # It never came to a worker.
    assert COURSES[1].awaited == ()


TOLD = Row(at=1200.0, took=120.0, late=2.0, connect=3.0, queue=5.0, cpu=1.5, wait=100.0, worker=40)
"""Due at 1200, sent at 1205, begun at 1210, its answer begun at 1311.5, and here at 1320."""


def test_what_is_left_of_a_known_request_is_its_way_back() -> None:
    """The server's clock says so itself: nothing here is by construction."""
    trial = dataclasses.replace(trial_of([TOLD]), records=(record(1200.0, 1210.0, 1312.0),))
    summary = summarize(trial)

    (course,) = summary.courses
    assert course.answered_ms == 1311.5
    assert {name: to - at for name, at, to in trace.stages(course)} == {
        "lateness": 2.0, "connect": 3.0, "queue": 5.0, "service": 101.5, "return": 8.5,
    }  # fmt: skip
    assert summary.split is not None
    assert summary.split.all.return_ms == 8.5
    assert summary.split.all.remainder_ms == 0.0
    assert [reason.code for reason in summary.warnings] == ["few_samples"]


@pytest.mark.parametrize(
    ("course", "warned"),
    [
        ({"answered_ms": 1319.0}, False),
        ({"answered_ms": 1320.9}, False),
        ({"answered_ms": 1322.5}, True),
        ({"answered_ms": None}, False),
        # The server had not done with it for long when its answer was here: that may be.
        ({"ended_ms": 1353.0}, False),
        ({"began_ms": 1204.5}, False),
        ({"began_ms": 1202.5}, True),
    ],
)
def test_a_request_that_is_answered_before_its_answer_begins_is_a_warning(
    course: dict[str, float | None], warned: bool
) -> None:
    (found,) = captured([TOLD], record(1200.0, 1210.0, 1312.0))
    changed = dataclasses.replace(found, **course)  # type: ignore[arg-type]

    warnings = warnings_of(samples_of([]), (), None, [found, changed])

    assert [(w.code, "2.50 ms" in w.text) for w in warnings] == [("clock", True)] * warned


def folder_with(tmp_path: Path, name: str, content: bytes) -> tuple[SavedTrial, TrialFolder]:
    """A trial's folder as `load` wants it, with one more file."""
    trial, folder = trial_of([]), TrialFolder(tmp_path)
    folder.plan.write_text(trial.plan.model_dump_json())
    folder.server.write_text(trial.server.model_dump_json())
    (tmp_path / "generator.json").write_text(trial.generators[0].model_dump_json())
    SampleWriter(tmp_path / "samples.parquet", trial.plan.targets).close()
    (tmp_path / name).write_bytes(content)
    return trial, folder


def test_records_are_read_as_the_workers_wrote_them(tmp_path: Path) -> None:
    lines = [record(1100.0, 1101.0, 1109.0), record(1200.0, 1201.0, 1209.0)]
    text = "".join(line.model_dump_json() + "\n" for line in lines)
    trial, folder = folder_with(tmp_path, "slices.jsonl", text.encode())

    assert load(trial.spec, folder).records == tuple(lines)
    assert load(trial.spec, folder).scrapes == ()


def test_scrapes_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    trial, folder = folder_with(tmp_path, "metrics.jsonl.gz", b'{"request": 1}\n')

    with pytest.raises(AnalysisError, match=r"metrics\.jsonl\.gz"):
        load(trial.spec, folder)


WHOLE = json.loads(record(1100.0, 1101.0, 1109.0, ("loop", "run", 1101, 1102)).model_dump_json())
SLICE = WHOLE["slices"][0]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b'{"request": 1}',
        b"\xff\xfe",
        json.dumps(WHOLE).encode()[:-20],
        json.dumps({k: v for k, v in WHOLE.items() if k != "ended_ns"}).encode(),
        json.dumps(WHOLE | {"request": "deadbeef"}).encode(),
        json.dumps(WHOLE | {"request": "ffffffffffffffff"}).encode(),
        json.dumps(WHOLE | {"ended_ns": 5}).encode(),
        json.dumps(WHOLE | {"more": 1}).encode(),
        json.dumps(WHOLE | {"slices": [SLICE | {"state": "flying"}]}).encode(),
        json.dumps(WHOLE | {"slices": [{"lane": "loop"}]}).encode(),
    ],
)
def test_a_line_that_is_no_course_does_not_spoil_the_trial(tmp_path: Path, line: bytes) -> None:
    whole = json.dumps(WHOLE).encode()
    trial, folder = folder_with(tmp_path, "slices.jsonl", line + b"\n" + whole + b"\n")

    assert load(trial.spec, folder).records == (CourseRecord.model_validate(WHOLE),)


def test_the_course_of_a_request_that_nobody_of_us_sent_is_left_out() -> None:
    """Whoever sends the header of a capture has it captured, under a name of their own."""
    foreign = record(1100.0, 1101.0, 1109.0).model_copy(update={"request": "7fffffffffffffff"})

    (course,) = captured([Row(at=1100.0)], record(1100.0, 1102.0, 1109.0), foreign)

    assert course.began_ms == 1102.0

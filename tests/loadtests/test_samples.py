"""Samples through Parquet and back, and the writing half's columns."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loadtests import sample_columns
from loadtests import samples as sample_files
from loadtests.engine.exchange import Exchange, Visit
from loadtests.engine.recorder import Reader, Recorder
from loadtests.engine.server_timing import NOT_MEASURED, Split
from loadtests.plan import Target
from loadtests.sample_writer import CHUNK_ROWS, ROW_BYTES, Chunk, SampleWriter
from loadtests.samples import NEVER, ErrorKind, Outcome, SamplesError

SPLIT = ("queue_ns", "cpu_ns", "wait_ns", "hold_ns", "step_ns")
TARGETS = (
    Target(number=0, stream="load", path="/wait", url="/wait?ms=5", weight=1.0),
    Target(number=1, stream="bystander", path="/hello", url="/hello", weight=1.0),
    Target(number=2, stream="load", path="/hello", url="/hello", weight=1.0),
)


def split_of(number: int) -> Split:
    """Every third was measured, up to the last digit of the largest column."""
    return NOT_MEASURED if number % 3 else Split(number, 0, 2**31 - 2, 7, 5, 4_000_000)


def record(recorder: Recorder, number: int) -> None:
    exchange = Exchange(number % 3, 1_000 + number)
    if number % 5:
        exchange.sent_ns, exchange.connect_ns = 2_000 + number, number
        exchange.reused = number % 2 == 0
    outcome = Outcome(number % 4)
    status = 200 if outcome is Outcome.COMPLETED else 0
    error = ErrorKind(number % 7)
    recorder.record(exchange, outcome, 3_000 + number, status, error, split_of(number))


def write(path: Path, count: int) -> None:
    recorder = Recorder(origin_ns=1_000)
    writer = SampleWriter(path, TARGETS)
    for number in range(count):
        record(recorder, number)
    recorder.close()
    while recorder.full:
        writer.write(recorder.full.popleft())
    writer.close()


@pytest.mark.parametrize("count", [0, 1, 100, CHUNK_ROWS + 3])
def test_samples_come_back_as_they_were_recorded(tmp_path: Path, count: int) -> None:
    write(tmp_path / "samples.parquet", count)

    found = sample_files.read(tmp_path / "samples.parquet")

    numbers = np.arange(count)
    assert found.intended_ns.tolist() == numbers.tolist()
    assert found.done_ns.tolist() == (2_000 + numbers).tolist()
    assert found.sent_ns.tolist() == [1_000 + n if n % 5 else NEVER for n in range(count)]
    assert found.connect_ns.tolist() == [n if n % 5 else NEVER for n in range(count)]
    assert found.outcome.tolist() == (numbers % 4).tolist()
    assert found.error.tolist() == (numbers % 7).tolist()
    streams = [found.streams[code] for code in found.stream]
    assert streams == [TARGETS[n % 3].stream for n in range(count)]
    assert found.queue_ns.tolist() == [NEVER if n % 3 else n * 1_000 for n in range(count)]
    assert found.cpu_ns.tolist() == [NEVER if n % 3 else 0 for n in range(count)]
    assert found.wait_ns.tolist() == [NEVER if n % 3 else (2**31 - 2) * 1_000 for n in range(count)]
    assert found.hold_ns.tolist() == [NEVER if n % 3 else 7_000 for n in range(count)]
    assert found.step_ns.tolist() == [NEVER if n % 3 else 5_000 for n in range(count)]
    assert found.worker.tolist() == [0 if n % 3 else 4_000_000 for n in range(count)]


def test_the_file_speaks_for_itself(tmp_path: Path) -> None:
    """Anybody's Parquet reader sees words, and null where nothing was sent."""
    write(tmp_path / "samples.parquet", 6)

    rows = pq.read_table(tmp_path / "samples.parquet").to_pylist()

    assert rows[0]["sent_ns"] is None
    assert rows[1] == {
        "intended_ns": 1,
        "sent_ns": 1_001,
        "done_ns": 2_001,
        "connect_ns": 1,
        "stream": "bystander",
        "endpoint": "/hello",
        "url": "/hello",
        "status": 0,
        "outcome": "failed",
        "error": "status",
        "reused": False,
        "queue_ns": None,
        "cpu_ns": None,
        "wait_ns": None,
        "hold_ns": None,
        "step_ns": None,
        "worker": None,
        "kind": "GET /hello",
        "attempts": 1,
        "accepted_ns": None,
    }
    split = [rows[3][name] for name in (*SPLIT, "worker")]
    assert split == [3_000, 0, 2_147_483_646_000, 7_000, 5_000, 4_000_000]


def test_files_of_the_first_version_are_read_as_not_measured(tmp_path: Path) -> None:
    write(tmp_path / "new.parquet", 6)
    table = pq.read_table(tmp_path / "new.parquet").drop_columns([*SPLIT, "worker"])
    pq.write_table(table.replace_schema_metadata({"schema_version": "1"}), tmp_path / "old.parquet")

    old, new = (sample_files.read(tmp_path / f"{age}.parquet") for age in ("old", "new"))

    assert old.done_ns.tolist() == new.done_ns.tolist()
    for name in SPLIT:
        assert getattr(old, name).tolist() == [NEVER] * 6
        assert getattr(old, name).dtype == np.int64
    assert old.worker.tolist() == [0] * 6
    assert old.worker.dtype == new.worker.dtype == np.int32


def test_a_selection_takes_every_column_along(tmp_path: Path) -> None:
    write(tmp_path / "samples.parquet", 9)
    found = sample_files.read(tmp_path / "samples.parquet")

    third = found.where(np.arange(9) == 3)

    for field in dataclasses.fields(found):
        column = getattr(found, field.name)
        expected = column if isinstance(column, tuple) else [column.tolist()[3]]
        got = getattr(third, field.name)
        assert (got if isinstance(got, tuple) else got.tolist()) == expected, field.name


def test_selections_of_selections_take_the_rows_of_both(tmp_path: Path) -> None:
    write(tmp_path / "samples.parquet", 60)
    found = sample_files.read(tmp_path / "samples.parquet")

    even = found.where(found.intended_ns % 2 == 0)
    sixths = even.where(even.intended_ns % 3 == 0)
    late = sixths.where(sixths.intended_ns >= 30)

    assert sixths.intended_ns.tolist() == list(range(0, 60, 6))
    assert late.done_ns.tolist() == [2_000 + n for n in range(30, 60, 6)]
    assert late.urls == found.urls
    assert even.intended_ns.tolist() == list(range(0, 60, 2))
    nothing = late.where(late.intended_ns < 0)
    assert nothing.outcome.tolist() == nothing.where(nothing.outcome == 0).outcome.tolist() == []


def test_a_selection_of_all_rows_is_no_copy_and_of_some_copies_what_is_asked_for(
    tmp_path: Path,
) -> None:
    """Ten million rows must fit beside what is computed of them."""
    write(tmp_path / "samples.parquet", 9)
    found = sample_files.read(tmp_path / "samples.parquet")

    some = found.where(found.intended_ns > 0)
    selected = some.where(np.ones(8, dtype=bool))

    assert found.where(np.ones(9, dtype=bool)) is found
    assert selected is some
    kept = [
        getattr(some, name)
        for kind in type(some).__mro__
        for name in getattr(kind, "__slots__", ())
        if name.startswith("_")
    ]
    assert [one.dtype for one in kept if isinstance(one, np.ndarray)] == [bool]
    assert some.done_ns is not some.done_ns


@pytest.mark.parametrize("batch", [1, 7, 30, 64])
def test_columns_are_read_alike_in_pieces_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    for share, count in enumerate((30, 0, 20)):
        write(tmp_path / f"samples-{share}.parquet", count)
    paths = sorted(tmp_path.glob("*.parquet"))
    whole = sample_files.read(*paths)

    monkeypatch.setattr(sample_columns, "BATCH_ROWS", batch)
    pieces = sample_files.read(*paths)

    for field in dataclasses.fields(whole):
        one, other = getattr(whole, field.name), getattr(pieces, field.name)
        same = one == other if isinstance(one, tuple) else np.array_equal(one, other)
        assert same, field.name
        assert isinstance(one, tuple) or one.dtype == other.dtype, field.name


def test_words_of_files_that_number_them_otherwise_are_the_same_words(tmp_path: Path) -> None:
    """Two processes of which one has met other outcomes first."""
    for name, outcomes in (("a", (1, 0, 0)), ("b", (3, 1, 0))):
        recorder, path = Recorder(origin_ns=0), tmp_path / f"{name}.parquet"
        for number, outcome in enumerate(outcomes):
            recorder.record(Exchange(0, number), Outcome(outcome), number, 0, ErrorKind(outcome))
        recorder.close()
        writer = SampleWriter(path, TARGETS)
        writer.write(recorder.full.popleft())
        writer.close()
        table = pq.read_table(path)
        words = table.column("outcome").to_pylist()
        found = pa.array(words).dictionary_encode()
        at = table.schema.get_field_index("outcome")
        pq.write_table(table.set_column(at, "outcome", found), path)

    found = sample_files.read(tmp_path / "a.parquet", tmp_path / "b.parquet")

    assert found.outcome.tolist() == [1, 0, 0, 3, 1, 0]
    assert found.error.tolist() == [1, 0, 0, 3, 1, 0]


def test_a_file_whose_pages_are_broken_is_named(tmp_path: Path) -> None:
    path = tmp_path / "samples.parquet"
    write(path, 5_000)
    data = bytearray(path.read_bytes())
    data[100:400] = bytes(300)
    path.write_bytes(data)

    with pytest.raises(SamplesError, match=r"samples\.parquet: no readable samples"):
        sample_files.read(path)


def test_a_sample_held_in_memory_takes_at_most_64_bytes() -> None:
    chunk = Chunk()

    assert len(chunk.bytes) / CHUNK_ROWS == ROW_BYTES <= 64


def test_several_processes_samples_are_read_as_one(tmp_path: Path) -> None:
    for share, count in enumerate((30, 20)):
        write(tmp_path / f"samples-{share}.parquet", count)

    found = sample_files.read(tmp_path / "samples-0.parquet", tmp_path / "samples-1.parquet")

    assert found.intended_ns.tolist() == [*range(30), *range(20)]
    assert [found.streams[code] for code in found.stream[:3]] == ["load", "bystander", "load"]


def test_a_file_that_was_not_closed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "samples.parquet"
    path.write_bytes(b"PAR1")

    with pytest.raises(SamplesError, match=r"samples\.parquet: no readable samples"):
        sample_files.read(path)


def test_a_reader_sees_every_row_once_and_every_chunk_whole() -> None:
    recorder = Recorder(origin_ns=0)
    reader = Reader(recorder)
    seen: list[int] = []
    chunks: list[int] = []

    def look() -> None:
        for rows, whole in reader.news():
            seen.extend(rows["done_ns"].tolist())
            if whole is not None:
                chunks.append(whole.rows)

    for number in range(2 * CHUNK_ROWS + 50):
        record(recorder, number)
        if number % 5_000 == 0:
            look()
    look()
    assert len(seen) == 2 * CHUNK_ROWS + 50
    recorder.close()
    look()

    assert seen == [3_000 + number for number in range(2 * CHUNK_ROWS + 50)]
    assert chunks == [CHUNK_ROWS, CHUNK_ROWS, 50]


def test_a_visit_keeps_how_often_it_asked_and_when_it_was_accepted(tmp_path: Path) -> None:
    """Also on the last row of a chunk, and only there."""
    recorder, path = Recorder(origin_ns=1_000), tmp_path / "samples.parquet"
    for number in range(CHUNK_ROWS + 2):
        if number in (1, CHUNK_ROWS - 1, CHUNK_ROWS):
            visit = Visit(0, 1_000 + number, None, asked=False)
            visit.attempts, visit.accepted_ns = 3, 0 if number == 1 else 6_000 + number
            recorder.record_visit(visit, Outcome.GONE, 9_000, 0, ErrorKind.NONE)
        else:
            recorder.record(Exchange(0, 1_000 + number), Outcome.DROPPED, 9_000, 0, ErrorKind.NONE)
    recorder.close()
    writer = SampleWriter(path, TARGETS)
    while recorder.full:
        writer.write(recorder.full.popleft())
    writer.close()

    found = sample_files.read(path)

    asked = np.flatnonzero(found.attempts != 1)
    assert asked.tolist() == [1, CHUNK_ROWS - 1, CHUNK_ROWS]
    assert found.attempts[asked].tolist() == [3, 3, 3]
    accepted = np.flatnonzero(found.accepted_ns != NEVER)
    assert accepted.tolist() == [CHUNK_ROWS - 1, CHUNK_ROWS]
    assert found.accepted_ns[accepted].tolist() == [5_000 + CHUNK_ROWS - 1, 5_000 + CHUNK_ROWS]
    assert {Outcome(value) for value in found.outcome} == {Outcome.GONE, Outcome.DROPPED}


def test_files_of_the_second_version_have_a_kind_for_each_url(tmp_path: Path) -> None:
    write(tmp_path / "new.parquet", 6)
    table = pq.read_table(tmp_path / "new.parquet").drop_columns(
        ["kind", "attempts", "accepted_ns"]
    )
    pq.write_table(table.replace_schema_metadata({"schema_version": "2"}), tmp_path / "old.parquet")

    old, new = (sample_files.read(tmp_path / f"{age}.parquet") for age in ("old", "new"))

    assert old.kinds == tuple(f"GET {url}" for url in old.urls)
    assert [old.kinds[n] for n in old.kind] == [new.kinds[n] for n in new.kind]
    assert set(old.attempts) == {1}
    assert set(old.accepted_ns) == {NEVER}

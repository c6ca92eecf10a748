"""The split in an answer's headers, from our servers and from anybody else's."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.engine.server_timing import NOT_MEASURED, Split, parse, parse_any, split_of

OURS = (
    b"queue;dur=1.234, cpu;dur=0.456, wait;dur=100.001, hold;dur=0.812, step;dur=0.512, "
    b'worker;desc="4711"'
)
SPLIT = Split(1_234, 456, 100_001, 812, 512, 4711)
US = st.integers(0, 999_999_999)


def written(split: Split) -> bytes:
    """As our servers write it: milliseconds with three decimals."""
    names = ("queue", "cpu", "wait", "hold", "step")
    parts = [f"{name};dur={us / 1000:.3f}" for name, us in zip(names, split[:5], strict=True)]
    return ", ".join([*parts, f'worker;desc="{split.worker}"']).encode()


@given(st.builds(Split, US, US, US, US, US, st.integers(1, 2**22)))
def test_what_our_servers_write_is_read_back_to_the_microsecond(split: Split) -> None:
    assert parse(written(split)) == split
    assert parse_any(written(split)) == split


@pytest.mark.parametrize("name", [b"server-timing", b"Server-Timing", b"SERVER-timing"])
def test_the_case_of_the_headers_name_does_not_matter(name: bytes) -> None:
    assert split_of({b"content-length": b"2", name: OURS}) == SPLIT


def test_an_answer_without_the_header_was_not_measured() -> None:
    assert split_of({b"content-length": b"2"}) == NOT_MEASURED == (-1, -1, -1, -1, -1, 0)


@pytest.mark.parametrize(
    ("value", "split"),
    [
        (
            b'worker;desc="7",step;dur=5 ,hold;dur=4,wait;dur=3,cpu;dur=2,queue;dur=1',
            Split(1_000, 2_000, 3_000, 4_000, 5_000, 7),
        ),
        (
            b'queue;desc="a, b; dur=9";dur=1,cpu;x=y;dur=2,wait;dur="3",hold;DUR=4,step',
            Split(1_000, 2_000, 3_000, 4_000),
        ),
        (b"db;dur=8, cache, queue;dur=1, miss;desc=queue", Split(queue_us=1_000)),
        (b"queue;dur=1, queue;dur=2", Split(queue_us=1_000)),
        (b"queue;dur=1;dur=2", Split(queue_us=1_000)),
        (b' , ,queue ; dur = 1.5 ,, cpu;dur="0.25"', Split(queue_us=1_500, cpu_us=250)),
        (b"queue;dur=0", Split(queue_us=0)),
        (b"queue;dur=-1, cpu;dur=nan, wait;dur=1e3, hold;dur=1_0, step;dur=", NOT_MEASURED),
        (b"queue;dur=2147483.646, cpu;dur=2147483.647", Split(queue_us=2**31 - 2)),
        (b"queue;dur=99999999999999999999", NOT_MEASURED),
        (b'worker;desc="", queue;dur=1', Split(queue_us=1_000)),
        (b'worker;desc="4711x"', NOT_MEASURED),
        (b"worker;desc=4711", Split(worker=4711)),
        (b'x;desc="queue;dur=5, cpu;dur=6", wait;dur=7', Split(wait_us=7_000)),
        (b'x;desc="\\", cpu;dur=6", wait;dur=7', Split(wait_us=7_000)),
        (b'x;desc="no end, queue;dur=5', NOT_MEASURED),
        (b"queue dur=1, cpu;dur=2", Split(cpu_us=2_000)),
        (b"", NOT_MEASURED),
        (b"\xff\x00;;==", NOT_MEASURED),
    ],
)
def test_other_spellings_are_read_and_broken_parts_were_not_measured(
    value: bytes, split: Split
) -> None:
    assert parse(value) == split


ODD = st.lists(
    st.sampled_from(
        [b"queue", b"cpu", b"worker", b";", b",", b"=", b"dur", b"desc", b'"', b"\\", b" ", b"1.5"]
    )
    | st.binary(max_size=3)
).map(b"".join)


@given(st.binary(max_size=200) | ODD)
def test_no_bytes_at_all_are_an_error_and_every_value_fits_its_column(value: bytes) -> None:
    *times, worker = parse(value)

    assert all(-1 <= us < 2**31 for us in times)
    assert 0 <= worker < 2**31


@given(ODD)
def test_what_is_broken_elsewhere_leaves_a_sound_metric_before_it_alone(value: bytes) -> None:
    assert parse(b"queue;dur=3.25," + value).queue_us == 3_250


@pytest.mark.parametrize("value", [b'a;a="\\' * 24_000, b'"' * 120_000, b"a;" + b" " * 120_000])
def test_a_long_value_is_read_in_time_that_grows_with_its_length(value: bytes) -> None:
    """A pattern that looks for the same end again and again needs half a minute."""
    began = time.perf_counter()

    assert parse(value) == NOT_MEASURED
    assert time.perf_counter() - began < 5.0

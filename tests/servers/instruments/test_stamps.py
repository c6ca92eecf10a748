"""When a client says that it sent, and what it is told."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.instruments.stamps import TIMING, queued_ns

MS = 1_000_000


@pytest.mark.parametrize("ago_ms", [0, 5, 1_500, 600_000])
@pytest.mark.parametrize(
    "written",
    ["t={us}", "{us}", "t={ms}", "{ms}", "t={ms}.25", "t={s:.3f}", "{s:.6f}"],
)
def test_a_stamp_in_each_customary_form_is_understood(ago_ms: int, written: str) -> None:
    sent_s = time.time() - ago_ms / 1000
    stamp = written.format(us=int(sent_s * 1e6), ms=int(sent_s * 1e3), s=sent_s)

    queued = queued_ns(stamp.encode())

    assert queued is not None
    # The coarsest of the forms is a millisecond, and the clock has gone on.
    assert ago_ms * MS - MS <= queued <= ago_ms * MS + 200 * MS


def test_a_stamp_of_the_near_future_is_now() -> None:
    assert queued_ns(b"t=%d" % ((time.time() + 30) * 1e6)) == 0


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "t=",
        "t=now",
        "s=1790000000000000",
        "t=-5",
        "t=12345678901234x6",
        "0",
        "t=nan",
        "t=inf",
        "t=1e400",
    ],
)
def test_a_stamp_that_is_none_is_refused(stamp: str) -> None:
    assert queued_ns(stamp.encode()) is None


@pytest.mark.parametrize("prefix", ["s=", "t:", "xx"])
def test_a_stamp_of_another_form_is_refused(prefix: str) -> None:
    assert queued_ns(f"{prefix}{time.time_ns() // 1000}".encode()) is None


def test_a_stamp_of_another_day_is_refused() -> None:
    assert queued_ns(b"t=%d" % ((time.time() - 86_400) * 1e6)) is None


@given(st.binary(max_size=40) | st.binary(min_size=16, max_size=16).map(b"t=".__add__))
def test_no_header_is_an_error(header: bytes) -> None:
    found = queued_ns(header)
    assert found is None or found >= 0


def test_the_answer_is_a_server_timing_header_in_milliseconds() -> None:
    header = TIMING % (1.234567, 0.456, 100.000999, 0.812, 0.512, b"4711")

    assert header == (
        b"queue;dur=1.235, cpu;dur=0.456, wait;dur=100.001, hold;dur=0.812, step;dur=0.512, "
        b'worker;desc="4711"'
    )

"""The work that both twins share."""

from __future__ import annotations

import time

import pytest

from servers.work import block, compute


@pytest.mark.parametrize(
    ("units", "digest"),
    [(1, "6705886d00c3dcd9"), (2, "b0d5161fa8682172"), (3, "66716835a81cd9cb")],
)
def test_the_digest_is_the_same_everywhere(units: int, digest: str) -> None:
    assert compute(units) == digest


def test_the_work_grows_with_the_units() -> None:
    def cost(units: int) -> int:
        begun = time.process_time_ns()
        compute(units)
        return time.process_time_ns() - begun

    # The least of a few is the least disturbed; twice would do, ten times is the rule.
    assert min(cost(20) for _ in range(5)) > 5 * min(cost(2) for _ in range(5))


def test_blocking_takes_time_and_no_processor() -> None:
    wall, processor = time.perf_counter(), time.process_time()
    block(50)
    assert time.perf_counter() - wall >= 0.05
    assert time.process_time() - processor < 0.025

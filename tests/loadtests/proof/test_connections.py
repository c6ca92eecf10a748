"""Thousands of connections at once, beyond the 1024 descriptors where older interfaces end."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import Iterator
from time import perf_counter_ns

import numpy as np
import pytest
import uvloop

from loadtests.engine.engine import Engine
from loadtests.engine.recorder import Recorder
from loadtests.run.host import require_open_files
from loadtests.samples import Outcome
from tests.servers.live import running

pytestmark = [pytest.mark.slow, pytest.mark.alone]
MANY = 3_000


@contextlib.contextmanager
def open_files(needed: int) -> Iterator[None]:
    """As many open files as are needed, for this process and those that it starts."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    require_open_files(needed)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_three_thousand_connections_are_kept_alive_and_counted() -> None:
    async def two_rounds(port: int) -> tuple[np.ndarray, int, int]:
        recorder = Recorder(perf_counter_ns())
        engine = Engine("127.0.0.1", port, recorder, MANY)
        engine.add_target("/wait?ms=2000")
        most = 0
        for _ in range(2):
            for _ in range(MANY):
                engine.issue(0, perf_counter_ns())
            most = max(most, engine.in_flight)
            assert await engine.settle(40.0)
            await asyncio.sleep(0)
        opened = engine.connections_opened
        await engine.drain(1.0)
        recorder.close()
        return np.concatenate([chunk.columns() for chunk in recorder.full]), opened, most

    with open_files(2 * MANY), running("uvloop") as server:
        rows, opened, most = uvloop.run(two_rounds(server.port))

    assert set(rows["outcome"].tolist()) == {Outcome.COMPLETED}
    assert len(rows) == 2 * MANY
    assert most == opened == MANY
    assert rows["reused"].sum() == MANY


def test_ten_thousand_requests_are_in_flight_at_once_in_one_process() -> None:
    many = 10_000

    async def hold(port: int) -> tuple[np.ndarray, int]:
        recorder = Recorder(perf_counter_ns())
        engine = Engine("127.0.0.1", port, recorder, many)
        engine.add_target("/wait?ms=10000")
        for number in range(many):
            engine.issue(0, perf_counter_ns())
            # No faster than the listener's queue can be emptied.
            if number % 50 == 49:
                await asyncio.sleep(0.01)
        most = engine.in_flight
        assert await engine.settle(60.0)
        await engine.drain(1.0)
        recorder.close()
        return np.concatenate([chunk.columns() for chunk in recorder.full]), most

    with open_files(many + 500), running("uvloop") as server:
        rows, most = uvloop.run(hold(server.port))

    assert most == many
    assert len(rows) == many
    assert set(rows["outcome"].tolist()) == {Outcome.COMPLETED}

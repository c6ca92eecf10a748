"""Work that a request hands to tasks, threads and greenlets of its own: whose time it is."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import get_ident

import pytest

from servers import starlette_app
from servers.instruments.helpers import helped
from servers.instruments.meter import Meter
from servers.instruments.request import MeasuredRequest
from servers.instruments.tasks import gathered
from servers.instruments.unit import UNITS, Unit
from servers.settings import Settings
from tests.contract.clients import call, http_scope, living
from tests.servers.instruments.test_known import split_ms
from tests.servers.instruments.test_steps import found, stamped

STEP_S, WAIT_S = 0.03, 0.05
ATTEMPTS = 3
"""A host that is busy with others may make a step longer: then once more."""


def block() -> None:
    """Hold the loop without a processor."""
    time.sleep(STEP_S)


def spin() -> None:
    """Hold it with one."""
    until_s = time.thread_time() + STEP_S
    while time.thread_time() < until_s:
        pass


async def stepping(work: Callable[[], None], steps: int = 2) -> str:
    for _ in range(steps):
        await asyncio.sleep(WAIT_S)
        work()
    return "done"


def ask(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[], None], folder: Path, **headers: str
) -> dict[str, float]:
    """The split of a request that has three tasks of two steps each."""

    async def handler(_: object) -> object:
        results = await gathered([stepping(work) for _ in range(3)])
        assert results == ["done"] * 3
        return starlette_app.HELLO

    monkeypatch.setattr(starlette_app, "wait", handler)
    app = starlette_app.create_app(Settings(ledgers=str(folder)))

    async def asked() -> dict[str, float]:
        async with living(app):
            answer = await call(app, http_scope("GET", "/wait", stamped() | headers))
        return split_ms(answer.headers)

    return asyncio.run(asked())


def test_what_its_tasks_hold_a_request_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for attempt in range(ATTEMPTS):
        split = ask(monkeypatch, block, tmp_path / str(attempt))
        if split["hold"] < 6 * 35 and split["step"] < 40:
            break

    # Six steps of 30 ms, one after another, as the loop has only one at a time.
    assert 6 * 30 <= split["hold"] < 6 * 35
    assert 30 <= split["step"] < 40
    assert split["cpu"] < 30
    service_ms = split["cpu"] + split["wait"]
    assert service_ms >= 1000 * WAIT_S + 6 * 30


def test_what_its_tasks_compute_is_its_processor_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    split = ask(monkeypatch, spin, tmp_path)

    assert 6 * 30 <= split["cpu"] < 6 * 36
    assert split["hold"] >= split["cpu"] - 1
    assert split["step"] >= 30
    assert found(tmp_path)["testbed_request_hold_seconds", "/wait"] == 1


def test_its_course_has_the_slices_of_its_tasks_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ask(monkeypatch, block, tmp_path, traceparent=f"00-{'1' * 32}-{'2' * 16}-01")

    (written,) = tmp_path.glob("*.slices")
    (course,) = map(json.loads, written.read_text().splitlines())
    slices = course["slices"]
    long = [one["state"] for one in slices if one["to_ns"] - one["from_ns"] > 0.9e9 * STEP_S]
    assert long == ["block"] * 6
    assert all(a["to_ns"] <= b["from_ns"] for a, b in itertools.pairwise(slices))
    assert {one["lane"] for one in slices} == {"loop"}


def test_the_first_failure_ends_the_others_before_it_is_raised() -> None:
    ended: list[str] = []

    async def waits(name: str) -> None:
        try:
            await asyncio.sleep(20)
        finally:
            await asyncio.sleep(0.01)
            ended.append(name)

    async def fails() -> None:
        await asyncio.sleep(0.02)
        raise LookupError("the first")

    async def both() -> None:
        with pytest.raises(LookupError, match="the first"):
            async with asyncio.timeout(5):
                await gathered([waits("a"), fails(), waits("b")])
        assert sorted(ended) == ["a", "b"]
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(both())


@pytest.mark.parametrize("measured", [False, True])
def test_one_that_is_cancelled_at_once_leaves_nothing_behind(measured: bool) -> None:
    """Before the first step of its tasks, and after it."""
    meter, request = Meter(Settings(), slots=1), MeasuredRequest()

    async def cancelled(turns: int) -> None:
        if measured:
            request.begin(Unit(meter, get_ident(), "loop"), "GET", "/wait", 0, None)
        asking = asyncio.ensure_future(gathered([stepping(block), stepping(block)]))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert len(asyncio.all_tasks()) == 1
        if measured:
            request.end()

    for turns in range(1, 5):
        asyncio.run(cancelled(turns))


def test_what_is_left_of_a_request_that_has_ended_is_nobodys() -> None:
    meter, request = Meter(Settings(), slots=1), MeasuredRequest()

    async def left() -> None:
        request.begin(Unit(meter, get_ident(), "loop"), "GET", "/wait", 0, None)
        tasks = asyncio.ensure_future(gathered([stepping(block, 1)]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        request.end()
        held_ns = request._hold_ns
        await tasks
        assert request._hold_ns == held_ns
        assert UNITS[get_ident()].running is None

    asyncio.run(left())


def test_what_a_thread_computes_for_a_request_is_its_processor_time_and_no_hold() -> None:
    meter, request = Meter(Settings(), slots=1), MeasuredRequest()
    request.begin(Unit(meter, get_ident(), "loop"), "GET", "/downstream", 0, None)
    work = helped(spin)
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work) for _ in range(3)]:
            done.result()
    request.pause()
    cpu_ns = request._cpu_ns
    request.resume()
    request.end()

    assert 3 * 30e6 <= cpu_ns < 3 * 36e6
    # Who comes too late works for nobody.
    work()
    assert request._cpu_ns - cpu_ns < 5e6
    UNITS[get_ident()].running = None
    assert helped(spin) is spin

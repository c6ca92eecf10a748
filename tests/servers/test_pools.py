"""Where the asynchronous twin runs work: what waits for what, and what dies with whom."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest
from anyio import CapacityLimiter

from servers import starlette_app
from servers.budget import Budget
from servers.gone import Gone
from servers.pools import in_turn
from servers.profiles import Placement
from servers.settings import Settings
from tests.contract.clients import call, http_scope, living
from tests.servers.instruments.test_leaving import Server
from tests.servers.live import running

DEADLINE_S = 30


async def _finished(placement: Placement, *targets: str) -> list[str]:
    """Ask for all targets at once; the targets in the order of their answers."""
    app = starlette_app.create_app(Settings(threads=2, pool_processes=1, placement=placement))
    order: list[str] = []

    async def ask(target: str) -> None:
        assert (await call(app, http_scope("GET", target, {}))).status == 200
        order.append(target)

    async with living(app):
        await asyncio.gather(*(ask(target) for target in targets))
    return order


@pytest.mark.parametrize(
    ("placement", "target"),
    [
        ("loop", "/wait?ms=50"),
        ("loop", "/offload?ms=50"),
        ("loop", "/cpu-offload?units=1"),
        ("pools", "/blocking?ms=50"),
        ("pools", "/cpu?units=50"),
    ],
)
def test_a_bystander_is_answered_while_work_is_awaited(placement: Placement, target: str) -> None:
    assert asyncio.run(_finished(placement, target, "/hello")) == ["/hello", target]


@pytest.mark.parametrize("target", ["/blocking?ms=50", "/cpu?units=50"])
def test_a_bystander_waits_for_work_in_the_loop(target: str) -> None:
    assert asyncio.run(_finished("loop", target, "/hello")) == [target, "/hello"]


def test_no_more_calls_block_at_once_than_there_are_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock, now, most = threading.Lock(), 0, 0
    both = threading.Barrier(2, timeout=DEADLINE_S)

    def counted(ms: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        both.wait()
        with lock:
            now -= 1

    monkeypatch.setattr(starlette_app, "block", counted)
    asyncio.run(_finished("loop", *["/offload?ms=1"] * 6))
    assert most == 2


@pytest.mark.parametrize("seed", range(3))
def test_leaving_at_any_moment_work_is_done_or_never_begun_and_no_place_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    begun: set[int] = set()

    async def run(work: object, number: int) -> int:
        begun.add(number)
        await asyncio.sleep(chance.random() * 0.002)
        return number

    async def scenario() -> int:
        places, loop = CapacityLimiter(2), asyncio.get_running_loop()
        gone = 0
        for first in range(0, 400, 20):
            tasks = []
            for number in range(first, first + 20):
                server = Server()
                turn = in_turn(places, run, abs, number, server.request())
                tasks.append(asyncio.create_task(turn))
                if chance.random() < 0.7:
                    loop.call_later(chance.random() * 0.01, server.leave)
            found = await asyncio.gather(*tasks, return_exceptions=True)
            for number, one in enumerate(found, first):
                assert one == number or type(one) is Gone
                assert (number in begun) == (one == number)
                gone += type(one) is Gone
        assert (places.borrowed_tokens, places.statistics().tasks_waiting) == (0, 0)
        return gone

    assert asyncio.run(scenario()) > 50


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_server_leaves_no_process_behind(workers: int) -> None:
    with running("hybrid", Budget(workers=workers)) as live:
        family = psutil.Process(live.pid).children(recursive=True)
        pools = [process for process in family if "spawn_main" in " ".join(process.cmdline())]
        assert len(pools) >= 2 * workers
        os.kill(live.pid, signal.SIGKILL)
        _wait_until_gone(family)


@pytest.mark.slow
def test_a_stopped_server_finishes_what_its_pool_computes() -> None:
    with running("hybrid") as live:
        family = psutil.Process(live.pid).children(recursive=True)
        answers: list[int] = []
        asking = threading.Thread(target=lambda: answers.append(live.get("/cpu?units=400").status))
        asking.start()
        _wait_until_busy(family)
        os.killpg(live.pid, signal.SIGTERM)
        asking.join()
        assert answers == [200]
        _wait_until_gone(family)


@pytest.mark.slow
def test_a_stop_ends_no_process_of_a_pool_that_has_only_begun() -> None:
    with running("uvloop") as live, ThreadPoolExecutor(1) as asking:
        server = psutil.Process(live.pid)
        answer = asking.submit(live.get, "/cpu-offload?units=50")
        told = 0
        while not answer.done():
            for process in server.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    if "spawn_main" in " ".join(process.cmdline()):
                        process.send_signal(signal.SIGTERM)
                        told += 1
        assert answer.result().status == 200
        assert told > 10


def _wait_until_busy(family: list[psutil.Process]) -> None:
    before = {process: process.cpu_times().user for process in family}
    deadline = time.monotonic() + DEADLINE_S
    while not any(process.cpu_times().user > before[process] + 0.1 for process in family):
        assert time.monotonic() < deadline, "no pool process began to compute"
        time.sleep(0.01)


def _wait_until_gone(family: list[psutil.Process]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while alive := [process for process in family if _lives(process)]:
        assert time.monotonic() < deadline, f"still there: {alive}"
        time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

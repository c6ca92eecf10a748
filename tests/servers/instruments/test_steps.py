"""Requests of the asynchronous twin that end otherwise than by an answer, seen in the ledger."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path
from threading import get_ident

import pytest

from servers import starlette_app
from servers.exporter.book import Book
from servers.instruments import request as request_module
from servers.instruments import unit as unit_module
from servers.instruments.answer import Answer
from servers.instruments.request import MeasuredRequest
from servers.instruments.unit import Unit
from servers.ledger import path_of
from servers.metrics import SUM
from servers.settings import Settings
from tests.contract.clients import call, http_scope, living

WAIT = "/wait?ms=10000"
HELD_S = 0.05


def stamped() -> dict[str, str]:
    return {"X-Request-Start": f"t={time.time_ns() // 1000}"}


def found(folder: Path) -> dict[tuple[str, ...], float]:
    """Every series of this process's ledger by its name and own labels; of histograms the count."""
    book = Book(path_of(folder, os.getpid()))
    book.look()
    return {
        (name, *[label for label in labels if label not in ("", str(os.getpid()))]): sum(
            cells[:SUM] if len(cells) > 1 else cells
        )
        for (name, labels), cells in book.last_numbers()
    }


@pytest.mark.parametrize("measured", [False, True])
def test_a_request_that_is_cancelled_is_counted_and_active_no_more(
    measured: bool, tmp_path: Path
) -> None:
    app = starlette_app.create_app(Settings(ledgers=str(tmp_path)))
    during: dict[tuple[str, ...], float] = {}

    async def cancelled() -> None:
        async with living(app):
            headers = stamped() if measured else {}
            asking = asyncio.create_task(call(app, http_scope("GET", WAIT, headers)))
            await asyncio.sleep(HELD_S)
            during.update(found(tmp_path))
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            assert asking.cancelled()

    asyncio.run(cancelled())

    after = found(tmp_path)
    assert during["http_server_active_requests",] == 1
    assert after["http_server_active_requests",] == 0
    assert after["testbed_requests_total", "GET", "/wait"] == 1
    assert after["testbed_worker_requests_total",] == 1
    assert after.get(("testbed_worker_measured_requests_total",), 0) == int(measured)
    if measured:
        # Two short steps, and in between it held nothing.
        assert after["testbed_request_wait_seconds_total", "/wait"] >= 0.9 * HELD_S
        assert after["testbed_worker_hold_seconds_total",] < HELD_S / 2


def test_an_application_that_takes_what_is_thrown_into_it_answers_and_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stubborn(request: object) -> Answer:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(20)
        return starlette_app.HELLO

    monkeypatch.setattr(starlette_app, "wait", stubborn)
    app = starlette_app.create_app(Settings(ledgers=str(tmp_path)))

    async def cancelled() -> int:
        async with living(app):
            asking = asyncio.create_task(call(app, http_scope("GET", WAIT, stamped())))
            await asyncio.sleep(HELD_S)
            asking.cancel()
            answer = await asking
            assert "server-timing" in answer.headers
            return answer.status

    assert asyncio.run(cancelled()) == 200
    after = found(tmp_path)
    assert after["testbed_requests_total", "GET", "/wait", "200"] == 1
    assert after["testbed_request_hold_seconds", "/wait"] == 1
    assert after["http_server_active_requests",] == 0


@pytest.mark.parametrize("measured", [False, True])
def test_a_request_that_is_given_up_while_it_waits_ends(measured: bool, tmp_path: Path) -> None:
    """As when a loop is closed with it: the coroutine is closed, and nothing resumes it."""
    app = starlette_app.create_app(Settings(ledgers=str(tmp_path)))

    async def given_up() -> None:
        scope = http_scope("GET", WAIT, stamped() if measured else {})
        asking = call(app, scope)
        asking.send(None)
        asking.close()

    asyncio.run(given_up())
    assert found(tmp_path)["testbed_requests_total", "GET", "/wait"] == 1
    assert found(tmp_path)["http_server_active_requests",] == 0


def test_what_keeps_a_process_at_its_end_is_no_part_of_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where processes share a processor, the first call of the system after an answer loses it.

    Hold, service time and the count of active requests must agree on where the request ended.
    """
    order: list[str] = []
    told: list[tuple[int, ...]] = []
    clock = iter(range(0, 10**9, 10**6))

    class Counting:
        """A meter that notes what it is told, and when."""

        worker = "1"

        def end(self, asked: object) -> None:
            order.append("counted")

        def measured(self, tally: object, *times_ns: int) -> None:
            told.append(times_ns)

    def now_ns() -> int:
        order.append("clock")
        return next(clock)

    def cpu_ns() -> int:
        order.append("system call")
        for _ in range(50):
            next(clock)
        return 0

    monkeypatch.setattr(request_module, "perf_counter_ns", now_ns)
    monkeypatch.setattr(unit_module, "thread_time_ns", cpu_ns)
    request = MeasuredRequest()
    unit = Unit(Counting(), get_ident(), "worker")  # type: ignore[arg-type]
    request.begin(unit, "GET", "/hello", 0, None)
    order.clear()
    request.end()

    assert order[:3] == ["counted", "clock", "system call"]
    ((service_ns, _, hold_ns, _, _),) = told
    assert hold_ns == service_ns

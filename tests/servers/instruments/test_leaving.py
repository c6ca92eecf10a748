"""Work that is cancelled when its client leaves, with a server whose `receive` is as uvicorn's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from starlette.requests import Request

from servers import starlette_app
from servers.contract import MAX_BODY_BYTES
from servers.gone import Gone
from servers.instruments.answer import Answer
from servers.instruments.leaving import unless_gone
from servers.settings import Settings
from tests.contract.clients import http_scope, living
from tests.servers.instruments.test_steps import found, stamped

Result = TypeVar("Result")
LONG_S = 20.0


class Server:
    """A server with one request: what its client sends, and when it leaves."""

    def __init__(self, pieces: list[bytes] | None = None) -> None:
        self._pieces = [b""] if pieces is None else pieces
        self._told = asyncio.Event()
        self._told.set()
        self.calls = 0

    def leave(self) -> None:
        self._pieces = []
        self._told.set()

    async def receive(self) -> dict[str, Any]:
        self.calls += 1
        await self._told.wait()
        if not self._pieces:
            return {"type": "http.disconnect"}
        piece = self._pieces.pop(0)
        if not self._pieces:
            self._told.clear()
            self._pieces = [b"never"]
            return {"type": "http.request", "body": piece, "more_body": False}
        return {"type": "http.request", "body": piece, "more_body": True}

    def request(self) -> Request:
        return Request(http_scope("GET", "/wait", {}), self.receive)


def run(case: Callable[[Server], Coroutine[Any, Any, Result]], *given: list[bytes]) -> Result:
    async def whole() -> Result:
        result = await case(Server(*given))
        # Nothing that was begun goes on, or waits for anything.
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    return asyncio.run(whole())


class Work:
    """Awaits something long, and notes how that ended."""

    def __init__(self, awaitable: Callable[[], Awaitable[Any]]) -> None:
        self._awaitable = awaitable
        self.state = "not begun"

    async def __call__(self) -> str:
        self.state = "begun"
        try:
            await self._awaitable()
        except asyncio.CancelledError:
            self.state = "cancelled"
            raise
        self.state = "done"
        return "result"


def test_work_that_ends_gives_its_result_and_nothing_goes_on() -> None:
    async def case(server: Server) -> list[str]:
        request = server.request()
        # Again and again, as a handler with several of them does.
        return [await unless_gone(request, Work(lambda: asyncio.sleep(0.001))()) for _ in "123"]

    assert run(case) == ["result"] * 3


def test_an_error_of_the_work_is_its_own() -> None:
    async def broken() -> None:
        await asyncio.sleep(0)
        raise ValueError("its own")

    async def case(server: Server) -> None:
        with pytest.raises(ValueError, match="its own"):
            await unless_gone(server.request(), broken())

    run(case)


@pytest.mark.parametrize("body", [[b""], [b"ab", b"c"], [b"x"] * 1_000])
def test_work_is_cancelled_when_its_client_leaves(body: list[bytes]) -> None:
    async def case(server: Server) -> tuple[str, float]:
        work = Work(lambda: asyncio.sleep(LONG_S))
        asyncio.get_running_loop().call_later(0.03, server.leave)
        begun = time.perf_counter()
        with pytest.raises(Gone):
            await unless_gone(server.request(), work())
        return work.state, time.perf_counter() - begun

    state, took_s = run(case, body)
    assert state == "cancelled"
    assert 0.029 < took_s < LONG_S / 2


def test_who_listens_later_hears_of_a_client_that_has_left_before() -> None:
    async def case(server: Server) -> tuple[str, int, float]:
        work = Work(lambda: asyncio.sleep(LONG_S))
        asyncio.get_running_loop().call_later(0.01, server.leave)
        begun = time.perf_counter()
        with pytest.raises(Gone):
            await unless_gone(server.request(), work(), after_s=0.05)
        task = asyncio.current_task()
        assert task is not None
        return work.state, task.cancelling(), time.perf_counter() - begun

    state, cancelling, took_s = run(case)
    assert (state, cancelling) == ("cancelled", 0)
    assert 0.049 < took_s < LONG_S / 2


def test_who_listens_later_hears_of_a_client_that_leaves_after_that() -> None:
    async def case(server: Server) -> tuple[str, float]:
        work = Work(lambda: asyncio.sleep(LONG_S))
        asyncio.get_running_loop().call_later(0.05, server.leave)
        begun = time.perf_counter()
        with pytest.raises(Gone):
            await unless_gone(server.request(), work(), after_s=0.01)
        return work.state, time.perf_counter() - begun

    state, took_s = run(case)
    assert state == "cancelled"
    assert 0.049 < took_s < LONG_S / 2


def test_a_client_that_leaves_in_the_turn_in_which_the_work_ends_disturbs_nobody() -> None:
    async def case(server: Server) -> tuple[str, list[Any]]:
        loop, complaints = asyncio.get_running_loop(), list[Any]()
        loop.set_exception_handler(lambda _, told: complaints.append(told))
        ended: asyncio.Future[None] = loop.create_future()

        def both() -> None:
            ended.set_result(None)
            server.leave()

        loop.call_later(0.01, both)
        result = await unless_gone(server.request(), Work(lambda: ended)())
        await asyncio.sleep(0.01)
        return result, complaints

    assert run(case) == ("result", [])


def test_what_is_over_sooner_is_never_listened_for() -> None:
    async def case(server: Server) -> tuple[str, int]:
        request, work = server.request(), Work(lambda: asyncio.sleep(0.001))
        result = await unless_gone(request, work(), after_s=0.02)
        await asyncio.sleep(0.04)
        return result, server.calls

    assert run(case) == ("result", 0)


def test_all_that_is_gathered_is_cancelled() -> None:
    async def case(server: Server) -> list[str]:
        works = [Work(lambda: asyncio.sleep(LONG_S)) for _ in range(3)]
        asyncio.get_running_loop().call_later(0.01, server.leave)
        with pytest.raises(Gone):
            await unless_gone(server.request(), asyncio.gather(*(work() for work in works)))
        await asyncio.sleep(0)
        return [work.state for work in works]

    assert run(case) == ["cancelled"] * 3


def test_for_a_client_that_has_left_already_nothing_is_begun() -> None:
    async def case(server: Server) -> list[str]:
        server.leave()
        request, works = server.request(), [Work(lambda: asyncio.sleep(0)) for _ in "12"]
        for work in works:
            with pytest.raises(Gone):
                await unless_gone(request, work())
        return [work.state for work in works]

    assert run(case) == ["not begun"] * 2


def test_who_cancels_the_request_from_outside_is_heard() -> None:
    async def case(server: Server) -> tuple[str, bool]:
        work = Work(lambda: asyncio.sleep(LONG_S))
        asking = asyncio.create_task(unless_gone(server.request(), work()))
        await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return work.state, asking.cancelled()

    assert run(case) == ("cancelled", True)


def test_a_request_whose_client_has_left_can_still_wait_for_something() -> None:
    """As for a connection to be given back: the request itself is not cancelled for good."""

    async def case(server: Server) -> int:
        asyncio.get_running_loop().call_soon(server.leave)
        with pytest.raises(Gone):
            await unless_gone(server.request(), asyncio.sleep(LONG_S))
        async with asyncio.timeout(LONG_S):
            await asyncio.sleep(0.001)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert run(case) == 0


def test_a_body_without_an_end_is_not_read_without_one() -> None:
    piece = bytes(MAX_BODY_BYTES // 4)

    async def case(server: Server) -> int:
        await unless_gone(server.request(), asyncio.sleep(0.001))
        return server.calls

    assert run(case, [piece] * 100) == 5


@pytest.mark.parametrize("measured", [False, True])
def test_a_request_that_is_given_up_has_no_answer_and_counts(
    measured: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def waits(request: Request) -> Answer:
        await unless_gone(request, asyncio.sleep(LONG_S))
        raise AssertionError("unreachable: its client leaves")

    monkeypatch.setattr(starlette_app, "wait", waits)
    app = starlette_app.create_app(Settings(ledgers=str(tmp_path)))
    sent: list[Any] = []

    async def case() -> None:
        server = Server()
        async with living(app):
            asyncio.get_running_loop().call_later(0.05, server.leave)
            scope = http_scope("GET", "/wait", stamped() if measured else {})

            async def send(message: Any) -> None:
                sent.append(message)

            await app(scope, server.receive, send)

    asyncio.run(case())

    counts = found(tmp_path)
    assert sent == []
    assert counts["testbed_requests_total", "GET", "/wait"] == 1
    assert counts["http_server_active_requests",] == 0
    assert counts.get(("testbed_abandoned_requests_total", "/wait"), 0) == int(measured)
    if measured:
        # It was cancelled at once, and has held nothing but its two short steps.
        assert 0 < counts["testbed_abandoned_seconds_total", "/wait"] < 0.04
        assert counts["testbed_request_wait_seconds_total", "/wait"] > 0.045
        assert 0 < counts["testbed_worker_hold_seconds_total",] < 0.04

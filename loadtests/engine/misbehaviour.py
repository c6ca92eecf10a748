"""What clients do that are no ordinary ones, each on connections of its own.

Rule 1: each ends by itself, or is cancelled; it closes what it has opened in either case.
Rule 2: each returns one fate, however often it asked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import perf_counter_ns
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from loadtests.clients import Client, Polling, Retrying, Silent, SlowReader, SlowSender, Vanishing
from loadtests.engine.engine import kind_of
from loadtests.engine.exchange import Visit
from loadtests.engine.line import Answer, Line
from loadtests.samples import ErrorKind, Outcome

SMALL = 2048
"""Bytes of a slow reader's receive buffer; the system may take somewhat more."""


class Fate(NamedTuple):
    """What became of a request; `headers` are those of its answer."""

    outcome: Outcome
    at_ns: int
    status: int = 0
    error: ErrorKind = ErrorKind.NONE
    headers: dict[bytes, bytes] | None = None


class Call(Protocol):
    """One request as a client finds it."""

    visit: Visit
    body: bytes

    @property
    def head(self) -> bytes:
        """Down to the empty line, as it is to be sent now."""

    async def connect(self, receive_bytes: int = 0) -> Line:
        """A new connection. Raises OSError."""

    def get(self, url: str) -> bytes:
        """A request for another target of the same server."""


async def behave(client: Client, call: Call) -> Fate:
    """Do what a client does. Raises OSError where it cannot connect or send."""
    do: Callable[[Any, Call], Awaitable[Fate]] = BEHAVIOURS[type(client)]
    return await do(client, call)


async def _send_slowly(client: SlowSender, call: Call) -> Fate:
    line = await call.connect()
    # Whoever is slow may be answered, or hung up on, before it has sent everything.
    answer = asyncio.ensure_future(line.answer())
    sending = asyncio.ensure_future(_trickle(line, client, call))
    try:
        await asyncio.wait({answer, sending}, return_when=asyncio.FIRST_COMPLETED)
        return _fate(await answer)
    finally:
        sending.cancel()
        answer.cancel()
        await asyncio.gather(sending, answer, return_exceptions=True)
        line.close()


async def _trickle(line: Line, client: SlowSender, call: Call) -> None:
    """The head at once where there is a body to be slow with."""
    first, rest = (call.head, call.body) if call.body else (b"", call.head)
    with suppress(OSError):
        await line.send(first)
        await line.trickle(rest, client.bytes_per_s)


async def _read_slowly(client: SlowReader, call: Call) -> Fate:
    line = await call.connect(SMALL)
    try:
        await line.send(call.head + call.body)
        return _fate(await line.answer(client.bytes_per_s))
    finally:
        line.close()


async def _be_silent(client: Silent, call: Call) -> Fate:
    line = await call.connect()
    status = 0
    try:
        if client.sends == "half a line":
            await line.send(call.head[: call.head.index(b"\r\n") // 2])
        with suppress(TimeoutError):
            status = await asyncio.wait_for(line.silence(), client.for_s)
        return Fate(Outcome.GONE, perf_counter_ns(), status)
    finally:
        line.close()


async def _vanish(client: Vanishing, call: Call) -> Fate:
    line = await call.connect()
    try:
        await line.send(call.head + call.body)
        try:
            return _fate(await asyncio.wait_for(line.answer(), client.after_ms / 1000.0))
        except TimeoutError:
            return Fate(Outcome.GONE, perf_counter_ns())
    finally:
        line.close()


async def _retry(client: Retrying, call: Call) -> Fate:
    fate = Fate(Outcome.GONE, 0)
    for call.visit.attempts in range(1, client.attempts + 1):
        try:
            fate = _fate(await asyncio.wait_for(_ask_once(call), client.patience_ms / 1000.0))
        except TimeoutError:
            fate = Fate(Outcome.GONE, perf_counter_ns())
        except OSError as error:
            fate = Fate(Outcome.FAILED, perf_counter_ns(), 0, kind_of(error))
        if fate.outcome == Outcome.COMPLETED:
            break
    return fate


async def _ask_once(call: Call) -> Answer:
    line = await call.connect()
    try:
        await line.send(call.head + call.body)
        return await line.answer()
    finally:
        line.close()


async def _poll(client: Polling, call: Call) -> Fate:
    line = await call.connect()
    try:
        await line.send(call.head + call.body)
        answer = await line.answer()
        where = _header(answer, b"location")
        if answer.status != 202 or where is None:
            return _fate(answer)
        call.visit.accepted_ns = answer.at_ns
        request = call.get(_target(where))
        while True:
            await asyncio.sleep(client.every_ms / 1000.0)
            if not answer.reusable:
                line.close()
                line = await call.connect()
            call.visit.attempts += 1
            await line.send(request)
            answer = await line.answer()
            state = _state(answer)
            if state == "done":
                return _fate(answer)
            if state is None or state == "failed":
                return _undelivered(answer)
    finally:
        line.close()


def _fate(answer: Answer) -> Fate:
    if answer.error:
        return Fate(Outcome.FAILED, answer.at_ns, 0, answer.error)
    if answer.status >= 400:
        error = ErrorKind.STATUS
        return Fate(Outcome.FAILED, answer.at_ns, answer.status, error, answer.headers)
    return Fate(Outcome.COMPLETED, answer.at_ns, answer.status, headers=answer.headers)


def _undelivered(answer: Answer) -> Fate:
    failed = _fate(answer)
    if failed.outcome == Outcome.FAILED:
        return failed
    return failed._replace(outcome=Outcome.FAILED, error=ErrorKind.UNDELIVERED)


def _header(answer: Answer, wanted: bytes) -> bytes | None:
    found = (value for name, value in answer.headers.items() if name.lower() == wanted)
    return next(found, None)


def _target(location: bytes) -> str:
    parts = urlsplit(location.decode("latin-1"))
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _state(answer: Answer) -> str | None:
    """What the record of accepted work says of it; None where there is no record to be read."""
    if answer.error or answer.status >= 400:
        return None
    try:
        found = json.loads(answer.body)["state"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


BEHAVIOURS: dict[type, Callable[[Any, Call], Awaitable[Fate]]] = {
    SlowSender: _send_slowly,
    SlowReader: _read_slowly,
    Silent: _be_silent,
    Vanishing: _vanish,
    Retrying: _retry,
    Polling: _poll,
}

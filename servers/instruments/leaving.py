"""Clients that leave: how the asynchronous twin notices, and what it does for nobody any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect

from servers.contract import MAX_BODY_BYTES
from servers.gone import Gone
from servers.instruments.answer import REQUEST

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope

Result = TypeVar("Result")
LONG_S = 0.05
"""What takes no longer is over before it matters that its client has left."""


async def unless_gone(
    request: Request | None, work: Awaitable[Result], after_s: float = 0.0
) -> Result:
    """Await `work` in the request's own task; cancel it when the client leaves, and raise `Gone`.

    Without a request there is nobody who could leave.

    `after_s`: listen from then on only, in seconds. It spares what is over sooner the listening,
    which costs a request that does next to nothing else a fifth of its time.

    Let `Gone` pass: the twin ends the request without an answer. What the work has begun it must
    end itself when it is cancelled, as tasks, connections and transactions do; a thread cannot, so
    put the wait for one here, not what it does. A body that nobody has read yet is read and
    forgotten meanwhile.
    """
    if request is None:
        return await work
    return await while_there(request.scope, request.receive, work, after_s)


async def while_there(
    scope: Scope, receive: Receive, work: Awaitable[Result], after_s: float = 0.0
) -> Result:
    """The same for who has no request."""
    task = asyncio.current_task()
    assert task is not None
    client = _Client(receive, task)
    later = asyncio.get_running_loop().call_later(after_s, client.look) if after_s else None
    if later is None:
        client.watch()
    try:
        if client.left_ns:
            _drop(work)
            raise Gone
        return await work
    except asyncio.CancelledError:
        # Who else has cancelled the request means it.
        if not client.has_cancelled or task.cancelling() > 1:
            raise
        raise Gone from None
    finally:
        if later is not None:
            later.cancel()
        client.forget()
        if client.left_ns:
            note(scope, client.left_ns)


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The body of a request as it comes. Raises `Gone` where it breaks off."""
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        note(request.scope, perf_counter_ns())
        raise Gone from None


def note(scope: Scope, left_ns: int) -> None:
    """The client has left at this moment: a measured request counts what it does from then on."""
    measured = scope.get(REQUEST)
    if measured is not None:
        # Who looked on from beside may have seen it before.
        measured.left_ns = measured.left_ns or left_ns


def _drop(work: Awaitable[Any]) -> None:
    """End what is not to be awaited: a coroutine, or a task or future."""
    end = getattr(work, "close", None) or getattr(work, "cancel", None)
    if end is not None:
        end()


class _Client:
    """The client of one request, watched while a task works for it.

    Rule: no task of its own. A task costs a request as much as everything else that is done for
    it here; what the server's `receive` waits for is a future, and a callback on it costs little.
    """

    __slots__ = ("_receive", "_steps", "_task", "_unread", "_waits", "has_cancelled", "left_ns")

    def __init__(self, receive: Receive, task: asyncio.Task[Any]) -> None:
        self._receive, self._task = receive, task
        self._steps: Any = None
        self._waits: Any = None
        self._unread: int | None = MAX_BODY_BYTES
        self.left_ns = 0
        self.has_cancelled = False

    def watch(self) -> None:
        """Hear what the server says, up to where it has to be waited for."""
        while self._goes_on(self._receive()):
            pass

    def look(self) -> None:
        """Begin to watch while the task waits already."""
        self.watch()
        self._end_what_is_for_nobody()

    def forget(self) -> None:
        """Listen no more. The task is as if nobody here had ever cancelled it."""
        if self.has_cancelled:
            self._task.uncancel()
        if self._waits is not None:
            self._waits.remove_done_callback(self._heard)
            self._steps.close()
            self._waits = self._steps = None
            # gunicorn takes who waits for a disconnect no longer for one who has heard of it.
            receiver: Any = getattr(self._receive, "__self__", None)
            if getattr(receiver, "_closed", False) and not receiver.protocol._closed:
                receiver._closed = False

    def _goes_on(self, steps: Any) -> bool:
        """Take `receive` as far as it comes; whether it has to be called again."""
        try:
            self._waits = steps.send(None)
        except StopIteration as ended:
            self._waits = self._steps = None
            return self._takes(ended.value)
        self._steps = steps
        # As a task does that takes a future over from what it runs.
        self._waits._asyncio_future_blocking = False
        self._waits.add_done_callback(self._heard)
        return False

    def _heard(self, _: Any) -> None:
        if self._steps is None:
            # In the same turn of the loop the work has ended, and nobody listens any more.
            return
        if self._goes_on(self._steps):
            self.watch()
        self._end_what_is_for_nobody()

    def _end_what_is_for_nobody(self) -> None:
        if self.left_ns:
            self.has_cancelled = True
            self._task.cancel()

    def _takes(self, message: Any) -> bool:
        """Whether there is more to hear after a message."""
        if message["type"] == "http.disconnect":
            self.left_ns = perf_counter_ns()
            return False
        if self._unread is None:
            # Behind the end of a body there is only one thing to be said.
            return False
        self._unread -= len(message.get("body", b""))
        more = bool(message.get("more_body", False))
        # Whoever sends without an end is not worth reading: that it leaves is seen elsewhere.
        goes_on = not more or self._unread >= 0
        if not more:
            self._unread = None
        return goes_on

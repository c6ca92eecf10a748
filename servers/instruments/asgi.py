"""Around an ASGI application: every resumption of a request's coroutine is a step of its loop.

Between its steps a request waits, and holds nothing. The sum of its steps is its hold, and what
the longest of them takes, every other request of the loop waits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from threading import get_ident
from typing import TYPE_CHECKING, Any, cast

from servers.instruments import companions
from servers.instruments.meter import Meter
from servers.instruments.request import MeasuredRequest
from servers.instruments.stamps import queued_ns
from servers.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

Message = MutableMapping[str, Any]
_STAMP, _TRACE = b"x-request-start", b"traceparent"


def measured(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application with instruments around it, or itself where they are off."""
    if settings.instruments == "off":
        return app
    # However many requests a loop has in hand, one at a time holds it.
    return Measured(app, Meter(settings, slots=1), settings)


class Measured:
    """An ASGI application. Who stamps a request is told where its time went; others are counted."""

    def __init__(self, app: ASGIApp, meter: Meter, settings: Settings) -> None:
        self._app, self._meter, self._settings = app, meter, settings
        self._thread = get_ident()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request, or the worker's whole life."""
        if scope["type"] != "http":
            return self._live(scope, receive, send)
        stamp = trace = None
        for name, value in scope["headers"]:
            if name == _STAMP:
                stamp = value.decode("latin-1")
            elif name == _TRACE:
                trace = value.decode("latin-1")
        queue_ns = None if stamp is None else queued_ns(stamp)
        if queue_ns is None:
            return self._counted(scope, receive, send)
        method, path = scope["method"], scope["path"]
        request = _Steps(self._meter, self._thread, "loop", method, path, queue_ns, trace)
        return request.over(self._app, scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        self._thread = get_ident()
        async with companions.on_loop(self._meter, self._settings, scope["app"]):
            await self._app(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        meter, status = self._meter, 0

        def noting(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        meter.cells[meter.active] += 1.0
        try:
            await self._app(scope, receive, noting)
        finally:
            meter.cells[meter.active] -= 1.0
            meter.answered(scope["method"], scope["path"], status)


class _Steps(MeasuredRequest):
    """Awaits the application's coroutine, step by step."""

    __slots__ = ("_coroutine", "_send")

    _coroutine: Coroutine[Any, Any, None]

    def over(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve with `app`."""
        self._send = send
        self._coroutine = cast("Coroutine[Any, Any, None]", app(scope, receive, self._answering))
        return self

    def _answering(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            timing = (b"server-timing", self.answer(message["status"]).encode())
            message["headers"] = [*message["headers"], timing]
        return self._send(message)

    def __await__(self) -> Generator[Any, Any, None]:
        return self

    def __iter__(self) -> _Steps:
        return self

    def __next__(self) -> Any:
        return self._step(self._coroutine.send, None)

    def send(self, value: Any) -> Any:
        """Resume the coroutine until it waits for something, which is returned, or ends."""
        return self._step(self._coroutine.send, value)

    def throw(self, *error: Any) -> Any:
        """The same with an error, as when the request is cancelled."""
        return self._step(self._coroutine.throw, *error)

    def _step(self, resume: Callable[..., Any], *arguments: Any) -> Any:
        self.resume()
        try:
            awaited = resume(*arguments)
        except BaseException:
            self.pause()
            self.finish()
            raise
        self.pause()
        return awaited

    def close(self) -> None:
        """End the coroutine where it stands, and the request with it."""
        try:
            self._coroutine.close()
        finally:
            self.finish()

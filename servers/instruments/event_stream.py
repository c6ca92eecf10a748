"""An answer that is sent event by event, and measured to its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from starlette.responses import Response

from servers.contract import STREAM_MEDIA_TYPE
from servers.gone import Gone
from servers.instruments.answer import REQUEST, STATUS
from servers.instruments.leaving import while_there

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

OK = 200
HEADERS = [(b"content-type", STREAM_MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]


class EventStream(Response):
    """A stream of events; when the client leaves no more of them are made.

    `Server-Timing` is sent with the first event, and so holds the split up to there.
    """

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        self.status_code = OK
        self.background = None
        self.raw_headers = HEADERS
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        scope[STATUS] = OK
        headers = HEADERS
        if (request := scope.get(REQUEST)) is not None:
            headers = [*headers, (b"server-timing", request.answer(OK, receive))]
        await send({"type": "http.response.start", "status": OK, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        with suppress(Gone):
            await while_there(scope, receive, self._send(send))

    async def _send(self, send: Send) -> None:
        async with aclosing(self._events) as events:
            async for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

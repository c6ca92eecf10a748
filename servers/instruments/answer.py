"""Starlette's answer to HTTP, which the instruments need not look for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

REQUEST, STATUS = "testbed.request", "testbed.status"
"""What the instruments and the answer leave for each other in the scope of a request."""


class Answer(Response):
    """Starlette's response to HTTP, which says of itself when it is sent, and with what status.

    Rule: who looks at every message makes each of them a call longer; this costs a request a look.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        scope[STATUS] = status = self.status_code
        headers = self.raw_headers
        if (request := scope.get(REQUEST)) is not None:
            headers = [*headers, (b"server-timing", request.answer(status, receive))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

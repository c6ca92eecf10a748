"""Who may do what: the page is this machine's own, and only the page itself changes anything.

Rule 1: a request must name this server as its host, or another site's name was made to lead here.
Rule 2: nothing but the page itself reads what it shows, though another page may link to it.
Rule 3: what changes anything needs the page's token and the page's origin, which no other site has.
"""

from __future__ import annotations

import secrets

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = "x-testbed-token"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


class Safety:
    """An application behind these rules. `token` is for its page."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self.token = secrets.token_urlsafe(24)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 where a rule is broken; else let the application answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope["method"], Headers(scope=scope))

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *HEADERS]}
            await send(message)

        if refusal:
            await PlainTextResponse(f"{refusal}\n", 403)(scope, receive, guarded)
        else:
            await self._app(scope, receive, guarded)

    def _refusal(self, method: str, headers: Headers) -> str:
        if headers.get("host") not in self._hosts:
            return "this is no name of this page: open it at 127.0.0.1"
        # Browsers say so themselves; whoever is none has no page of another site to be led by.
        foreign = headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        if foreign and headers.get("sec-fetch-mode") != "navigate":
            return "only the page itself may read this"
        if method in ("GET", "HEAD"):
            return ""
        if headers.get("origin", "").removeprefix("http://") not in self._hosts:
            return "only the page itself may change something"
        if not secrets.compare_digest(headers.get(TOKEN, "").encode(), self.token.encode()):
            return "this page is of an earlier session: load it again"
        return ""

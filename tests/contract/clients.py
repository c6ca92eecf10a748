"""Both twins called in this process, as their servers would call them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from typing import Any, Protocol
from urllib.parse import unquote, unquote_to_bytes
from wsgiref.util import setup_testing_defaults

from servers import flask_app, starlette_app
from servers.settings import Settings
from tests.servers.live import Answer

Headers = Mapping[str, str] | None


class Client(Protocol):
    """Asks one twin; `module` is the twin's module."""

    module: Any

    def ask(self, method: str, target: str, headers: Headers = None, body: bytes = b"") -> Answer:
        """Send one request and return the whole answer; `body` with the length it has."""
        ...

    def close(self) -> None:
        """Give back what the twin has opened."""
        ...


class FlaskClient:
    """The synchronous twin behind a WSGI call."""

    module = flask_app

    def __init__(self, settings: Settings) -> None:
        self._app = flask_app.create_app(settings)

    def ask(self, method: str, target: str, headers: Headers = None, body: bytes = b"") -> Answer:
        raw_path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote_to_bytes(raw_path).decode("latin-1"),
            "QUERY_STRING": query,
            "wsgi.errors": io.StringIO(),
            "wsgi.input": io.BytesIO(body),
        }
        if body:
            environ["CONTENT_LENGTH"] = str(len(body))
        setup_testing_defaults(environ)
        for name, value in (headers or {}).items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_LENGTH" else f"HTTP_{key}"] = value
        started: list[Any] = []

        def start_response(*given: Any) -> Callable[[bytes], object]:
            started.extend(given)
            return started.append

        # A server closes the answer when it has sent it: only then the request has ended.
        with closing(self._app(environ, start_response)) as parts:  # type: ignore[type-var]
            answered = b"".join(parts)
        fields = {name.lower(): value for name, value in started[1]}
        return Answer(int(started[0].split()[0]), fields, answered)

    def close(self) -> None:
        self._app.config["DATABASE"].close()


class StarletteClient:
    """The asynchronous twin behind an ASGI call, with its lifespan round every request."""

    module = starlette_app

    def __init__(self, settings: Settings) -> None:
        self._app = starlette_app.create_app(settings)

    def ask(self, method: str, target: str, headers: Headers = None, body: bytes = b"") -> Answer:
        scope = http_scope(method, target, headers or {})
        if body:
            scope["headers"].append((b"content-length", b"%d" % len(body)))
        return asyncio.run(self._ask(scope, body))

    async def _ask(self, scope: dict[str, Any], body: bytes) -> Answer:
        async with living(self._app):
            return await call(self._app, scope, body)

    def close(self) -> None:
        pass


@asynccontextmanager
async def living(app: Any) -> AsyncIterator[None]:
    """Start an ASGI application and end it, as a server does: by the lifespan protocol."""
    told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    heard: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
    life = asyncio.create_task(app(scope, told.get, heard.put))
    for moment in ("startup", "shutdown"):
        await told.put({"type": f"lifespan.{moment}"})
        assert await heard.get() == {"type": f"lifespan.{moment}.complete"}
        if moment == "startup":
            try:
                yield
            except BaseException:
                life.cancel()
                raise
    await life


async def call(app: Any, scope: dict[str, Any], body: bytes = b"") -> Answer:
    """Call an ASGI application once; as on a server, HEAD has no body and errors end here."""
    sent: list[dict[str, Any]] = []
    # The client stays, and so there is nothing more to receive behind the body.
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        return left.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    # A server logs what the application raises after it has answered.
    with suppress(RuntimeError):
        await app(scope, receive, send)
    start, *parts = sent
    answered = b"" if scope["method"] == "HEAD" else b"".join(part["body"] for part in parts)
    fields = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], fields, answered)


def http_scope(method: str, target: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """The ASGI scope of a request, as a server would make it."""
    raw_path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }

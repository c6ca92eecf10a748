"""The page's own server: the page, its stream of frames, and its commands to the session."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dashboards.live.safety import Safety
from dashboards.live.session import Session, SessionOver
from dashboards.live.viewers import Viewers, event
from dashboards.palette import LOOKS

HERE = Path(__file__).parent
MAX_COMMAND_BYTES = 4096
MOST_VIEWERS = 40
ALONE_S = 5.0
"""How long the load goes on for nobody: a page that is loaded again is back before that."""


class LivePage:
    """The page of one session, from its start to its end."""

    def __init__(self, command: Sequence[str], port: int) -> None:
        self._command = command
        self._viewers = Viewers()
        self._session: Session | None = None
        self._over = ""
        self._watched = True
        templates = Environment(
            loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined
        )
        self._template = templates.get_template("page.html")
        routes = [
            Route("/", self._page),
            Route("/theme.css", self._theme),
            Route("/events", self._events),
            Route("/do", self._do, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]
        self.app = Safety(Starlette(routes=routes), port)

    def close(self) -> None:
        """Let every browser go, so that the server can end."""
        self._viewers.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have the session, which ends with this. Raises SessionOver where it does not begin."""
        self._session = await Session.start(self._command)
        tasks = [asyncio.create_task(self._pass_on()), asyncio.create_task(self._attend())]
        try:
            yield
        finally:
            await self._session.stop()
            for task in tasks:
                task.cancel()

    async def _pass_on(self) -> None:
        """Every frame to all who watch, and at last that there are no more."""
        assert self._session is not None
        async for frame in self._session.frames():
            self._viewers.tell("frame", frame)
        self._over = "The session has ended. Start it again with make live."
        self._viewers.tell("over", {"text": self._over})

    async def _attend(self) -> None:
        """Let the load rest while nobody watches."""
        alone_s = 0.0
        while True:
            await asyncio.sleep(0.25)
            alone_s = 0.0 if self._viewers.count else alone_s + 0.25
            watched = alone_s < ALONE_S
            if watched != self._watched:
                self._watched = watched
                with contextlib.suppress(SessionOver):
                    await self._ask({"do": "watch", "on": watched})

    async def _page(self, _: Request) -> Response:
        colours = {name: look.colour for name, look in LOOKS.items()}
        return HTMLResponse(self._template.render(token=self.app.token, colours=colours))

    async def _theme(self, _: Request) -> Response:
        return FileResponse(HERE.parent / "theme.css")

    async def _events(self, _: Request) -> Response:
        if self._viewers.count >= MOST_VIEWERS:
            return PlainTextResponse("too many browsers watch: close some\n", 503)
        hello = self._session.hello if self._session else {}
        first = event("hello", hello)
        if self._over:
            first += event("over", {"text": self._over})
        return StreamingResponse(self._viewers.events(first), media_type="text/event-stream")

    async def _do(self, request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_COMMAND_BYTES:
                return _answer("too long for a command", 413)
        try:
            command = json.loads(body)
        except (ValueError, RecursionError):
            command = None
        if not isinstance(command, dict) or command.get("do") == "watch":
            return _answer("a command is an object that says what to do", 422)
        try:
            error = await self._ask(command)
        except SessionOver as over:
            return _answer(str(over), 503)
        return _answer(error, 422 if error else 200)

    async def _ask(self, command: dict[str, Any]) -> str:
        if self._session is None:
            raise SessionOver("the session has not begun")
        return await self._session.ask(command)


def _answer(error: str, status: int) -> Response:
    """In ASCII: a refusal may name what no text can hold."""
    return Response(json.dumps({"error": error}), status, media_type="application/json")

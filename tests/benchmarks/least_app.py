"""Both twins without instruments, answering as those with them do: with a `Server-Timing`.

It was made in advance, and is always the same.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from starlette.types import ASGIApp

from servers import flask_app, starlette_app
from servers.instruments.stamps import TIMING

_VALUE = TIMING % (0.1, 0.1, 0.1, 0.1, 0.1, b"12345")


def starlette_answered() -> ASGIApp:
    """The asynchronous twin; of its endpoints `/hello` answers so."""
    starlette_app.HELLO.raw_headers.append((b"server-timing", _VALUE))
    return starlette_app.create_app()


def flask_answered() -> Flask:
    """The synchronous twin."""
    app = flask_app.create_app()
    serve, header = app.wsgi_app, ("Server-Timing", _VALUE.decode())

    def answered(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, header], exc_info)

        return serve(environ, start)

    app.wsgi_app = answered  # type: ignore[method-assign]
    return app

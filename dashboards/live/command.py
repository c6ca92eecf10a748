"""`python -m dashboards live`: the page at an address of this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from dashboards.live.app import LivePage
from dashboards.live.session import SessionOver

HOST = "127.0.0.1"
END_S = 1
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LiveError(Exception):
    """The page cannot be shown: why, and the remedy."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command at the door."""
    parser = commands.add_parser("live", help="both twins live in a page, or a recorded run")
    parser.add_argument("--wsgi", default="gthread", metavar="PROFILE", help="(%(default)s)")
    parser.add_argument("--asgi", default="uvloop", metavar="PROFILE", help="(%(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="of the page (%(default)s)")
    parser.add_argument("--wsgi-port", type=int, default=8001, help="(%(default)s)")
    parser.add_argument("--asgi-port", type=int, default=8002, help="(%(default)s)")
    parser.add_argument("--downstream-port", type=int, default=8010, help="(%(default)s)")
    parser.add_argument("--replay", type=Path, metavar="RUN", help="a recorded run, without load")
    parser.add_argument("--no-open", action="store_true", help="open no browser")


def show(options: argparse.Namespace) -> None:
    """Serve until told to end. Raises LiveError."""
    listener = _listen(options.port)
    with listener:
        port = listener.getsockname()[1]
        page = LivePage(_command(options), port)
        try:
            asyncio.run(_serve(page, listener, port, opens=not options.no_open))
        except SessionOver as over:
            raise LiveError(f"{over}: see above") from None


def _command(options: argparse.Namespace) -> list[str]:
    if options.replay is not None:
        return ["replay", str(options.replay.absolute())]
    ports = ["--ports", str(options.wsgi_port), str(options.asgi_port)]
    ports += ["--downstream-port", str(options.downstream_port)]
    return ["live", options.wsgi, options.asgi, *ports]


def _listen(port: int) -> socket.socket:
    if not 0 <= port <= 65_535:
        raise LiveError(f"--port is {port}: give a number from 0 to 65535")
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise LiveError(
            f"port {port} cannot be had ({error.strerror}): stop what listens there, "
            "or choose another with --port"
        ) from None


async def _serve(page: LivePage, listener: socket.socket, port: int, *, opens: bool) -> None:
    config = uvicorn.Config(
        page.app, log_level="warning", access_log=False, lifespan="off",
        timeout_graceful_shutdown=END_S, server_header=False,
    )  # fmt: skip
    server = _Server(config, page)
    # From the first moment on, so that whatever has been started is ended in order.
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, server.handle_exit, number, None)
    async with page.running():
        address = f"http://{HOST}:{port}/"
        if server.should_exit:
            return
        print(f"live at {address} · Ctrl-C ends it", flush=True)
        if opens and _has_screen():
            webbrowser.open(address)
        await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Lets the browsers go first: a stream of events has no end of its own."""

    def __init__(self, config: uvicorn.Config, page: LivePage) -> None:
        super().__init__(config)
        self._page = page

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them as they are."""
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, and no sooner at the second signal: the session is to end in order."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, and the open streams before that."""
        self._page.close()
        await super().shutdown(sockets)


def _has_screen() -> bool:
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

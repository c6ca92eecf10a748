"""The door of the exporter: `python -m servers.exporter` serves the metrics of all servers."""

from __future__ import annotations

import argparse
import errno
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry

from servers.exporter import web
from servers.exporter.collector import StackCollector
from servers.ledger import default_folder

# New servers are found between scrapes too, for their queues are watched from then on.
_LOOK_S = 1.0


class DoorError(Exception):
    """One line for the user, with the remedy; `code` is the exit status."""

    def __init__(self, message: str, code: int):
        super().__init__(message)
        self.code = code


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, serve until told to end, and return the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        _serve(arguments.ledgers, arguments.host, arguments.port)
    except DoorError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    return 0


def _serve(folder: Path, host: str, port: int) -> None:
    collector = StackCollector(folder)
    registry = CollectorRegistry()
    registry.register(collector)
    taken = _listen(registry, host, port)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    collector.start()
    print(f"serving {folder} at http://{host}:{taken}/metrics, Ctrl-C ends it", flush=True)
    while not over.wait(_LOOK_S):
        collector.look()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m servers.exporter",
        description="Serve the metrics of all servers of this machine until Ctrl-C.",
    )
    folder = default_folder()
    parser.add_argument(
        "--ledgers", type=Path, default=folder, metavar="FOLDER",
        help="where workers and generators keep their ledgers (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=9100, help="port to listen on, 0 for a free one (%(default)s)"
    )
    return parser


def _listen(registry: CollectorRegistry, host: str, port: int) -> int:
    if not 0 <= port <= 65_535:
        raise DoorError(f"--port is {port}: give a number from 0 to 65535", 2)
    try:
        return web.start(registry, host, port)
    except socket.gaierror:
        raise DoorError(f"host {host!r} is unknown: give an address of this machine", 1) from None
    except OSError as error:
        remedy = "stop what listens there or choose another with --port"
        if error.errno == errno.EADDRINUSE:
            raise DoorError(f"port {port} on {host} is taken: {remedy}", 1) from None
        raise DoorError(f"cannot listen on port {port} of {host}: {error.strerror}", 1) from None


if __name__ == "__main__":
    sys.exit(main())

"""The door of the downstream service: `python -m servers.downstream` serves it until Ctrl-C."""

from __future__ import annotations

import argparse
import errno
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import uvicorn

from servers.budget import DOWNSTREAM_PORT
from servers.downstream.app import create_app
from servers.downstream.counts import ROLE, Counts
from servers.downstream.draws import MAX_SIGMA, Distribution, Draws
from servers.ledger import default_folder, sweep

MAX_CONCURRENCY = 10_000
# Longer than its clients keep a connection that is idle, so that it is they who close it.
_KEEPALIVE_S = 75
_BACKLOG = 2048
_GRACE_S = 1


class DoorError(Exception):
    """One line for the user, with the remedy."""


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, serve until told to end, and return the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        _serve(arguments)
    except DoorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(asked: argparse.Namespace) -> None:
    draws = Draws(asked.seed, asked.distribution, asked.sigma, asked.failures)
    with _listen(asked.host, asked.port) as listener:
        folder = None if asked.uncounted else asked.ledgers
        if folder is not None:
            sweep(folder, "", ROLE)
        try:
            counts = Counts(folder)
        except OSError as error:
            raise DoorError(
                f"no ledger in {folder} ({error.strerror}): give another --ledgers"
            ) from None
        config = uvicorn.Config(
            create_app(draws, asked.concurrency, counts), loop="uvloop", http="httptools",
            log_level="warning", access_log=False, timeout_keep_alive=_KEEPALIVE_S,
            backlog=_BACKLOG, timeout_graceful_shutdown=_GRACE_S,
        )  # fmt: skip
        port = listener.getsockname()[1]
        print(f"downstream at http://{asked.host}:{port}, Ctrl-C ends it", flush=True)
        uvicorn.Server(config).run(sockets=[listener])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m servers.downstream",
        description="Serve what the twins call, with latencies drawn from a seed, until Ctrl-C.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port",
        type=_between(int, 0, 65_535),
        default=DOWNSTREAM_PORT,
        help="port to listen on, 0 for a free one (%(default)s)",
    )
    parser.add_argument(
        "--ledgers", type=Path, default=default_folder(), metavar="FOLDER",
        help="folder that the exporter reads what it counts from (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--uncounted", action="store_true", help="keep no ledger")
    _add_behaviour(parser)
    return parser


def _add_behaviour(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed", type=_between(int, 0, 2**63), default=0, help="of all draws (%(default)s)"
    )
    parser.add_argument(
        "--distribution",
        choices=get_args(Distribution),
        default="fixed",
        help="of the latency round its mean: fixed, exponential or lognormal (%(default)s)",
    )
    parser.add_argument(
        "--sigma",
        type=_between(float, 0.0, MAX_SIGMA),
        default=1.0,
        help="of the logarithm of a lognormal latency (%(default)s)",
    )
    parser.add_argument(
        "--failures",
        type=_between(float, 0.0, 1.0),
        default=0.0,
        metavar="SHARE",
        help="share of the calls that are answered with 500 (%(default)s)",
    )
    parser.add_argument(
        "--concurrency",
        type=_between(int, 0, MAX_CONCURRENCY),
        default=0,
        metavar="N",
        help="calls served at once, the others wait; 0 for all that come (%(default)s)",
    )


def _between(kind: Callable[[str], float], least: float, most: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text}: give a number from {least} to {most}")
        return value

    return number


def _listen(host: str, port: int) -> socket.socket:
    remedy = "stop what listens there or choose another with --port"
    try:
        listener = socket.create_server((host, port), backlog=_BACKLOG)
    except socket.gaierror:
        raise DoorError(f"host {host!r} is unknown: give an address of this machine") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise DoorError(f"port {port} on {host} is taken: {remedy}") from None
        raise DoorError(f"cannot listen on port {port} of {host}: {error.strerror}") from None
    # Whoever is accepted has the option from it: no answer waits for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


if __name__ == "__main__":
    sys.exit(main())

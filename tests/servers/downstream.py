"""A real downstream service for tests, in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.live import Live, free_port, launched


@contextmanager
def downstream(ledgers: Path, *options: str, port: int | None = None) -> Iterator[Live]:
    """Serve one while the block runs, with these options of its door."""
    taken = free_port() if port is None else port
    command = [sys.executable, "-m", "servers.downstream", "--port", str(taken)]
    command += ["--ledgers", str(ledgers), *options]
    with launched(command, {}, taken) as live:
        yield live


def root(live: Live) -> str:
    """Its URL, as a server is told it."""
    return f"http://127.0.0.1:{live.port}"

"""A session by lines: commands on the standard input, frames and answers on the standard output.

The end of the input ends the session, and so does a signal.
"""

from __future__ import annotations

import json
import queue
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol, TextIO

TICK_S = 1.0 / 3.0
LONGEST_S = 4 * 3600.0
"""A session that somebody forgot ends by itself."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OVER = None
"""What the commands end with."""


class Ticking(Protocol):
    """A session: live, or a replay."""

    def obey(self, command: Mapping[str, Any]) -> None:
        """Do what a command says, and answer it."""

    def tick(self) -> None:
        """Tell what is seen."""


class Commands:
    """The commands as they come in, from the moment at which this is made."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Mapping[str, Any] | None] = queue.Queue()
        for name in SIGNALS:
            signal.signal(name, lambda *_: self._queue.put(OVER))
        threading.Thread(target=self._read, args=(sys.stdin,), daemon=True).start()

    def keep(self, session: Ticking) -> None:
        """Let a session obey and tick until the commands end."""
        due = time.monotonic()
        end = due + LONGEST_S
        while due < end:
            # A tick that is missed is left out.
            due = max(due + TICK_S, time.monotonic())
            while (left_s := due - time.monotonic()) > 0:
                try:
                    command = self._queue.get(timeout=left_s)
                except queue.Empty:
                    break
                if command is OVER:
                    return
                session.obey(command)
            session.tick()

    def _read(self, file: TextIO) -> None:
        for line in file:
            try:
                command = json.loads(line)
            except ValueError:
                continue
            if isinstance(command, dict):
                self._queue.put(command)
        self._queue.put(OVER)


def write(message: Mapping[str, Any]) -> None:
    """One line of JSON."""
    print(json.dumps(message, separators=(",", ":"), allow_nan=False), flush=True)

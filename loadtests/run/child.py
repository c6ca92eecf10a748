"""A process that the run started, and ends: its whole session, by its own id, with a deadline."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

TAIL_LINES = 8
STRAY = (
    *("FLASK_", "GUNICORN_", "LOCUST_", "PG", "PROMETHEUS_", "PYTHON", "TESTBED_", "UVICORN_"),
    "WEB_CONCURRENCY",
)
"""Variables of the user's shell by these names would silently change what is measured."""

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

ROOT = Path(__file__).parent.parent.parent
"""Where the three rooms are importable from, wherever the user stands."""


class Child(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""

    def stop(self, grace_s: float) -> None:
        """Ask it to end, and after `grace_s` seconds end it with all its descendants."""

    def tail(self) -> str:
        """The last lines that it wrote."""


def _ends_with_its_parent() -> None:
    """In the child: have the kernel end it should this process be killed (Linux).

    Rule: between fork and exec there is one call of the system, and nothing that takes a lock.
    """
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class RunningChild:
    """A process in a session of its own, so that the terminal's Ctrl-C does not reach it."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self._log = log
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(STRAY)}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                argv,
                env={**inherited, **env},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_ends_with_its_parent if _LIBC else None,
            )

    @property
    def pid(self) -> int:
        """See Child.pid."""
        return self._process.pid

    def poll(self) -> int | None:
        """See Child.poll."""
        return self._process.poll()

    def stop(self, grace_s: float) -> None:
        """See Child.stop. The group is ended even where its leader has ended before."""
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def tail(self) -> str:
        """See Child.tail."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])

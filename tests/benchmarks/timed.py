"""A command as a process of its own: how long it takes, and how much memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10
"""`ru_maxrss` counts bytes on macOS and KiB on Linux."""


def timed(argv: Sequence[str], where: Path = ROOT) -> tuple[float, float]:
    """Wall seconds and peak memory in MiB of one process (not of its children)."""
    started = time.perf_counter()
    process = subprocess.Popen(argv, cwd=where, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"error: {' '.join(argv)} ended with exit code {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / MEGABYTE

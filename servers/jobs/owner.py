"""Who runs a job: a process, told from an earlier one with its id by when it began."""

from __future__ import annotations

import os
from pathlib import Path

from servers import ledger


def this_process() -> str:
    """The owner that this process is."""
    pid = os.getpid()
    return f"{pid}-{ledger.born(pid) or 0}"


def lives(owner: str) -> bool:
    """Whether the process still runs: one that was killed and is not yet reaped does not."""
    pid, born = map(int, owner.split("-"))
    if not born:
        # A system that does not tell when a process began.
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return True
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return state not in "ZX" and int(rest[18]) == born

"""No spawned process outlives the one that spawned it, not even one that was killed."""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing import connection


def exit_with_parent() -> None:
    """End this process as soon as the one that spawned it has ended, however it ended.

    Does nothing in a process that multiprocessing did not spawn.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)

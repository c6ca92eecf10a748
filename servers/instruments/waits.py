"""Where a thread waits inside a request: for the course of captured requests.

`time.sleep` is how the twins wait without a processor. It is wrapped once a process, and whoever
sleeps outside of a captured request only pays for a look.
"""

from __future__ import annotations

import time
from time import perf_counter_ns
from typing import Any

from servers.instruments import greenlets
from servers.instruments.unit import running


def watch() -> None:
    """Note the sleeps of this process's threads; greenlets are noted by their switches."""
    if greenlets.are_used() or hasattr(time.sleep, "watched"):
        return
    sleep = time.sleep

    def watched(seconds: Any, /) -> None:
        request = running()
        if request is None or request.course is None:
            sleep(seconds)
            return
        from_ns = perf_counter_ns()
        sleep(seconds)
        request.course.blocked(from_ns, perf_counter_ns())

    watched.watched = True  # type: ignore[attr-defined]
    time.sleep = watched

"""What the downstream service counts of itself, in a ledger as workers and generators have."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from pathlib import Path

from servers.ledger import Ledger, path_of
from servers.metrics import BUCKETS, SUM

ROLE = "downstream"
"""The label that names its process, and tells its ledger from those of others."""


class Counts:
    """The counts of this process, in a folder or for nobody. Raises OSError where it has some."""

    def __init__(self, folder: Path | None) -> None:
        pid = os.getpid()
        path = None if folder is None else path_of(folder, pid)
        # It belongs to no profile: several may call it.
        self._ledger = Ledger(path, {"profile": "", ROLE: str(pid)})
        series, self._cells = self._ledger.series, self._ledger.cells
        self._active_cell = series("testbed_downstream_active_requests")
        self._most_cell = series("testbed_downstream_active_max_requests")
        self._waiting_cell = series("testbed_downstream_waiting_requests")
        self._latency = series("testbed_downstream_latency_seconds")
        self._lateness = series("testbed_downstream_lateness_seconds")
        self._cpu = series("testbed_downstream_cpu_seconds_total")

    def begin(self, latency_s: float) -> None:
        """A call has begun that is to take so long."""
        self._observe(self._latency, latency_s)
        self._cells[self._active_cell] += 1.0
        most = max(self._cells[self._most_cell], self._cells[self._active_cell])
        self._cells[self._most_cell] = most

    def wait(self, more: int) -> None:
        """One call more, or one less, waits for its turn."""
        self._cells[self._waiting_cell] += more

    def end(self, status: int, late_s: float) -> None:
        """A call is answered, so much later than it was meant to be."""
        self._observe(self._lateness, max(late_s, 0.0))
        self._cells[self._ledger.series("testbed_downstream_requests_total", str(status))] += 1.0
        self._cells[self._active_cell] -= 1.0

    def use(self) -> None:
        """Note what the process has used up to now."""
        self._cells[self._cpu] = time.process_time()

    def _observe(self, histogram: int, seconds: float) -> None:
        self._cells[histogram + bisect_left(BUCKETS, seconds)] += 1.0
        self._cells[histogram + SUM] += seconds

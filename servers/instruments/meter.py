"""What one worker counts, in its ledger.

Rule: a cell is read, changed and written without a call in between. The interpreter switches
threads at calls only, so the threads of a worker lose no count, and need no lock.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from bisect import bisect_left
from pathlib import Path

from servers import ledger
from servers.contract import ENDPOINTS
from servers.ledger import Ledger
from servers.metrics import BUCKETS, OTHER, SUM
from servers.settings import Settings

MAX_CAPTURED = 1000
"""Requests whose course one worker writes; a client could ask for any number."""
METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
)


class Meter:
    """The counts of this process. `slots` requests can hold it at once."""

    def __init__(self, settings: Settings, slots: int) -> None:
        pid = os.getpid()
        self.worker = str(pid)
        self.folder = Path(settings.ledgers) if settings.ledgers else None
        self.name = ledger.path_of(Path(), pid).stem
        labels = {"profile": settings.profile, "worker": self.worker}
        about = {"workers": settings.workers, "supervisor": _supervisor()}
        try:
            self.ledger = Ledger(self.folder and ledger.path_of(self.folder, pid), labels, about)
        except OSError as error:
            # To serve uncounted is better than not to serve.
            message = "no ledger in %s (%s): what this worker counts cannot be read"
            logging.getLogger(__name__).error(message, self.folder, error.strerror)
            self.folder = None
            self.ledger = Ledger(None, labels, about)
        series, self.cells = self.ledger.series, self.ledger.cells
        self.active = series("http_server_active_requests")
        self._requests = series("testbed_worker_requests_total")
        self._measured = series("testbed_worker_measured_requests_total")
        self._held = series("testbed_worker_hold_seconds_total")
        self.cells[series("testbed_worker_slots")] = slots
        self._answers: dict[tuple[str, str, int], tuple[int, int]] = {}
        self._routes: dict[str, tuple[int, ...]] = {}
        self._captured = 0

    def path(self, suffix: str) -> Path | None:
        """A file of this worker's own beside its ledger; None where there is no folder."""
        return self.folder and self.folder / f"{self.name}{suffix}"

    def may_capture(self) -> bool:
        """Count a request whose course is wanted; False where nobody reads it, or too many are."""
        self._captured += 1
        return self.folder is not None and self._captured <= MAX_CAPTURED

    def answered(self, method: str, path: str, status: int) -> None:
        """Count a request. `status` is 0 where it ended without an answer."""
        cells = self.cells
        total, _ = self._answers.get((method, path, status)) or self._of(method, path, status)
        cells[total] += 1.0
        cells[self._requests] += 1.0

    def measured(
        self,
        method: str,
        path: str,
        status: int,
        queue_ns: int,
        service_ns: int,
        cpu_ns: int,
        hold_ns: int,
        step_ns: int,
    ) -> None:
        """Count where the time of a request went; it is counted by `answered` as well."""
        cells = self.cells
        _, at = self._answers.get((method, path, status)) or self._of(method, path, status)
        service = service_ns / 1e9
        cells[at + bisect_left(BUCKETS, service)] += 1.0
        cells[at + SUM] += service
        queue, hold, step, cpu, wait = self._routes.get(path) or self._of_route(path)
        seconds = queue_ns / 1e9
        cells[queue + bisect_left(BUCKETS, seconds)] += 1.0
        cells[queue + SUM] += seconds
        seconds = step_ns / 1e9
        cells[step + bisect_left(BUCKETS, seconds)] += 1.0
        cells[step + SUM] += seconds
        held = hold_ns / 1e9
        cells[hold + bisect_left(BUCKETS, held)] += 1.0
        cells[hold + SUM] += held
        seconds = cpu_ns / 1e9
        cells[cpu] += seconds
        cells[wait] += max(service - seconds, 0.0)
        cells[self._measured] += 1.0
        cells[self._held] += held

    def _of(self, method: str, path: str, status: int) -> tuple[int, int]:
        # The path of a request is anything; as a label only the contract's own may stand.
        labels = (method if method in METHODS else OTHER, _route(path), str(status or ""))
        series = self.ledger.series
        found = (
            series("testbed_requests_total", *labels),
            series("http_server_request_duration_seconds", *labels),
        )
        if path in ENDPOINTS and method in METHODS:
            self._answers[method, path, status] = found
        return found

    def _of_route(self, path: str) -> tuple[int, ...]:
        route, series = _route(path), self.ledger.series
        found = (
            series("testbed_request_queue_seconds", route),
            series("testbed_request_hold_seconds", route),
            series("testbed_request_longest_step_seconds", route),
            series("testbed_request_cpu_seconds_total", route),
            series("testbed_request_wait_seconds_total", route),
        )
        if path in ENDPOINTS:
            self._routes[path] = found
        return found


def _route(path: str) -> str:
    return path if path in ENDPOINTS else ""


def _supervisor() -> int:
    # gunicorn forks its workers; uvicorn spawns them, where there are several.
    if "gunicorn.arbiter" in sys.modules:
        return os.getppid()
    parent = multiprocessing.parent_process()
    return parent.pid or 0 if parent else 0

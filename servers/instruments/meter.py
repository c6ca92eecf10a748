"""What one worker counts, in its ledger.

Rule 1: a count is changed and its cell written without a call in between. The interpreter
switches threads at calls only, so the threads of a worker lose no count, and need no lock.
Rule 2: what every request counts is kept beside its cell, for to read that costs more.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import threading
from pathlib import Path

from servers import ledger
from servers.contract import route_of
from servers.instruments.tallies import Asked, Tally, Totals
from servers.ledger import TURN, Ledger
from servers.rows import ROW, SIZE, add, folded
from servers.settings import Settings

MAX_CAPTURED = 1000
"""Requests whose course one worker writes; a client could ask for any number."""

_note = ROW.pack_into


class Meter:
    """The counts of this process, one thread of which measures. `slots` requests can hold it.

    Measured requests are noted in rows, and these added up many at a time.
    """

    def __init__(self, settings: Settings, slots: int) -> None:
        pid = os.getpid()
        self.worker = str(pid)
        self.folder = Path(settings.ledgers) if settings.ledgers else None
        self.name = ledger.path_of(Path(), pid).stem
        labels = {"profile": settings.profile, "worker": self.worker}
        about = {"workers": settings.workers, "supervisor": supervisor()}
        try:
            self.ledger = Ledger(self.folder and ledger.path_of(self.folder, pid), labels, about)
        except OSError as error:
            # To serve uncounted is better than not to serve.
            message = "no ledger in %s (%s): what this worker counts cannot be read"
            logging.getLogger(__name__).error(message, self.folder, error.strerror)
            self.folder = None
            self.ledger = Ledger(None, labels, about)
        series, self.cells = self.ledger.series, self.ledger.cells
        self.begun = Tally(series("testbed_worker_begun_requests_total"))
        self.cells[series("testbed_worker_slots")] = slots
        self.totals = Totals(self.ledger)
        self._rows, self._row, self._captured = self.ledger.rows, 0, 0

    def path(self, suffix: str) -> Path | None:
        """A file of this worker's own beside its ledger; None where there is no folder."""
        return self.folder and self.folder / f"{self.name}{suffix}"

    def may_capture(self) -> bool:
        """Count a request whose course is wanted; False where nobody reads it, or too many are."""
        self._captured += 1
        return self.folder is not None and self._captured <= MAX_CAPTURED

    def active(self) -> float:
        """Requests that are begun and not ended."""
        return self.begun.count - sum([tally.count for tally in list(self.totals.all.values())])

    def begin(self) -> None:
        """Count a request that begins."""
        self.begun.count = count = self.begun.count + 1.0
        self.cells[self.begun.cell] = count

    def end(self, asked: Asked) -> Tally:
        """Count a request that was begun and has ended; returns what it was counted in."""
        tally = self.totals[asked]
        tally.count = count = tally.count + 1.0
        self.cells[tally.cell] = count
        return tally

    def measured(
        self,
        tally: Tally,
        service_ns: int,
        queue_ns: int,
        hold_ns: int,
        step_ns: int,
        cpu_ns: int,
    ) -> None:
        """Note where the time of a request went; `end` has counted it in this tally."""
        at = self._row
        kind = tally.kind or self.totals.kind_of(tally)
        _note(self._rows, at, service_ns, queue_ns, hold_ns, step_ns, cpu_ns, kind)
        self._row = at = at + ROW.size
        if at == SIZE:
            self.fold()

    def abandoned(self, path: str, wasted_ns: int) -> None:
        """Count a request whose client had left, and how long it went on after that."""
        series, route, cells = self.ledger.series, route_of(path), self.cells
        requests = series("testbed_abandoned_requests_total", route)
        seconds = series("testbed_abandoned_seconds_total", route)
        more = max(wasted_ns, 0) / 1e9
        cells[seconds] += more
        cells[requests] += 1.0

    def fold(self) -> None:
        """Add up what was noted since the last time.

        A worker that is killed while it does loses these rows, and no count of requests.
        """
        if not self._row:
            return
        cells, more = self.cells, folded(self._rows[: self._row])
        cells[TURN] += 1.0
        for cell, amount in more.items():
            cells[cell] += amount
        self._rows[: self._row] = bytes(self._row)
        self._row = 0
        cells[TURN] += 1.0


class SharedMeter(Meter):
    """The counts of a process whose threads note at once what they have measured."""

    def __init__(self, settings: Settings, slots: int) -> None:
        super().__init__(settings, slots)
        # Of the threads of a worker one may note while another one adds up.
        self._lock = threading.Lock()

    def measured(self, tally: Tally, *times_ns: int) -> None:
        """As for one thread.

        Rule: nobody waits here. Who waits for a lock gives the interpreter away, and may get it
        back only after every other thread: milliseconds that the request would not take unasked.
        """
        if self._lock.acquire(blocking=False):
            try:
                super().measured(tally, *times_ns)
            finally:
                self._lock.release()
        else:
            add(self.cells, tally.kind or self.totals.kind_of(tally), *times_ns)


def supervisor() -> int:
    """The process that starts the workers of this server again; 0 where there is only this one."""
    # gunicorn forks its workers; uvicorn spawns them, where there are several.
    if "gunicorn.arbiter" in sys.modules:
        return os.getppid()
    parent = multiprocessing.parent_process()
    return parent.pid or 0 if parent else 0

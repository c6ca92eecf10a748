"""The engine's own metrics, in a ledger: counted from rows that are read anyway, never by request.

Rule: the thread that reads the rows also counts them. What it reads of the engine beside them are
whole numbers, a moment later: what has ended in between is counted the next time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.plan import Target
from loadtests.samples import NEVER, Outcome
from servers.ledger import Ledger, path_of
from servers.metrics import BUCKETS, SUM

_BOUNDS_S = np.array(BUCKETS)


def client_ledger(folder: Path | None, profile: str, nth: int = 0) -> Ledger:
    """A ledger for this process in a folder; without one, in memory that nobody else sees."""
    pid = os.getpid()
    path = None if folder is None else path_of(folder, pid, nth)
    return Ledger(path, {"profile": profile, "generator": str(pid)})


@dataclass(frozen=True, slots=True)
class _Cells:
    """Where a target's numbers are; those of one stream and path share them."""

    outcomes: tuple[int, ...]
    latency: int
    lateness: int


class ClientMetrics:
    """Counts what one engine does. `targets` are those of its rows, and may grow."""

    def __init__(self, ledger: Ledger, targets: Sequence[Target]) -> None:
        self._ledger, self._cells = ledger, ledger.cells
        self._targets = targets
        self._known: dict[int, _Cells] = {}
        self._scheduled = ledger.series("testbed_client_scheduled_requests_total")
        self._in_flight = ledger.series("testbed_client_in_flight_requests")
        self._opened = ledger.series("testbed_client_connections_total")
        self._counted = self._offered = self._connections = 0
        for target in targets:
            self._cells_of(target.number)

    def merge(self, rows: Any) -> None:
        """Count the rows of a chunk, a structured array."""
        self._counted += len(rows)
        for number in np.unique(rows["target"]).tolist():
            self._merge_one(self._cells_of(number), rows[rows["target"] == number])

    def tick(self, in_flight: int, connections: int) -> None:
        """Note what the engine has under way and has opened, when its rows have been merged.

        What was offered is what has been counted and what is under way.
        """
        offered = max(self._offered, self._counted + in_flight)
        # A ledger may outlive the engine: what an earlier one did stays counted.
        self._cells[self._scheduled] += offered - self._offered
        self._cells[self._opened] += connections - self._connections
        self._cells[self._in_flight] = in_flight
        self._offered, self._connections = offered, connections

    def _cells_of(self, number: int) -> _Cells:
        if number not in self._known:
            series, target = self._ledger.series, self._targets[number]
            route = (target.stream, target.path)
            fates = [outcome.name.lower() for outcome in Outcome]
            self._known[number] = _Cells(
                tuple(series("testbed_client_requests_total", *route, fate) for fate in fates),
                series("testbed_client_latency_seconds", *route),
                series("testbed_client_lateness_seconds", *route),
            )
        return self._known[number]

    def _merge_one(self, cells: _Cells, rows: Any) -> None:
        counts = np.bincount(rows["outcome"], minlength=len(Outcome)).tolist()
        for cell, count in zip(cells.outcomes, counts, strict=True):
            self._cells[cell] += count
        done = rows[rows["outcome"] == Outcome.COMPLETED]
        self._observe(cells.latency, done["done_ns"] - done["intended_ns"])
        sent = rows[rows["sent_ns"] != NEVER]
        self._observe(cells.lateness, sent["sent_ns"] - sent["connect_ns"] - sent["intended_ns"])

    def _observe(self, histogram: int, times_ns: npt.NDArray[np.int64]) -> None:
        seconds = times_ns / 1e9
        counts = np.bincount(np.searchsorted(_BOUNDS_S, seconds, side="left"), minlength=1)
        for bucket in np.flatnonzero(counts).tolist():
            self._cells[histogram + bucket] += float(counts[bucket])
        self._cells[histogram + SUM] += float(seconds.sum())

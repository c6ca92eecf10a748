"""How long a random arrival would wait for its loop: a heartbeat, and what it missed.

A beat that comes late stands for all the moments that it slept through. An arrival at the first
of them waits longest and one at the last waits least, so each moment in between at which a beat
was due counts with its own wait. Without that, a stall of a second would count like one of a
millisecond: coordinated omission within the loop.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left

from servers.instruments.meter import Meter
from servers.metrics import BUCKETS, SUM

INTERVAL_NS = 10_000_000
IDLE_BEATS = 25
PATIENCE = 100
"""Beats after which the baseline is settled even though the loop was not idle."""


class Beats:
    """Beats in, waits out; `due_ns` is when the next beat is due, whatever became of the last.

    Times are nanoseconds of any one clock. `baseline_ns` is how late an idle loop's timers are
    (loops may be early, too); None until that is known.
    """

    def __init__(self, start_ns: int) -> None:
        self.due_ns = start_ns + INTERVAL_NS
        self.baseline_ns: int | None = None
        self._idle: list[int] = []
        self._least_ns = 1 << 62
        self._seen = 0

    def beat(self, now_ns: int, *, idle: bool) -> list[int]:
        """The waits, less the baseline, of arrivals at every moment due up to now.

        `idle`: nothing else was under way. While the baseline is not known there are none.
        """
        was_due_ns = self.due_ns
        missed = max(now_ns - was_due_ns, 0) // INTERVAL_NS
        self.due_ns += (missed + 1) * INTERVAL_NS
        if self.baseline_ns is None:
            self._settle(now_ns - was_due_ns, idle=idle)
            return []
        moments = range(was_due_ns, self.due_ns, INTERVAL_NS)
        return [max(now_ns - moment - self.baseline_ns, 0) for moment in moments]

    def _settle(self, late_ns: int, *, idle: bool) -> None:
        self._seen += 1
        self._least_ns = min(self._least_ns, late_ns)
        if idle:
            self._idle.append(late_ns)
        if len(self._idle) == IDLE_BEATS:
            self.baseline_ns = round(statistics.median(self._idle))
        elif self._seen == PATIENCE:
            self.baseline_ns = self._least_ns


class StallMeter:
    """The beats of one loop, counted in its worker's ledger."""

    def __init__(self, meter: Meter, start_ns: int) -> None:
        self._meter, self._beats = meter, Beats(start_ns)
        self._stalls = meter.ledger.series("testbed_event_loop_stall_seconds")
        self._baseline = meter.ledger.series("testbed_event_loop_baseline_seconds")
        self._due = meter.ledger.series("testbed_event_loop_due_seconds")

    def beat(self, now_ns: int) -> int:
        """Count a beat; returns when the next one is due."""
        cells, beats = self._meter.cells, self._beats
        idle = self._meter.active() == 0.0
        for wait_ns in beats.beat(now_ns, idle=idle):
            wait = wait_ns / 1e9
            cells[self._stalls + bisect_left(BUCKETS, wait)] += 1.0
            cells[self._stalls + SUM] += wait
        if beats.baseline_ns is not None:
            cells[self._baseline] = beats.baseline_ns / 1e9
        cells[self._due] = beats.due_ns / 1e9
        return beats.due_ns

"""What a generator shows of itself while it runs: what it loads with, how far it is, its gates.

Rule: a gate that a finished trial is judged by trips here by the same bound. It stays up for a
while, so that nobody misses it who looks now and then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import numpy as np

from loadtests.engine import schedstat
from loadtests.engine.engine import Engine
from loadtests.engine.schedstat import Scheduled
from loadtests.gates import BUSY_SHARE, DELAY_SHARE, WATCHED, late_bound_ms
from loadtests.plan import GeneratorPlan
from loadtests.samples import NEVER, Outcome
from servers.ledger import Ledger

STAYS_NS = 10_000_000_000
LOOK_NS = 1_000_000_000
"""Over how long the thread's use of its processor is taken."""
FEWEST = 36
"""Requests without which nothing is said of their lateness."""


class Watch:
    """The gates of one engine, in its process's ledger; one that `spins` is always busy."""

    def __init__(
        self, ledger: Ledger, *, spins: bool = False, clock: Callable[[], int] = perf_counter_ns
    ) -> None:
        self._cells, self._spins, self._clock = ledger.cells, spins, clock
        self._gates = {gate: ledger.series("testbed_gate_tripped", gate) for gate in WATCHED}
        self._tripped: dict[str, int] = {}
        self._cpu = ledger.series("testbed_client_cpu_seconds_total")
        self._delay = ledger.series("testbed_client_run_queue_delay_seconds_total")
        self._last: Scheduled | None = None
        self._looked: tuple[int, Scheduled] | None = None

    def merge(self, rows: Any) -> None:
        """Look at the rows of a tick, a structured array."""
        if np.count_nonzero(rows["outcome"] == Outcome.DROPPED):
            self._trip("dropped")
        sent = rows[rows["sent_ns"] != NEVER]
        if len(sent) >= FEWEST:
            late_ns = sent["sent_ns"] - sent["connect_ns"] - sent["intended_ns"]
            took_ns = np.median(sent["done_ns"] - sent["intended_ns"])
            late_ms = float(np.quantile(late_ns, 0.99, method="higher")) / 1e6
            if late_ms > late_bound_ms(float(took_ns) / 1e6):
                self._trip("generator_late")

    def tick(self, scheduled: Scheduled | None) -> None:
        """Note what the engine's thread has used, and which gates are up."""
        now_ns = self._clock()
        if scheduled is not None:
            self._count(scheduled)
            if self._looked is None:
                self._looked = now_ns, scheduled
            elif now_ns - self._looked[0] >= LOOK_NS:
                self._judge(now_ns - self._looked[0], self._looked[1], scheduled)
                self._looked = now_ns, scheduled
        for gate, cell in self._gates.items():
            since_ns = self._tripped.get(gate)
            self._cells[cell] = float(since_ns is not None and now_ns - since_ns < STAYS_NS)

    def _count(self, now: Scheduled) -> None:
        if self._last is not None:
            self._cells[self._cpu] += (now.cpu_ns - self._last.cpu_ns) / 1e9
            self._cells[self._delay] += (now.delay_ns - self._last.delay_ns) / 1e9
        self._last = now

    def _judge(self, passed_ns: int, before: Scheduled, now: Scheduled) -> None:
        if now.cpu_ns - before.cpu_ns > BUSY_SHARE * passed_ns and not self._spins:
            self._trip("generator_busy")
        if now.delay_ns - before.delay_ns > DELAY_SHARE * passed_ns:
            self._trip("host_busy")

    def _trip(self, gate: str) -> None:
        self._tripped[gate] = self._clock()


class Phases:
    """The phases of a plan, each noted as it begins."""

    def __init__(self, ledger: Ledger, plan: GeneratorPlan) -> None:
        self._ledger = ledger
        begin_ns = plan.origin_ns - round(plan.warmup_s * 1e9)
        end_ns = plan.origin_ns + round(plan.measure_s * 1e9)
        self._due = [("warm-up", begin_ns), ("measure", plan.origin_ns), ("drain", end_ns)]

    def tick(self, now_ns: int) -> None:
        """Note the phases that have begun by `now_ns` of the monotonic clock."""
        while self._due and self._due[0][1] <= now_ns:
            phase, at_ns = self._due.pop(0)
            # A series that is there has a value: of a phase to come there is none yet.
            cell = self._ledger.series("testbed_phase_start_timestamp_seconds", phase)
            self._ledger.cells[cell] = time.time() - (now_ns - at_ns) / 1e9


def note_run(ledger: Ledger, run: str, workload: str, load: str) -> None:
    """Say in a generator's ledger what it runs."""
    ledger.cells[ledger.series("testbed_run_info", run, workload, load)] = 1.0


def of_engine(engine: Engine) -> Scheduled | None:
    """What the engine's thread has used; None before it runs, or where the kernel does not tell."""
    return None if engine.thread is None else schedstat.of_thread(engine.thread)

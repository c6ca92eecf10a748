"""What a generator shows of itself while it runs: what it loads with, how far it is, its gates.

Rule 1: a gate trips by the bound that a finished trial is judged by, and on as much as is known of
it now: the last thousand requests, the last seconds. The analysis judges the whole.
Rule 2: a gate stays up for a while, so that nobody misses it who looks now and then.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import numpy as np

from loadtests.engine import schedstat
from loadtests.engine.engine import Engine
from loadtests.engine.schedstat import Scheduled
from loadtests.gates import (
    BUSY_SHARE,
    DELAY_SHARE,
    FAILURE_SHARE,
    PUNCTUAL_SHARE,
    WATCHED,
    late_bound_ms,
)
from loadtests.plan import GeneratorPlan
from loadtests.samples import NEVER, ErrorKind, Outcome
from servers.ledger import Ledger

STAYS_NS = 10_000_000_000
LOOK_NS = 5_000_000_000
"""Over how long the thread's use of its processor is taken."""
RECENT = 1_000
"""Requests, the last ones, whose lateness and failures are judged; before that, all of them."""
FEWEST = 36
"""Requests without which nothing is said of either."""


class Watch:
    """The gates of one engine, in its process's ledger; one that `spins` is always busy.

    Times in rows count from the start of the measurement, which lasts `measure_s`: what was
    intended before is warm-up, and was never meant to be on time. `recent` and `fewest` are of how
    many requests at most and at least lateness and failures are judged.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        spins: bool = False,
        measure_s: float = math.inf,
        recent: int = RECENT,
        fewest: int = FEWEST,
        clock: Callable[[], int] = perf_counter_ns,
    ) -> None:
        self._cells, self._spins, self._clock = ledger.cells, spins, clock
        self._end_ns = measure_s * 1e9
        self._most, self._fewest = recent, fewest
        self._gates = {gate: ledger.series("testbed_gate_tripped", gate) for gate in WATCHED}
        self._tripped: dict[str, int] = {}
        self._cpu = ledger.series("testbed_client_cpu_seconds_total")
        self._delay = ledger.series("testbed_client_run_queue_delay_seconds_total")
        self._last: Scheduled | None = None
        self._looks: deque[tuple[int, Scheduled]] = deque()
        self._recent: deque[Any] = deque()
        self._begun = self._begun_late = 0

    def merge(self, rows: Any) -> None:
        """Look at the rows of a tick, a structured array."""
        if np.any(rows["outcome"] == Outcome.DROPPED):
            self._trip("dropped")
        if np.any(rows["error"] == ErrorKind.GENERATOR):
            self._trip("generator_exhausted")
        measured = rows[rows["intended_ns"] >= 0]
        if len(measured):
            self._judge_recent(measured)
            self._judge_punctuality(_begun_ns(_sent(measured)))

    def tick(self, scheduled: Scheduled | None) -> None:
        """Note what the engine's thread has used, and which gates are up."""
        now_ns = self._clock()
        if scheduled is not None:
            self._count(scheduled)
            self._judge_thread(now_ns, scheduled)
        for gate, cell in self._gates.items():
            since_ns = self._tripped.get(gate)
            self._cells[cell] = float(since_ns is not None and now_ns - since_ns < STAYS_NS)

    @property
    def up(self) -> tuple[str, ...]:
        """The gates that are up, as of the last tick."""
        return tuple(gate for gate, cell in self._gates.items() if self._cells[cell])

    def end(self) -> None:
        """Take every gate down: what they were about is over."""
        self._tripped.clear()
        self.tick(None)

    def _judge_recent(self, measured: Any) -> None:
        recent = self._recent
        recent.append(measured)
        known = sum(map(len, recent))
        while known - len(recent[0]) >= self._most:
            known -= len(recent.popleft())
        if known < self._fewest:
            return
        rows = np.concatenate(recent)
        failed = (rows["outcome"] == Outcome.FAILED) & (rows["error"] != ErrorKind.GENERATOR)
        if np.count_nonzero(failed) > FAILURE_SHARE * known:
            self._trip("failures")
        sent = _sent(rows)
        if len(sent) < self._fewest:
            return
        late_ns = _begun_ns(sent) - sent["intended_ns"]
        took_ns = np.median(sent["done_ns"] - sent["intended_ns"])
        late_ms = float(np.quantile(late_ns, 0.99, method="higher")) / 1e6
        if late_ms > late_bound_ms(float(took_ns) / 1e6):
            self._trip("generator_late")

    def _judge_punctuality(self, begun_ns: Any) -> None:
        self._begun += len(begun_ns)
        self._begun_late += int(np.count_nonzero(begun_ns >= self._end_ns))
        if self._begun >= self._fewest and self._begun_late > (1 - PUNCTUAL_SHARE) * self._begun:
            self._trip("generator_behind")

    def _count(self, now: Scheduled) -> None:
        if self._last is not None:
            self._cells[self._cpu] += (now.cpu_ns - self._last.cpu_ns) / 1e9
            self._cells[self._delay] += (now.delay_ns - self._last.delay_ns) / 1e9
        self._last = now

    def _judge_thread(self, now_ns: int, now: Scheduled) -> None:
        looks = self._looks
        looks.append((now_ns, now))
        # The first is the last one that is old enough.
        while len(looks) > 1 and now_ns - looks[1][0] >= LOOK_NS:
            looks.popleft()
        then_ns, then = looks[0]
        passed_ns = now_ns - then_ns
        if passed_ns < LOOK_NS:
            return
        if now.cpu_ns - then.cpu_ns > BUSY_SHARE * passed_ns and not self._spins:
            self._trip("generator_busy")
        if now.delay_ns - then.delay_ns > DELAY_SHARE * passed_ns:
            self._trip("host_busy")

    def _trip(self, gate: str) -> None:
        self._tripped[gate] = self._clock()


def _sent(rows: Any) -> Any:
    return rows[rows["sent_ns"] != NEVER]


def _begun_ns(sent: Any) -> Any:
    return sent["sent_ns"] - sent["connect_ns"]


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


def note_run(ledger: Ledger, run: str, workload: str, load: str, *, under_way: bool = True) -> None:
    """Say in a generator's ledger what it runs, or that this is over."""
    ledger.cells[ledger.series("testbed_run_info", run, workload, load)] = float(under_way)


def of_engine(engine: Engine) -> Scheduled | None:
    """What the engine's thread has used; None before it runs, or where the kernel does not tell."""
    return None if engine.thread is None else schedstat.of_thread(engine.thread)

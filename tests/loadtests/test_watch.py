"""What a generator shows of itself while it runs: each gate provoked, each phase in its time."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
import pytest

from loadtests.engine import schedstat
from loadtests.engine.schedstat import Scheduled
from loadtests.engine.watch import FEWEST, LOOK_NS, STAYS_NS, Phases, Watch, note_run
from loadtests.gates import LATE_MS, WATCHED
from loadtests.plan import GeneratorPlan
from loadtests.sample_writer import Chunk
from loadtests.samples import NEVER, Outcome
from servers.ledger import Ledger

MS = 1_000_000
LABELS = {"profile": "sync", "generator": "1"}


class Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class Watched:
    """A watch with a clock of its own, in memory that only it sees."""

    def __init__(self, *, spins: bool = False) -> None:
        self.ledger, self.clock = Ledger(None, LABELS), Clock()
        self.watch = Watch(self.ledger, spins=spins, clock=self.clock)

    def up(self) -> set[str]:
        """The gates that are tripped."""
        cells, series = self.ledger.cells, self.ledger.series
        return {gate for gate in WATCHED if cells[series("testbed_gate_tripped", gate)] == 1.0}

    def used(self, *shares: tuple[float, float]) -> None:
        """Second by second, the shares of a processor that the thread used and waited for."""
        cpu = delay = 0.0
        self.watch.tick(Scheduled(0, 0))
        for cpu_share, delay_share in shares:
            self.clock.now_ns += LOOK_NS
            cpu += cpu_share * LOOK_NS
            delay += delay_share * LOOK_NS
            self.watch.tick(Scheduled(round(cpu), round(delay)))


def rows(late_ms: float = 0.1, took_ms: float = 20.0, count: int = 100, dropped: int = 0) -> Any:
    found = Chunk().columns()
    found = np.zeros(count + dropped, dtype=found.dtype)
    found["sent_ns"] = round(late_ms * MS)
    found["done_ns"] = round(took_ms * MS)
    found["outcome"][:dropped] = Outcome.DROPPED
    found["sent_ns"][:dropped] = NEVER
    return found


def test_a_healthy_generator_trips_nothing() -> None:
    watched = Watched()
    watched.watch.merge(rows())
    watched.used((0.5, 0.01), (0.6, 0.02))

    assert watched.up() == set()


@pytest.mark.parametrize(
    ("seen", "gates"),
    [
        (rows(late_ms=LATE_MS + 1), {"generator_late"}),
        (rows(late_ms=LATE_MS + 1, took_ms=500.0), set()),
        (rows(late_ms=LATE_MS + 1, count=FEWEST - 1), set()),
        (rows(dropped=1), {"dropped"}),
    ],
    ids=["late", "late for what takes long", "too few to say", "dropped"],
)
def test_a_gate_trips_as_it_will_in_the_analysis(seen: Any, gates: set[str]) -> None:
    watched = Watched()
    watched.watch.merge(seen)
    watched.watch.tick(None)

    assert watched.up() == gates


@pytest.mark.parametrize(
    ("spins", "shares", "gates"),
    [
        (False, (0.95, 0.0), {"generator_busy"}),
        (True, (0.95, 0.0), set()),
        (False, (0.5, 0.3), {"host_busy"}),
    ],
)
def test_the_use_of_the_processor_is_judged(
    spins: bool, shares: tuple[float, float], gates: set[str]
) -> None:
    watched = Watched(spins=spins)
    watched.used((0.1, 0.0), shares)

    assert watched.up() == gates


def test_a_gate_stays_up_for_a_while_and_then_comes_down() -> None:
    watched = Watched()
    watched.watch.merge(rows(dropped=1))
    watched.clock.now_ns = STAYS_NS - 1
    watched.watch.tick(None)
    assert watched.up() == {"dropped"}

    watched.clock.now_ns = STAYS_NS
    watched.watch.tick(None)
    assert watched.up() == set()


def test_what_the_thread_has_used_is_counted() -> None:
    watched = Watched()
    watched.used((0.25, 0.125), (0.5, 0.0))
    cells, series = watched.ledger.cells, watched.ledger.series

    assert cells[series("testbed_client_cpu_seconds_total")] == pytest.approx(0.75)
    delay = series("testbed_client_run_queue_delay_seconds_total")
    assert cells[delay] == pytest.approx(0.125)


def test_the_scheduler_tells_of_a_thread() -> None:
    """A thread that computes is seen to, from another one."""
    ended, found = threading.Event(), []

    def compute() -> None:
        found.append(threading.get_native_id())
        while not ended.is_set():
            sum(range(1000))

    computing = threading.Thread(target=compute)
    computing.start()
    try:
        deadline = time.monotonic() + 10
        while not (now := schedstat.of_thread(found[0]) if found else None) or now.cpu_ns < 50 * MS:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        ended.set()
        computing.join()

    assert schedstat.of_thread(2**22 + 1) is None


def test_a_phase_is_there_when_it_has_begun() -> None:
    now_ns = perf_counter_ns()
    plan = GeneratorPlan(
        host="127.0.0.1", port=1, seed=1, origin_ns=now_ns, warmup_s=2.0, measure_s=3.0,
        drain_s=1.0, max_in_flight=10, arrivals=(), users=(), folder=Path(),
    )  # fmt: skip
    ledger = Ledger(None, LABELS)
    phases = Phases(ledger, plan)
    name = "testbed_phase_start_timestamp_seconds"

    phases.tick(now_ns - 1)
    began = ledger.cells[ledger.series(name, "warm-up")]
    assert began == pytest.approx(time.time() - 2.0, abs=1.0)
    phases.tick(now_ns + round(3.0 * 1e9))
    measured = ledger.cells[ledger.series(name, "measure")]
    drained = ledger.cells[ledger.series(name, "drain")]
    assert drained - measured == pytest.approx(3.0, abs=0.01)


def test_a_run_is_named() -> None:
    ledger = Ledger(None, LABELS)
    note_run(ledger, "2026-01-01T000000Z-abcd", "wait", "100/s")

    at = ledger.series("testbed_run_info", "2026-01-01T000000Z-abcd", "wait", "100/s")
    assert ledger.cells[at] == 1.0

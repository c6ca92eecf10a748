"""What a generator shows of itself while it runs: each gate provoked, each phase in its time."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
import pytest

from loadtests.analysis.objective import LASTING, OVERLOAD
from loadtests.engine import schedstat
from loadtests.engine.schedstat import Scheduled
from loadtests.engine.watch import FEWEST, RECENT, STAYS_NS, Phases, Watch, note_run
from loadtests.gates import ANALYZED, LATE_MS, WATCHED
from loadtests.plan import GeneratorPlan
from loadtests.sample_writer import Chunk
from loadtests.samples import NEVER, ErrorKind, Outcome
from servers.ledger import Ledger, LedgerError, Reader
from tests.loadtests import mini
from tests.loadtests.stub import OK, answering, serving_aside

MS, SECOND = 1_000_000, 1_000_000_000
CHECKS = mini.ROOT / "loadtests/analysis/checks"
LABELS = {"profile": "sync", "generator": "1"}


class Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class Watched:
    """A watch with a clock of its own, in memory that only it sees."""

    def __init__(self, *, spins: bool = False, measure_s: float = 60.0) -> None:
        self.ledger, self.clock = Ledger(None, LABELS), Clock()
        self.watch = Watch(self.ledger, spins=spins, measure_s=measure_s, clock=self.clock)

    def up(self) -> set[str]:
        """The gates that are up now."""
        self.watch.tick(None)
        cells, series = self.ledger.cells, self.ledger.series
        return {gate for gate in WATCHED if cells[series("testbed_gate_tripped", gate)] == 1.0}

    def used(self, *shares: tuple[float, float]) -> None:
        """Second by second, the shares of a processor that the thread used and waited for."""
        cpu = delay = 0.0
        self.watch.tick(Scheduled(0, 0))
        for cpu_share, delay_share in shares:
            self.clock.now_ns += SECOND
            cpu += cpu_share * SECOND
            delay += delay_share * SECOND
            self.watch.tick(Scheduled(round(cpu), round(delay)))


def rows(count: int = 100, late_ms: float = 0.1, took_ms: float = 20.0, from_ns: int = 0) -> Any:
    """Requests that were completed, all alike, due a millisecond apart."""
    found = np.zeros(count, dtype=Chunk().columns().dtype)
    found["intended_ns"] = from_ns + MS * np.arange(count)
    found["sent_ns"] = found["intended_ns"] + round(late_ms * MS)
    found["done_ns"] = found["intended_ns"] + round(took_ms * MS)
    return found


def dropped(count: int) -> Any:
    found = rows(count)
    found["outcome"], found["sent_ns"] = Outcome.DROPPED, NEVER
    return found


def failed(count: int, of: int = 100, error: ErrorKind = ErrorKind.RESET) -> Any:
    found = rows(of)
    found["outcome"][:count], found["error"][:count] = Outcome.FAILED, error
    return found


def test_every_reason_is_watched_or_known_not_to_be() -> None:
    texts = {file.name: file.read_text("utf-8") for file in CHECKS.glob("*.py")}
    said = set(re.findall(r'Reason\(\s*"(\w+)"', texts["validity.py"]))

    assert set(WATCHED) < said < {*WATCHED, *ANALYZED}
    whole = "".join(texts.values())
    assert [reason for reason in ANALYZED if f'"{reason}"' not in whole] == []
    assert OVERLOAD < LASTING < {*WATCHED, *ANALYZED}


def test_a_healthy_generator_trips_nothing() -> None:
    watched = Watched()
    watched.watch.merge(rows())
    watched.used(*[(0.6, 0.02)] * 10)

    assert watched.up() == set()


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (rows(late_ms=LATE_MS + 1), {"generator_late"}),
        (rows(late_ms=LATE_MS - 1), set()),
        (rows(late_ms=LATE_MS + 1, took_ms=500.0), set()),
        (rows(FEWEST - 1, late_ms=LATE_MS + 1), set()),
        (rows(late_ms=LATE_MS + 1, from_ns=-200 * MS), set()),
        (dropped(1), {"dropped"}),
        (failed(2), {"failures"}),
        (failed(1), set()),
        (failed(2, of=FEWEST - 1), set()),
        (failed(1, error=ErrorKind.GENERATOR), {"generator_exhausted"}),
        (failed(50, error=ErrorKind.GENERATOR), {"generator_exhausted"}),
    ],
    ids=[
        "late", "nearly late", "late for what takes long", "too few to say", "late in the warm-up",
        "dropped", "failures", "one of a hundred failed", "too few to be failures",
        "no descriptor left", "its own fault is no failure of the server",
    ],
)  # fmt: skip
def test_a_gate_trips_by_the_bound_of_the_analysis(seen: Any, expected: set[str]) -> None:
    watched = Watched()
    watched.watch.merge(seen)

    assert watched.up() == expected


def test_at_a_low_rate_the_requests_of_several_ticks_are_judged_together() -> None:
    """At 50/s and four ticks a second no tick has enough of them for itself."""
    watched = Watched()
    needed = -(-FEWEST // 12)
    for tick in range(needed):
        assert watched.up() == set()
        watched.watch.merge(rows(12, late_ms=LATE_MS + 1, from_ns=tick * SECOND // 4))

    assert watched.up() == {"generator_late"}


def test_one_late_request_in_a_thousand_trips_nothing() -> None:
    watched = Watched()
    for tick in range(20):
        watched.watch.merge(rows(50, from_ns=tick * SECOND))
    late = rows(1, late_ms=500.0, from_ns=20 * SECOND)
    watched.watch.merge(np.concatenate([rows(49, from_ns=20 * SECOND), late]))
    for tick in range(21, 40):
        watched.watch.merge(rows(50, from_ns=tick * SECOND))

    assert watched.up() == set()


def test_what_is_longer_ago_than_a_thousand_requests_is_forgotten() -> None:
    watched = Watched()
    watched.watch.merge(rows(50, late_ms=LATE_MS + 1))
    assert watched.up() == {"generator_late"}
    watched.watch.merge(rows(RECENT - 1, from_ns=SECOND))
    watched.clock.now_ns = STAYS_NS
    watched.watch.merge(rows(1, from_ns=2 * SECOND))
    assert watched.up() == set()


def test_what_is_not_longer_ago_still_counts() -> None:
    watched = Watched()
    watched.watch.merge(rows(50, late_ms=LATE_MS + 1))
    watched.clock.now_ns = STAYS_NS
    watched.watch.merge(rows(RECENT - 1, from_ns=SECOND))

    assert watched.up() == {"generator_late"}


def test_requests_begun_when_their_time_was_over_are_behind() -> None:
    watched = Watched(measure_s=1.0)
    watched.watch.merge(rows(990))
    watched.watch.merge(rows(9, late_ms=9.0, from_ns=SECOND - 9 * MS))
    assert watched.up() == set()

    watched.watch.merge(rows(2, late_ms=9.0, from_ns=SECOND - 2 * MS))
    assert watched.up() == {"generator_behind"}


@pytest.mark.parametrize(
    ("spins", "shares", "expected"),
    [
        (False, [(0.1, 0.0)] + 5 * [(0.95, 0.0)], {"generator_busy"}),
        (False, 4 * [(0.95, 0.0)], set()),
        (False, [(0.1, 0.0)] + 4 * [(0.95, 0.0)], set()),
        (True, 9 * [(0.95, 0.0)], set()),
        (False, 5 * [(0.5, 0.3)], {"host_busy"}),
        (False, 4 * [(0.5, 0.0)] + [(0.5, 0.9)], set()),
    ],
)
def test_the_use_of_the_processor_is_judged_over_five_seconds(
    spins: bool, shares: list[tuple[float, float]], expected: set[str]
) -> None:
    watched = Watched(spins=spins)
    watched.used(*shares)

    assert watched.up() == expected


def test_a_gate_stays_up_for_a_while_and_then_comes_down() -> None:
    watched = Watched()
    watched.watch.merge(dropped(1))
    watched.clock.now_ns = STAYS_NS - 1
    assert watched.up() == {"dropped"}

    watched.clock.now_ns = STAYS_NS
    assert watched.up() == set()


def test_no_gate_stays_up_when_its_load_has_ended() -> None:
    watched = Watched()
    watched.watch.merge(dropped(1))
    assert watched.up() == {"dropped"}
    watched.watch.end()

    cells, series = watched.ledger.cells, watched.ledger.series
    assert [cells[series("testbed_gate_tripped", gate)] for gate in WATCHED] == [0.0] * len(WATCHED)


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


def test_a_run_is_named_until_it_is_over() -> None:
    ledger, run = Ledger(None, LABELS), ("2026-01-01T000000Z-abcd", "wait", "100/s")
    at = ledger.series("testbed_run_info", *run)
    note_run(ledger, *run)
    assert ledger.cells[at] == 1.0

    note_run(ledger, *run, under_way=False)
    assert ledger.cells[at] == 0.0


def shown(folder: Path) -> dict[tuple[str, str], float]:
    """The run and the gates in the only ledger of a folder; nothing while there is none."""
    try:
        (path,) = folder.glob("*.ledger")
        reader = Reader(path)
    except (ValueError, LedgerError):
        return {}
    found = {
        (one.name.removeprefix("testbed_"), one.labels.get("gate", one.labels.get("load", ""))):
        one.cells[0]
        for one in reader.series()
        if one.name in ("testbed_run_info", "testbed_gate_tripped")
    }  # fmt: skip
    reader.close()
    return found


@pytest.mark.slow
def test_a_load_by_hand_shows_its_run_and_gates_until_it_ends(tmp_path: Path) -> None:
    locust = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless"]
    load = ["--path", "/", "--rate", "50", "--max-in-flight", "1", "--profile", "mine", "-t", "4s"]
    with serving_aside(answering(OK, after_s=0.1)) as port:
        target = ["--host", f"http://127.0.0.1:{port}", "--ledgers", str(tmp_path)]
        process = subprocess.Popen(
            [*locust, "--only-summary", *target, *load, "OpenUser"], cwd=mini.ROOT,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            mini.eventually(lambda: shown(tmp_path).get(("gate_tripped", "dropped")) == 1.0)
            assert shown(tmp_path)["run_info", "by hand"] == 1.0
            assert process.poll() is None
        finally:
            code = process.wait(30)

    assert code in (0, 1)
    found = shown(tmp_path)
    assert found.keys() == {("run_info", "by hand"), *(("gate_tripped", gate) for gate in WATCHED)}
    assert set(found.values()) == {0.0}

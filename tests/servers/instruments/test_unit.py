"""What is reckoned of a thread's processor time, against the kernel's own clock."""

from __future__ import annotations

import os
import resource
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from threading import get_ident

import pytest

from servers.instruments import unit as unit_module
from servers.instruments.meter import Meter
from servers.instruments.unit import (
    LONGEST_NS,
    SHORT_NS,
    UNITS,
    LoneUnit,
    LoopUnit,
    Unit,
    unit_of_one,
)
from servers.settings import Settings

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's numbers are Linux's")

MS = 1_000_000
SPIN = "import time\nwhile time.perf_counter() < {}: pass"


def spin(ms: float) -> None:
    until_ns = time.perf_counter_ns() + int(ms * MS)
    while time.perf_counter_ns() < until_ns:
        pass


def told_ns(unit: Unit, now_ns: int | None = None) -> int:
    """The processor time as a request learns it."""
    now_ns = time.perf_counter_ns() if now_ns is None else now_ns
    if now_ns > unit.fresh_ns:
        unit.read(now_ns)
    return unit.cpu_ns


@pytest.fixture(scope="module")
def meter() -> Meter:
    return Meter(Settings(), slots=1)


@pytest.fixture
def lone(meter: Meter) -> Iterator[LoneUnit]:
    yield LoneUnit(meter, get_ident(), "worker")
    UNITS.clear()


@linux
def test_a_thread_that_runs_is_not_looked_at_by_the_kernel(
    lone: LoneUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def ask() -> int:
        asked.append(time.thread_time_ns())
        return asked[-1]

    def switches() -> int:
        usage = resource.getrusage(resource.RUSAGE_THREAD)
        return usage.ru_nvcsw + usage.ru_nivcsw

    monkeypatch.setattr(unit_module, "thread_time_ns", ask)
    before = switches()
    began_ns = time.perf_counter_ns()
    first_ns = told_ns(lone, began_ns)
    for _ in range(50):
        spin(0.3)
        last_ns = told_ns(lone)

    assert len(asked) <= 1 + switches() - before
    assert 0 < last_ns - first_ns <= time.perf_counter_ns() - began_ns


@linux
@pytest.mark.parametrize("sleep_s", [0.0, 0.02])
def test_it_agrees_with_the_kernel_whether_the_thread_sleeps_or_not(
    lone: LoneUnit, sleep_s: float
) -> None:
    """What a hypervisor takes, only the kernel knows of: the best of several counts."""
    apart_ns = []
    for _ in range(7):
        told_ns(lone)
        for _ in range(3):
            if sleep_s:
                time.sleep(sleep_s)
            spin(1)
        apart_ns.append(abs(told_ns(lone) - time.thread_time_ns()))

    assert min(apart_ns) < 0.2 * MS


@linux
def test_who_waits_for_a_processor_has_not_run_meanwhile(lone: LoneUnit) -> None:
    """Two processes of their own take turns with this one on its processor."""
    here = os.sched_getaffinity(0)
    mine = {min(here)}
    os.sched_setaffinity(0, mine)
    try:
        code = SPIN.format(time.perf_counter() + 1.5)
        command = [sys.executable, "-c", code]
        others = [os.posix_spawn(sys.executable, command, dict(os.environ)) for _ in range(2)]
        time.sleep(0.3)
        began_ns = time.perf_counter_ns()
        first_ns = told_ns(lone, began_ns)
        kernel_ns = time.thread_time_ns()
        apart = []
        for _ in range(300):
            spin(1)
            apart.append(told_ns(lone) - first_ns - (time.thread_time_ns() - kernel_ns))
        took_ns = time.perf_counter_ns() - began_ns
        for pid in others:
            os.waitpid(pid, 0)
    finally:
        os.sched_setaffinity(0, here)

    assert told_ns(lone) - first_ns < 0.8 * took_ns, "it did not have its processor for itself"
    assert abs(statistics.median(apart)) < 1 * MS


@pytest.mark.parametrize("kind", [LoopUnit, pytest.param(LoneUnit, marks=linux)])
def test_for_a_quarter_of_a_millisecond_its_clock_stands_still(
    kind: type[Unit], meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit, now_ns = kind(meter, get_ident(), "loop"), time.perf_counter_ns()
    reads: list[int] = []
    read = time.thread_time_ns

    def ask() -> int:
        reads.append(1)
        return read()

    monkeypatch.setattr(unit_module, "thread_time_ns", ask)
    cpu_ns = told_ns(unit, now_ns)
    now_ns = unit.fresh_ns - SHORT_NS

    assert told_ns(unit, now_ns + 1) == told_ns(unit, now_ns + SHORT_NS) == cpu_ns
    assert len(reads) == 1
    time.sleep(0.005)
    now_ns = time.perf_counter_ns()
    # It slept for most of that.
    assert told_ns(unit, now_ns) < cpu_ns + 4 * MS
    assert len(reads) == 2


def test_of_a_thread_that_shares_its_interpreter_the_kernel_is_asked_every_time(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit, found = Unit(meter, get_ident(), "thread 1"), iter(range(7, 10))
    monkeypatch.setattr(unit_module, "thread_time_ns", lambda: next(found))

    assert [told_ns(unit, 10**9) for _ in range(3)] == [7, 8, 9]


@linux
def test_after_a_second_the_kernel_is_asked_in_any_case(
    lone: LoneUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_ns(lone)
    monkeypatch.setattr(unit_module, "thread_time_ns", lambda: 42)

    assert told_ns(lone, lone.fresh_ns + LONGEST_NS) == 42


def test_where_the_system_does_not_tell_switches_the_kernels_clock_is_read(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_module, "_OWN", None)
    monkeypatch.setattr(unit_module, "thread_time_ns", lambda: 7)

    assert told_ns(unit_of_one(meter, get_ident(), "worker")) == 7


def test_a_unit_is_found_by_its_thread(meter: Meter) -> None:
    """Each by its own, and from another one by its id."""
    found: list[object] = []

    def serve() -> None:
        unit = Unit(meter, get_ident(), "thread 1")
        unit.running = request  # type: ignore[assignment]
        found.extend((unit_module.running(), get_ident()))
        held.wait(5)

    request, held = object(), threading.Event()
    UNITS.clear()
    thread = threading.Thread(target=serve)
    thread.start()
    while len(found) < 2:
        time.sleep(0.001)

    assert found[0] is request
    assert unit_module.running() is None
    assert unit_module.running(found[1]) is request  # type: ignore[arg-type]
    held.set()
    thread.join()
    UNITS.clear()

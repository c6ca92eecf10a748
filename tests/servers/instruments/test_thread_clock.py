"""What is reckoned of a thread's processor time, against the kernel's own clock."""

from __future__ import annotations

import os
import resource
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from servers.instruments import thread_clock
from servers.instruments.thread_clock import LONGEST_NS, SHORT_NS, ThreadClock, clock_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's numbers are Linux's")

MS = 1_000_000
SPIN = "import time\nwhile time.perf_counter() < {}: pass"


def spin(ms: float) -> None:
    until_ns = time.perf_counter_ns() + int(ms * MS)
    while time.perf_counter_ns() < until_ns:
        pass


def difference_ns(clock: ThreadClock) -> int:
    """How much more is reckoned than the kernel tells."""
    return clock.read(time.perf_counter_ns()) - time.thread_time_ns()


@pytest.fixture
def clock() -> ThreadClock:
    return ThreadClock()


def test_a_thread_that_runs_is_not_looked_at_by_the_kernel(
    clock: ThreadClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def ask() -> int:
        asked.append(time.thread_time_ns())
        return asked[-1]

    monkeypatch.setattr(thread_clock, "thread_time_ns", ask)
    sleeps = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    began_ns = time.perf_counter_ns()
    first_ns = clock.read(began_ns)
    for _ in range(50):
        spin(0.2)
        last_ns = clock.read(time.perf_counter_ns())
    slept = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - sleeps

    assert len(asked) <= 1 + slept
    assert 0 < last_ns - first_ns <= time.perf_counter_ns() - began_ns


@pytest.mark.parametrize("sleep_s", [0.0, 0.02])
def test_it_agrees_with_the_kernel_whether_the_thread_sleeps_or_not(
    clock: ThreadClock, sleep_s: float
) -> None:
    """What a hypervisor takes, only the kernel knows of: the best of several counts."""
    apart_ns = []
    for _ in range(7):
        clock.read(time.perf_counter_ns())
        for _ in range(3):
            if sleep_s:
                time.sleep(sleep_s)
            spin(1)
        apart_ns.append(abs(difference_ns(clock)))

    assert min(apart_ns) < 0.2 * MS


def test_who_waits_for_a_processor_has_not_run_meanwhile(clock: ThreadClock) -> None:
    """Two processes of their own take turns with this one on its processor."""
    here = os.sched_getaffinity(0)
    mine = {min(here)}
    os.sched_setaffinity(0, mine)
    try:
        code = SPIN.format(time.perf_counter() + 1.5)
        command = [sys.executable, "-c", code]
        others = [os.posix_spawn(sys.executable, command, dict(os.environ)) for _ in range(2)]
        time.sleep(0.3)
        began_ns, first_ns = time.perf_counter_ns(), clock.read(time.perf_counter_ns())
        kernel_ns = time.thread_time_ns()
        apart = []
        for _ in range(300):
            spin(1)
            reckoned_ns = clock.read(time.perf_counter_ns()) - first_ns
            apart.append(reckoned_ns - (time.thread_time_ns() - kernel_ns))
        took_ns = time.perf_counter_ns() - began_ns
        for pid in others:
            os.waitpid(pid, 0)
    finally:
        os.sched_setaffinity(0, here)

    spent_ns = clock.read(time.perf_counter_ns()) - first_ns
    assert spent_ns < 0.8 * took_ns, "it did not have its processor for itself"
    assert abs(statistics.median(apart)) < 5 * MS


def test_for_a_quarter_of_a_millisecond_after_it_was_read_it_counts_as_running(
    clock: ThreadClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    began_ns = time.perf_counter_ns()
    cpu_ns = clock.read(began_ns)
    read: list[int] = []
    found = os.pread

    def pread(file: int, length: int, at: int) -> bytes:
        read.append(file)
        return found(file, length, at)

    monkeypatch.setattr(os, "pread", pread)

    assert clock.read(began_ns + 100_000) == cpu_ns + 100_000
    assert clock.read(began_ns + SHORT_NS) == cpu_ns + SHORT_NS
    assert not read
    time.sleep(0.005)
    now_ns = time.perf_counter_ns()
    # It slept for most of that, and what counted too much is gone.
    assert clock.read(now_ns) < cpu_ns + (now_ns - began_ns) // 2
    assert len(read) == 1


def test_after_a_second_the_kernel_is_asked_in_any_case(
    clock: ThreadClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.read(time.perf_counter_ns())
    monkeypatch.setattr(thread_clock, "thread_time_ns", lambda: 42)

    assert clock.read(time.perf_counter_ns() + LONGEST_NS) == 42


def test_a_thread_that_gets_the_id_of_another_is_told_its_own_time() -> None:
    made: list[ThreadClock] = []
    found: list[int] = []

    def first() -> None:
        spin(30)
        made.append(ThreadClock())
        made[0].read(time.perf_counter_ns())

    def second() -> None:
        # Sooner the first one may not quite have ended.
        for _ in range(7):
            spin(1)
            found.append(difference_ns(made[0]))

    for work in (first, second):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert statistics.median(map(abs, found)) < 2 * MS


def test_a_process_that_is_forked_has_clocks_of_its_own() -> None:
    spin(20)
    ours = clock_of(threading.get_ident())
    ours.read(time.perf_counter_ns())
    child = os.fork()
    if not child:
        clock = clock_of(threading.get_ident())
        clock.read(time.perf_counter_ns())
        os._exit(0 if clock is not ours and abs(difference_ns(clock)) < 2 * MS else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert clock_of(threading.get_ident()) is ours


@pytest.mark.parametrize("text", ["", "0 0 0\n", None])
def test_where_the_kernel_counts_nothing_its_clock_is_read(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "schedstat"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(thread_clock, "_SCHEDSTAT", str(file))
    clock: Any = ThreadClock()
    monkeypatch.setattr(thread_clock, "thread_time_ns", lambda: 7)

    assert clock.read(time.perf_counter_ns()) == 7
    assert clock._file < 0

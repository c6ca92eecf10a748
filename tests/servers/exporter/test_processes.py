"""What processes use, as the kernel tells it of them: running, stopped, and gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from servers.exporter.book import Key
from servers.exporter.processes import Processes, Tally
from servers.exporter.stack import Server
from servers.ledger import Owner, born
from tests.servers.exporter.children import child, eventually

CPU = "testbed_process_cpu_seconds_total"
RESIDENT = "testbed_process_resident_memory_bytes"
PROPORTIONAL = "testbed_process_proportional_memory_bytes"
THREADS = "testbed_process_threads"
SWITCHES = "testbed_process_context_switches_total"
DELAY = "testbed_process_run_queue_delay_seconds_total"

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

# Does for each line what it says: computes a while, or starts threads, or ends them again.
OBEDIENT = """
import sys, threading, time
over = threading.Event()
threads = []
def sleep():
    while not over.wait(0.001):
        pass
print('ready', flush=True)
for line in sys.stdin:
    if line == 'compute\\n':
        end = time.process_time() + 0.2
        while time.process_time() < end:
            pass
    elif line == 'start\\n':
        threads = [threading.Thread(target=sleep) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
    elif line == 'end\\n':
        over.set()
        for thread in threads:
            thread.join()
    print('done', flush=True)
"""


def order(process: subprocess.Popen[str], line: str) -> None:
    """Tell an obedient child what to do; `done` waits until it has."""
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def done(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "done\n"


def server_of(*workers: int, supervisors: tuple[int, ...] = ()) -> Server:
    owners = tuple(Owner(pid, born(pid)) for pid in workers)
    return Server("sync", owners, supervisors, 0)


def values(found: dict[Key, float], name: str, pid: int) -> list[float]:
    return [value for (one, labels), value in found.items() if (one, labels[1]) == (name, str(pid))]


def value(found: dict[Key, float], name: str, pid: int) -> float:
    return sum(values(found, name, pid))


def test_threads_that_end_stay_in_the_sum() -> None:
    tally = Tally()

    assert tally.total({}) == ()
    assert tally.total({1: (10, 1), 2: (5, 0)}) == (15, 1)
    assert tally.total({1: (11, 1)}) == (16, 1)
    assert tally.total({}) == (16, 1)
    assert tally.total({3: (1, 1)}) == (17, 2)


def test_a_new_thread_with_an_old_id_is_added() -> None:
    tally = Tally()
    tally.total({1: (10, 4)})

    assert tally.total({1: (2, 5)}) == (12, 9)
    assert tally.total({1: (3, 5)}) == (13, 9)


def test_processor_time_and_memory_are_those_of_the_process() -> None:
    with child(OBEDIENT) as process:
        processes, server = Processes(), server_of(process.pid)
        before = processes.read([server])
        order(process, "compute")
        done(process)
        after = processes.read([server])

        used = value(after, CPU, process.pid) - value(before, CPU, process.pid)
        assert 0.18 <= used <= 0.3
        resident = psutil.Process(process.pid).memory_info().rss
        assert value(after, RESIDENT, process.pid) == pytest.approx(resident, rel=0.05)
        assert value(after, THREADS, process.pid) == 1


@linux
def test_proportional_memory_is_at_most_the_resident() -> None:
    with child() as process:
        found = Processes().read([server_of(process.pid)])
        proportional = value(found, PROPORTIONAL, process.pid)
        assert 1_000_000 < proportional <= value(found, RESIDENT, process.pid)


@linux
def test_counters_of_threads_do_not_go_down_when_threads_end() -> None:
    with child(OBEDIENT) as process:
        processes, server = Processes(), server_of(process.pid)
        voluntary: Key = (SWITCHES, ("sync", str(process.pid), "worker", "voluntary"))
        one = processes.read([server])
        order(process, "start")
        done(process)
        many = processes.read([server])
        assert value(many, THREADS, process.pid) == 4
        # Three threads that wake up a thousand times a second, for a tenth of one.
        assert many[voluntary] > one[voluntary] + 50
        order(process, "end")
        done(process)
        assert eventually(lambda: psutil.Process(process.pid).num_threads() == 1)
        after = processes.read([server])
        assert value(after, THREADS, process.pid) == 1
        assert after[voluntary] >= many[voluntary]
        assert value(after, DELAY, process.pid) >= value(many, DELAY, process.pid)


@linux
def test_time_in_wait_for_a_processor_is_run_queue_delay() -> None:
    """Two processes that compute on one processor: each waits while the other runs."""
    chosen = min(os.sched_getaffinity(0))
    with child(OBEDIENT) as first, child(OBEDIENT) as second:
        processes, server = Processes(), server_of(first.pid, second.pid)
        for process in (first, second):
            os.sched_setaffinity(process.pid, {chosen})
        before = processes.read([server])
        for process in (first, second):
            order(process, "compute")
        for process in (first, second):
            done(process)
        after = processes.read([server])

    delays = [value(after, DELAY, p.pid) - value(before, DELAY, p.pid) for p in (first, second)]
    assert sum(delays) > 0.1


def test_every_process_has_its_role() -> None:
    parent = (
        "import subprocess, sys\n"
        "code = \"import sys; print('ready', flush=True); sys.stdin.read()\"\n"
        "pool = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE)\n"
        "pool.stdout.readline()\n"
        "print('ready', flush=True); print(pool.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with child() as supervisor, child(parent) as worker:
        assert worker.stdout is not None
        pool = int(worker.stdout.readline())
        found = Processes().read([server_of(worker.pid, supervisors=(supervisor.pid,))])

        assert {labels for name, labels in found if name == CPU} == {
            ("sync", str(supervisor.pid), "supervisor"),
            ("sync", str(worker.pid), "worker"),
            ("sync", str(pool), "pool"),
        }


def test_a_process_that_ends_leaves_its_counters_and_takes_its_gauges() -> None:
    processes = Processes()
    with child() as staying:
        with child(OBEDIENT) as process:
            order(process, "compute")
            done(process)
            before = processes.read([server_of(staying.pid, process.pid)])
            process.send_signal(signal.SIGKILL)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            zombie = processes.read([server_of(staying.pid, process.pid)])
        gone = processes.read([server_of(staying.pid)])

        for after in (zombie, gone, processes.read([server_of(staying.pid)])):
            assert values(after, CPU, process.pid) == values(before, CPU, process.pid)
            for name in (RESIDENT, PROPORTIONAL, THREADS):
                assert values(after, name, process.pid) == []
                assert len(values(after, name, staying.pid)) == len(
                    values(before, name, staying.pid)
                )


@linux
def test_a_stopped_process_is_read_like_any_other() -> None:
    with child() as process:
        processes, server = Processes(), server_of(process.pid)
        before = processes.read([server])
        process.send_signal(signal.SIGSTOP)
        stopped = psutil.STATUS_STOPPED
        assert eventually(lambda: psutil.Process(process.pid).status() == stopped)
        began = time.perf_counter()
        after = processes.read([server])
        assert time.perf_counter() - began < 1
        assert after.keys() == before.keys()
        assert value(after, RESIDENT, process.pid) > 0

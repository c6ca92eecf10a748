"""What the processes of servers use, seen from outside: nothing here asks them.

Rule: a counter never goes down. What a thread or a process has used stays counted when it ends.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil

from servers.exporter.book import Key
from servers.exporter.costly import Costly
from servers.exporter.stack import Server

Counts = tuple[int, ...]
_Labels = tuple[str, ...]

_SWITCHES = re.compile(
    rb"^voluntary_ctxt_switches:\s*(\d+)\nnonvoluntary_ctxt_switches:\s*(\d+)", re.M
)
_PROPORTIONAL_KB = re.compile(rb"^Pss:\s*(\d+) kB", re.M)


class Processes:
    """The processes of every server: workers, their supervisors, and the pools of workers."""

    def __init__(self) -> None:
        self._living: dict[tuple[_Labels, psutil.Process], _Process] = {}
        self._ended: dict[Key, float] = {}

    def read(self, servers: Sequence[Server]) -> dict[Key, float]:
        """What each living process uses, and what each of this life has used."""
        found = list(_members(servers))
        for ended in self._living.keys() - set(found):
            _add(self._ended, self._living.pop(ended).counters)
        counters, gauges = dict(self._ended), {}
        for member in found:
            process = self._living.setdefault(member, _Process(*member))
            gauges.update(process.look())
            _add(counters, process.counters)
        return counters | gauges


class Tally:
    """A sum of counters over threads that come and go."""

    def __init__(self) -> None:
        self._ended: Counts = ()
        self._last: Mapping[int, Counts] = {}

    def total(self, now: Mapping[int, Counts]) -> Counts:
        """The sum over all threads so far, given those of now; empty if there was none."""
        # A thread that has used less than before is a new one with an old id.
        for thread, last in self._last.items():
            if thread not in now or any(a < b for a, b in zip(now[thread], last, strict=True)):
                self._ended = _summed([self._ended, last])
        self._last = now
        return _summed([self._ended, *now.values()])


class _Process:
    def __init__(self, labels: _Labels, process: psutil.Process) -> None:
        self.counters: dict[Key, float] = {}
        self._labels = labels
        self._process = process
        self._folder = Path(f"/proc/{process.pid}")
        self._switches, self._delay = Tally(), Tally()
        self._proportional = Costly(partial(_proportional, self._folder))

    def look(self) -> dict[Key, float]:
        """Bring the counters up to date; returns the gauges."""
        gauges: dict[Key, float] = {}
        # A process may end at any moment, and not every system has /proc.
        with suppress(psutil.Error), self._process.oneshot():
            times, memory = self._process.cpu_times(), self._process.memory_info()
            self._count("testbed_process_cpu_seconds_total", times.user + times.system)
            gauges["testbed_process_resident_memory_bytes", self._labels] = memory.rss
            threads = self._process.num_threads()
            gauges["testbed_process_threads", self._labels] = threads
        with suppress(OSError):
            switches = self._switches.total(_of_threads(self._folder, "status", _switches))
            for kind, count in zip(("voluntary", "involuntary"), switches, strict=bool(switches)):
                self._count("testbed_process_context_switches_total", count, kind)
            for delay_ns in self._delay.total(_of_threads(self._folder, "schedstat", _delay)):
                self._count("testbed_process_run_queue_delay_seconds_total", delay_ns / 1e9)
            memory_bytes = self._proportional()
            gauges["testbed_process_proportional_memory_bytes", self._labels] = memory_bytes
        return gauges

    def _count(self, name: str, value: float, *labels: str) -> None:
        self.counters[name, (*self._labels, *labels)] = value


def _members(servers: Sequence[Server]) -> Iterator[tuple[_Labels, psutil.Process]]:
    found, children = _tree()
    for server in servers:
        roles = dict.fromkeys(server.supervisors, "supervisor")
        for worker in server.workers:
            roles |= dict.fromkeys(_descendants(worker.pid, children), "pool")
        roles |= {worker.pid: "worker" for worker in server.workers}
        for pid in roles.keys() & found.keys():
            yield (server.profile, str(pid), roles[pid]), found[pid]


def _tree() -> tuple[dict[int, psutil.Process], dict[int, list[int]]]:
    found: dict[int, psutil.Process] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for process in psutil.process_iter():
        with suppress(psutil.Error), process.oneshot():
            parent, status = process.ppid(), process.status()
            if status != psutil.STATUS_ZOMBIE:
                found[process.pid] = process
                children[parent].append(process.pid)
    return found, children


def _descendants(pid: int, children: Mapping[int, Sequence[int]]) -> Iterator[int]:
    for child in children.get(pid, ()):
        yield child
        yield from _descendants(child, children)


def _of_threads(folder: Path, name: str, parse: Callable[[bytes], Counts]) -> dict[int, Counts]:
    found: dict[int, Counts] = {}
    for thread in (folder / "task").iterdir():
        with suppress(OSError):
            found[int(thread.name)] = parse((thread / name).read_bytes())
    return found


def _switches(status: bytes) -> Counts:
    found = _SWITCHES.search(status)
    return (int(found[1]), int(found[2])) if found else ()


def _delay(schedstat: bytes) -> Counts:
    # Nanoseconds on a processor, nanoseconds in wait for one, and how often it got one.
    return (int(schedstat.split()[1]),)


def _proportional(folder: Path) -> int:
    found = _PROPORTIONAL_KB.search((folder / "smaps_rollup").read_bytes())
    return 1024 * int(found[1]) if found else 0


def _summed(parts: Iterable[Counts]) -> Counts:
    return tuple(map(sum, zip(*filter(None, parts), strict=True)))


def _add(total: dict[Key, float], more: Mapping[Key, float]) -> None:
    for key, value in more.items():
        total[key] = total.get(key, 0.0) + value

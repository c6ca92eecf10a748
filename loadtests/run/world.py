"""All effects of a run behind one narrow protocol: processes, HTTP, folders, the clock.

`RealWorld` is the machine; the tests bring one in which servers and generators are pretended and
time is a number, so that a whole run takes milliseconds.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import psutil

from loadtests.plan import Address
from loadtests.run.child import Child, RunningChild
from servers.ledger import TRIAL_PREFIX, default_folder

FAMILY_S = 1.0
FETCH_TIMEOUT_S = 5.0


class World(Protocol):
    """What a trial may do to the outside."""

    def start(
        self, argv: Sequence[str], env: Mapping[str, str], log: Path, cpus: frozenset[int] | None
    ) -> Child:
        """Start a process with its output in `log`, on the given processors where that is set."""

    def fetch(
        self, address: Address, path: str, timeout_s: float = FETCH_TIMEOUT_S, method: str = "GET"
    ) -> tuple[int, bytes] | None:
        """Ask on a connection of its own; None while nobody answers."""

    def usage(self, pid: int) -> Usage:
        """CPU seconds used, and memory held, by a process and all its descendants."""

    def alive(self, pid: int) -> bool:
        """Whether a process runs (a zombie does not)."""

    def pause(self, pid: int) -> None:
        """Let a process stand still."""

    def resume(self, pid: int) -> None:
        """Let it go on."""

    def keep_to(self, cpus: frozenset[int] | None) -> None:
        """Keep this process itself on some processors, away from what is measured."""

    def free_port(self) -> int:
        """A port of 127.0.0.1 on which nothing listens."""

    def make_folder(self) -> Path:
        """A new folder for this user alone, in memory where the system has such a place."""

    def remove_folder(self, folder: Path) -> None:
        """Remove a folder that was made so, with everything in it."""

    def now_ns(self) -> int:
        """The monotonic clock, the same in every process of the machine."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class Usage(Protocol):
    """What a process tree has used so far, by process id."""

    @property
    def cpu_s(self) -> Mapping[int, float]:
        """CPU seconds, user and system, of each living process."""

    @property
    def rss_bytes(self) -> int:
        """Resident memory of all."""


class _Usage:
    def __init__(self, cpu_s: dict[int, float], rss_bytes: int) -> None:
        self.cpu_s: Mapping[int, float] = cpu_s
        self.rss_bytes = rss_bytes


class RealWorld:
    """The machine itself."""

    def __init__(self) -> None:
        self.interrupted = False
        self._families: dict[int, tuple[float, list[psutil.Process]]] = {}

    def start(
        self, argv: Sequence[str], env: Mapping[str, str], log: Path, cpus: frozenset[int] | None
    ) -> Child:
        """See World.start. The processors are inherited from this thread, set for a moment."""
        self._heed()
        if cpus is None or not hasattr(os, "sched_setaffinity"):
            return RunningChild(argv, env, log)
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cpus)
        try:
            return RunningChild(argv, env, log)
        finally:
            os.sched_setaffinity(0, before)

    def fetch(
        self, address: Address, path: str, timeout_s: float = FETCH_TIMEOUT_S, method: str = "GET"
    ) -> tuple[int, bytes] | None:
        """See World.fetch."""
        connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout_s)
        try:
            connection.request(method, path, headers={"Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def usage(self, pid: int) -> Usage:
        """See World.usage."""
        cpu_s: dict[int, float] = {}
        rss_bytes = 0
        for process in self._family(pid):
            with contextlib.suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                rss_bytes += process.memory_info().rss
                cpu_s[process.pid] = max(times.user + times.system, _scheduled_s(process.pid))
        return _Usage(cpu_s, rss_bytes)

    def _family(self, pid: int) -> list[psutil.Process]:
        """A process and its descendants; looking them up costs milliseconds, so once a second."""
        now = time.monotonic()
        since, family = self._families.get(pid, (now - FAMILY_S, []))
        if now - since >= FAMILY_S:
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(pid)
                family = [root, *root.children(recursive=True)]
            self._families[pid] = (now, family)
        return family

    def alive(self, pid: int) -> bool:
        """See World.alive."""
        try:
            return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False

    def pause(self, pid: int) -> None:
        """See World.pause."""
        os.kill(pid, signal.SIGSTOP)

    def resume(self, pid: int) -> None:
        """See World.resume."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def keep_to(self, cpus: frozenset[int] | None) -> None:
        """See World.keep_to."""
        if cpus is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cpus)

    def free_port(self) -> int:
        """See World.free_port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    def make_folder(self) -> Path:
        """See World.make_folder."""
        # Below the common one: who watches all that runs here sees trials as well.
        common = default_folder()
        common.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=TRIAL_PREFIX, dir=common))

    def remove_folder(self, folder: Path) -> None:
        """See World.remove_folder. What cannot be removed is no reason to lose a trial."""
        shutil.rmtree(folder, ignore_errors=True)

    def now_ns(self) -> int:
        """See World.now_ns."""
        return time.perf_counter_ns()

    def sleep(self, seconds: float) -> None:
        """See World.sleep."""
        self._heed()
        time.sleep(seconds)
        self._heed()

    def interrupt(self) -> None:
        """Safe in a signal handler: the next start or sleep raises KeyboardInterrupt, and the
        stopping of processes, which does neither, is never cut short."""
        self.interrupted = True

    def _heed(self) -> None:
        if self.interrupted:
            raise KeyboardInterrupt


def _scheduled_s(pid: int) -> float:
    """CPU seconds of a process's living threads, to the nanosecond (Linux).

    The counters that every system has tick in hundredths of a second, which is much for a server
    that waits.
    """
    found = 0
    for thread in Path("/proc", str(pid), "task").glob("*/schedstat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            found += int(thread.read_text().split()[0])
    return found / 1e9

"""The processor time of a thread, for which the kernel's clock is read as seldom as can be.

To read that clock has the scheduler look whether another thread's turn has come. Where worker
processes share a processor they then change places several times as often as they would, and serve
a quarter less: the observer would decide the comparison. Two numbers tell as much, and to read them
disturbs nobody: how long the thread has waited for a processor, and how often it went to sleep.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from time import thread_time_ns

_SCHEDSTAT = "/proc/thread-self/schedstat"
"""Nanoseconds on a processor, nanoseconds of waiting for one, and turns (Linux, proc(5))."""
_ENOUGH = 64
_OWN: int = getattr(resource, "RUSAGE_THREAD", 0)
SHORT_NS = 250_000
"""How exactly processor time is told: to the first bound of all histograms."""
LONGEST_NS = 1_000_000_000
"""After so long the kernel's clock is read in any case: what is reckoned may drift by interrupts,
and by what a hypervisor takes."""


class KernelClock:
    """The kernel's own clock of whatever thread reads it.

    It is for threads that share an interpreter: these sleep in every request, until it is their
    turn, and nothing can be reckoned of them.
    """

    __slots__ = ()

    def read(self, now_ns: int) -> int:
        """Nanoseconds of processor time up to now."""
        return thread_time_ns()


class ThreadClock(KernelClock):
    """The clock of the thread that makes it; only that one can read it.

    Rule 1: a thread that has not slept has run whenever it did not wait for a processor.
    Rule 2: for `SHORT_NS` after it was read it counts as running: so much a step may have too much.
    """

    __slots__ = ("_asked_ns", "_at_ns", "_cpu_ns", "_delay_ns", "_file", "_sleeps")

    def __init__(self) -> None:
        self._file = self._sleeps = -1
        self._asked_ns = self._at_ns = self._cpu_ns = self._delay_ns = 0
        self._open()

    def read(self, now_ns: int) -> int:
        """Nanoseconds of processor time up to a moment of the monotonic clock that is just past."""
        if self._file < 0:
            return thread_time_ns()
        if now_ns - self._at_ns <= SHORT_NS:
            return self._cpu_ns + now_ns - self._at_ns
        # In this order: who loses the processor loses it at the end of the first call, and what it
        # then waits for is after the moment.
        try:
            found = os.pread(self._file, _ENOUGH, 0)
        except OSError:
            # The thread has ended, and this one has got its id.
            self._open()
            return self.read(now_ns)
        delay_ns = int(found.split()[1])
        sleeps = resource.getrusage(_OWN).ru_nvcsw
        if sleeps == self._sleeps and now_ns - self._asked_ns < LONGEST_NS:
            self._cpu_ns += now_ns - self._at_ns - (delay_ns - self._delay_ns)
        else:
            self._sleeps, self._asked_ns = sleeps, now_ns
            self._cpu_ns = thread_time_ns()
        self._at_ns, self._delay_ns = now_ns, delay_ns
        return self._cpu_ns

    def close(self) -> None:
        """Give the file back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> None:
        self.close()
        self._sleeps, self._at_ns = -1, 0
        with suppress(OSError):
            self._file = os.open(_SCHEDSTAT, os.O_RDONLY | os.O_CLOEXEC)
        # A kernel that does not count says so by saying nothing, or only zeros.
        if self._file >= 0 and not (_OWN and _counts(os.pread(self._file, _ENOUGH, 0))):
            self.close()


def clock_of(thread: int) -> ThreadClock:
    """The clock of this thread, whose id is given as the system's threads know it."""
    clock = _CLOCKS.get(thread)
    if clock is None:
        clock = _CLOCKS[thread] = ThreadClock()
    return clock


def _counts(schedstat: bytes) -> bool:
    numbers = schedstat.split()
    return len(numbers) == 3 and int(numbers[0]) > 0


def _forget() -> None:
    """In a child that was forked: what its parent has opened is about the parent's threads."""
    for clock in _CLOCKS.values():
        clock.close()
    _CLOCKS.clear()


_CLOCKS: dict[int, ThreadClock] = {}
os.register_at_fork(after_in_child=_forget)

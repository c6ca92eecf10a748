"""Executing units: threads that serve, of which processor time is asked as seldom as can be.

To read the kernel's clock of a thread has the scheduler look whether another one's turn has come.
Where worker processes share a processor they then change places several times as often as they
would, and serve a quarter less: the observer would decide the comparison. A thread that was not
switched off since the clock was read has run all the while, and to ask how often it was switched
disturbs nobody.
"""

from __future__ import annotations

import resource
from threading import get_ident
from time import perf_counter_ns, thread_time_ns
from typing import TYPE_CHECKING

from servers.instruments.meter import Meter

if TYPE_CHECKING:
    from servers.instruments.request import MeasuredRequest

SHORT_NS = 250_000
"""How exactly processor time is told: to the first bound of all histograms."""
LONGEST_NS = 1_000_000_000
"""After so long the kernel's clock is read in any case: what is reckoned may drift by interrupts,
and by what a hypervisor takes."""
UNITS: dict[int, Unit] = {}
"""The units of this process, by thread."""
_OWN: int | None = getattr(resource, "RUSAGE_THREAD", None)


class Unit:
    """A thread that serves requests, found by its id as the system knows it, and its lane.

    `running` is the request that it works for now, where that is measured. `cpu_ns` is its
    processor time as it was last read, which is to be read again after `fresh_ns`. Here that is
    always. So it has to be where threads share an interpreter: these sleep in every request, until
    it is their turn, and nothing can be reckoned of them.
    """

    __slots__ = ("cpu_ns", "fresh_ns", "lane", "meter", "running", "short")

    def __init__(self, meter: Meter, thread: int, lane: str) -> None:
        self.meter, self.lane = meter, lane
        self.running: MeasuredRequest | None = None
        self.cpu_ns = self.fresh_ns = 0
        self.short: dict[int, bytes] = {}
        """How `Server-Timing` ends after one step of so many microseconds, as it was told."""
        UNITS[thread] = self

    def read(self, now_ns: int) -> None:
        """Read its processor time at a moment of the monotonic clock that is just past."""
        self.cpu_ns = thread_time_ns()


class LoopUnit(Unit):
    """The thread of a loop, which is read at most four times in a millisecond.

    Rule: for `SHORT_NS` its clock stands still. So much too much may be said of a longer step; most
    are shorter, and count whole.
    """

    __slots__ = ()

    def read(self, now_ns: int) -> None:
        """As of every unit."""
        self.cpu_ns, self.fresh_ns = thread_time_ns(), now_ns + SHORT_NS


class LoneUnit(Unit):
    """The one thread of a process that serves requests.

    Rule: as of a loop's; and a thread that was not switched off since it was read has run.
    """

    __slots__ = ("_asked_ns", "_at_ns", "_switches")

    def __init__(self, meter: Meter, thread: int, lane: str) -> None:
        super().__init__(meter, thread, lane)
        self._asked_ns = self._at_ns = 0
        self._switches = -1

    def read(self, now_ns: int) -> None:
        """As of every unit."""
        # In this order: who loses the processor behind any of these lines is seen to have lost it
        # the next time.
        switches = _switches()
        if switches == self._switches and now_ns - self._asked_ns < LONGEST_NS:
            self.cpu_ns += now_ns - self._at_ns
        else:
            self._switches = switches
            self.cpu_ns = thread_time_ns()
            self._asked_ns = now_ns = perf_counter_ns()
        self._at_ns, self.fresh_ns = now_ns, now_ns + SHORT_NS


def unit_of_one(meter: Meter, thread: int, lane: str) -> Unit:
    """A unit for the one thread that serves, which is this one.

    Where the system does not tell how often it was switched off, it is as of any thread.
    """
    return (LoneUnit if _switches() else Unit)(meter, thread, lane)


def running(thread: int | None = None) -> MeasuredRequest | None:
    """The request that this thread works for, or another one, where that is measured."""
    unit = UNITS.get(get_ident() if thread is None else thread)
    return None if unit is None else unit.running


def _switches() -> int:
    if _OWN is None:
        return 0
    usage = resource.getrusage(_OWN)
    return usage.ru_nvcsw + usage.ru_nivcsw

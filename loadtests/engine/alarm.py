"""An alarm on the monotonic clock, to the nanosecond where the platform has one.

The timers of event loops count milliseconds: a loop woken by them is up to one too late, or too
early. Linux has `timerfd`, which Python offers from 3.13 on and the C library always.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import platform
from collections.abc import Callable
from time import perf_counter_ns
from typing import Protocol

NANOSECONDS = 1_000_000_000
_CLOCK_MONOTONIC, _ABSOLUTE = 1, 1


class Alarm(Protocol):
    """Calls back once after each setting, at the set time or as soon after it as it can."""

    def set(self, at_ns: int) -> None:
        """Ring at this time of the monotonic clock; an earlier setting is forgotten."""

    def close(self) -> None:
        """Never ring again."""


def alarm(loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> Alarm:
    """The best alarm of the platform."""
    if platform.system() == "Linux":
        return TimerFile(loop, ring)
    return LoopTimer(loop, ring)


class TimerFile:
    """A `timerfd` that the loop watches."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop, self._ring = loop, ring
        self._library = ctypes.CDLL(None, use_errno=True)
        self._settime = self._library.timerfd_settime
        self._file = self._library.timerfd_create(
            _CLOCK_MONOTONIC, os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
        )
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "the system has no timer left")
        # interval seconds and nanoseconds (none: it rings once), then the time itself
        self._times = (ctypes.c_long * 4)()
        loop.add_reader(self._file, self._expired)

    def set(self, at_ns: int) -> None:
        """See Alarm.set. A time that has passed rings at once."""
        self._times[2], self._times[3] = divmod(max(at_ns, 1), NANOSECONDS)
        self._settime(self._file, _ABSOLUTE, self._times, None)

    def close(self) -> None:
        """See Alarm.close."""
        self._loop.remove_reader(self._file)
        os.close(self._file)

    def _expired(self) -> None:
        try:
            os.read(self._file, 8)
        except BlockingIOError:
            return
        self._ring()


class LoopTimer:
    """The loop's own timer, set again where it fires early."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop, self._ring = loop, ring
        self._at_ns = 0
        self._handle: asyncio.Handle | None = None

    def set(self, at_ns: int) -> None:
        """See Alarm.set."""
        self.close()
        self._at_ns = at_ns
        ahead_s = max(0, at_ns - perf_counter_ns()) / NANOSECONDS
        self._handle = self._loop.call_later(ahead_s, self._expired)

    def close(self) -> None:
        """See Alarm.close."""
        if self._handle is not None:
            self._handle.cancel()

    def _expired(self) -> None:
        if perf_counter_ns() < self._at_ns:
            self.set(self._at_ns)
        else:
            self._ring()

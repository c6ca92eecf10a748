"""What runs now, and the time left: one line that moves on a terminal, a line a trial elsewhere."""

from __future__ import annotations

import time
from typing import Protocol, TextIO

from loadtests.matrix import TrialSpec

OVERHEAD_S = 3.5
"""A trial's start and stop, before any has been timed."""


class Progress(Protocol):
    """Who is told how the run goes."""

    def starts(self, spec: TrialSpec) -> None:
        """A trial starts."""

    def ends(self, spec: TrialSpec) -> None:
        """It has been saved."""

    def done(self) -> None:
        """No more follow."""


class Silent:
    """Progress that nobody watches."""

    def starts(self, spec: TrialSpec) -> None:
        """See Progress.starts."""

    def ends(self, spec: TrialSpec) -> None:
        """See Progress.ends."""

    def done(self) -> None:
        """See Progress.done."""


class Lines:
    """Progress on a text stream; `planned_s` is what a trial lasts by its own plan."""

    def __init__(self, out: TextIO, trials: int, remaining: int, planned_s: float) -> None:
        self._out, self._trials = out, trials
        self._remaining = remaining
        self._expected_s = planned_s + OVERHEAD_S
        self._live = out.isatty()
        self._started_s = time.monotonic()
        self._finished = 0

    def starts(self, spec: TrialSpec) -> None:
        """See Progress.starts."""
        left_s = round(self._remaining * self._expected_s)
        what = f"{spec.profile:<12} {spec.workload.name}, {spec.load.text}"
        text = f"[{spec.number}/{self._trials}] {what} · {left_s // 60}:{left_s % 60:02d} left"
        self._out.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        self._out.flush()

    def ends(self, spec: TrialSpec) -> None:
        """See Progress.ends. Trials that have been timed correct the estimate."""
        self._remaining -= 1
        self._finished += 1
        self._expected_s = (time.monotonic() - self._started_s) / self._finished

    def done(self) -> None:
        """See Progress.done."""
        if self._live:
            self._out.write("\r\x1b[K")
            self._out.flush()

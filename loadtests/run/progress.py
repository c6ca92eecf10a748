"""What runs now, and the time left: one line that moves on a terminal, a line a trial elsewhere."""

from __future__ import annotations

import statistics
import time
from typing import Protocol, TextIO

from loadtests.matrix import TrialSpec

OVERHEAD_S = 3.5
"""A trial's start and stop, before any has been timed."""


class Progress(Protocol):
    """Who is told how the run goes."""

    def starts(self, spec: TrialSpec, left: int) -> None:
        """A trial starts; about `left` are still to come, this one among them."""

    def ends(self, spec: TrialSpec) -> None:
        """It has been saved."""

    def says(self, text: str) -> None:
        """Something that must be known of the run as a whole."""

    def done(self) -> None:
        """No more follow."""


class Silent:
    """Progress that nobody watches."""

    def starts(self, spec: TrialSpec, left: int) -> None:
        """See Progress.starts."""

    def ends(self, spec: TrialSpec) -> None:
        """See Progress.ends."""

    def says(self, text: str) -> None:
        """See Progress.says."""

    def done(self) -> None:
        """See Progress.done."""


class Lines:
    """Progress on a text stream; `around_s` is what a trial takes beside its window."""

    def __init__(self, out: TextIO, around_s: float) -> None:
        self._out = out
        self._around_s = around_s + OVERHEAD_S
        self._live = out.isatty()
        self._began_s = 0.0
        self._timed: list[float] = []

    def starts(self, spec: TrialSpec, left: int) -> None:
        """See Progress.starts. Trials that have been timed correct the estimate."""
        self._began_s = time.monotonic()
        if self._timed:
            self._around_s = statistics.fmean(self._timed)
        left_s = round(left * (spec.measure_s + self._around_s))
        what = f"{spec.profile:<12} {spec.workload.name}, {spec.load.text}{_why(spec)}"
        count = f"[{spec.number}/{spec.number + left - 1}]"
        text = f"{count} {what} · {left_s // 60}:{left_s % 60:02d} left"
        self._out.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        self._out.flush()

    def ends(self, spec: TrialSpec) -> None:
        """See Progress.ends."""
        self._timed.append(time.monotonic() - self._began_s - spec.measure_s)

    def says(self, text: str) -> None:
        """See Progress.says."""
        self._out.write(f"{text}\n")
        self._out.flush()

    def done(self) -> None:
        """See Progress.done."""
        if self._live:
            self._out.write("\r\x1b[K")
            self._out.flush()


def _why(spec: TrialSpec) -> str:
    """What is unusual about a trial."""
    words = {"calibrate": ["to predict from"], "probe": ["searching"]}.get(spec.role, [])
    if spec.arm > 1:
        words.append("once more, for the noise floor")
    if spec.attempt > 1:
        words.append(f"attempt {spec.attempt}")
    return f" ({', '.join(words)})" if words else ""

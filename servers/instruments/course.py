"""The course of a captured request: every slice of it, where it ran, and whether it did."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from time import thread_time_ns

from servers.instruments.meter import Meter

# W3C Trace Context, version 00: a trace, the request in it, and the flag that it is sampled.
_SAMPLED = re.compile(r"00-[0-9a-f]{32}-([0-9a-f]{16})-[0-9a-f][13579bdf]")
_NAMES = ("lane", "state", "from_ns", "to_ns")


class Course:
    """What one request did, as its clocks are read: nanoseconds, monotonic and of the processor."""

    def __init__(self, meter: Meter, lane: str, name: str) -> None:
        self._meter, self._lane, self._name = meter, lane, name
        self._slices: list[tuple[str, str, int, int]] = []
        self._from_ns = self._cpu_ns = 0

    def resume(self, now_ns: int, cpu_ns: int) -> None:
        """A slice begins."""
        self._from_ns, self._cpu_ns = now_ns, cpu_ns

    def pause(self, now_ns: int, cpu_ns: int) -> None:
        """It ends."""
        state = _state(cpu_ns - self._cpu_ns, now_ns - self._from_ns)
        self._slices.append((self._lane, state, self._from_ns, now_ns))

    def blocked(self, from_ns: int, to_ns: int) -> None:
        """Within the slice, the request has waited without letting its unit go."""
        cpu_ns = thread_time_ns()
        self.pause(from_ns, cpu_ns)
        self._slices.append((self._lane, "block", from_ns, to_ns))
        self.resume(to_ns, cpu_ns)

    def elsewhere(self, lane: str, cpu_ns: int, from_ns: int, to_ns: int) -> None:
        """Another thread or process has worked for it."""
        self._slices.append((lane, _state(cpu_ns, to_ns - from_ns), from_ns, to_ns))

    def write(self, route: str, began_ns: int, ended_ns: int) -> None:
        """Add the course to its worker's file."""
        course = {
            "request": self._name,
            "pid": int(self._meter.worker),
            "route": route,
            "began_ns": began_ns,
            "ended_ns": ended_ns,
            "slices": [dict(zip(_NAMES, one, strict=True)) for one in self._slices],
        }
        path = self._meter.path(".slices")
        # A full disk must not become the request's fault.
        with suppress(OSError):
            if path is not None:
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(course) + "\n")


def course_of(trace: str | None, meter: Meter, lane: str) -> Course | None:
    """The course of a request with this `traceparent`, where its capture is asked and possible."""
    if trace is not None and (wanted := _SAMPLED.fullmatch(trace)) and meter.may_capture():
        return Course(meter, lane, wanted[1])
    return None


def _state(cpu_ns: int, length_ns: int) -> str:
    """Whether most of a slice was on a processor; else it held its unit and did not run."""
    return "run" if 2 * cpu_ns >= length_ns else "block"

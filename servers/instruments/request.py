"""One request that is measured: what happened when, and what it held.

A request that runs holds its executing unit: a process, a thread, or a loop with all that share
it. `resume` and `pause` say when it takes that up and lets it go.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from time import perf_counter_ns, thread_time_ns

from servers.instruments.meter import Meter
from servers.instruments.stamps import server_timing

# W3C Trace Context, version 00: a trace, the request in it, and the flag that it is sampled.
_SAMPLED = re.compile(r"00-[0-9a-f]{32}-([0-9a-f]{16})-[0-9a-f][13579bdf]")

RUNNING: dict[int, MeasuredRequest] = {}
"""By thread: the request that it works for now, where that is measured."""


class MeasuredRequest:
    """Times are nanoseconds of the monotonic clock. `status` is 0 until it is answered."""

    __slots__ = (
        "_captured",
        "_cpu_from_ns",
        "_cpu_ns",
        "_finished",
        "_hold_ns",
        "_lane",
        "_longest_ns",
        "_meter",
        "_method",
        "_offloaded_ns",
        "_queue_ns",
        "_slice_cpu_ns",
        "_slice_ns",
        "_slices",
        "_thread",
        "began_ns",
        "path",
        "status",
        "step_ns",
    )

    def __init__(
        self,
        meter: Meter,
        thread: int,
        lane: str,
        method: str,
        path: str,
        queue_ns: int,
        trace: str | None,
    ) -> None:
        self._meter = meter
        self._thread, self._lane = thread, lane
        self._method, self.path = method, path
        self._queue_ns = queue_ns
        self._cpu_ns = self._offloaded_ns = self._hold_ns = self._longest_ns = self.status = 0
        self._slices: list[tuple[str, str, int, int]] | None = None
        self._captured = ""
        self._finished = False
        if trace is not None and (wanted := _SAMPLED.fullmatch(trace)) and meter.may_capture():
            self._captured = wanted[1]
            self._slices = []
        meter.cells[meter.active] += 1.0
        self.began_ns = perf_counter_ns()

    @property
    def ended(self) -> bool:
        """Whether it has ended and was counted."""
        return self._finished

    def resume(self) -> None:
        """It takes up its executing unit."""
        RUNNING[self._thread] = self
        self._cpu_from_ns = self._slice_cpu_ns = thread_time_ns()
        self.step_ns = self._slice_ns = perf_counter_ns()

    def pause(self) -> None:
        """It lets its executing unit go."""
        now_ns, cpu_ns = perf_counter_ns(), thread_time_ns()
        self._cpu_ns += cpu_ns - self._cpu_from_ns
        step_ns = now_ns - self.step_ns
        self._hold_ns += step_ns
        if step_ns > self._longest_ns:
            self._longest_ns = step_ns
        RUNNING.pop(self._thread, None)
        if self._slices is not None:
            self._slice(now_ns, cpu_ns)

    def blocked(self, from_ns: int, to_ns: int) -> None:
        """Since it took up its unit, it has waited in it: for the course of a captured request."""
        if self._slices is not None:
            cpu_ns = thread_time_ns()
            self._slice(from_ns, cpu_ns)
            self._slices.append((self._lane, "block", from_ns, to_ns))
            self._slice_ns, self._slice_cpu_ns = to_ns, cpu_ns

    def offloaded(self, lane: str, cpu_ns: int, from_ns: int, to_ns: int) -> None:
        """Another thread or process has worked for it. That holds nothing of its own unit."""
        self._offloaded_ns += cpu_ns
        if self._slices is not None:
            self._slices.append((lane, _state(cpu_ns, to_ns - from_ns), from_ns, to_ns))

    def answer(self, status: int) -> str:
        """It is being answered, while it runs: the value of `Server-Timing`."""
        self.status = status
        step_ns = perf_counter_ns() - self.step_ns
        service_ns = self.step_ns + step_ns - self.began_ns
        cpu_ns = self._cpu_ns + self._offloaded_ns + thread_time_ns() - self._cpu_from_ns
        return server_timing(
            self._queue_ns,
            cpu_ns,
            max(service_ns - cpu_ns, 0),
            self._hold_ns + step_ns,
            max(self._longest_ns, step_ns),
            self._meter.worker,
        )

    def finish(self) -> None:
        """It has ended, and been paused: count it, once."""
        if self._finished:
            return
        self._finished = True
        meter, method, path, status = self._meter, self._method, self.path, self.status
        service_ns = perf_counter_ns() - self.began_ns
        cpu_ns = self._cpu_ns + self._offloaded_ns
        meter.cells[meter.active] -= 1.0
        meter.answered(method, path, status)
        meter.measured(
            method,
            path,
            status,
            self._queue_ns,
            service_ns,
            cpu_ns,
            self._hold_ns,
            self._longest_ns,
        )
        if self._slices is not None:
            self._write(self.began_ns + service_ns)

    def _slice(self, to_ns: int, cpu_ns: int) -> None:
        state = _state(cpu_ns - self._slice_cpu_ns, to_ns - self._slice_ns)
        assert self._slices is not None
        self._slices.append((self._lane, state, self._slice_ns, to_ns))

    def _write(self, ended_ns: int) -> None:
        names = ("lane", "state", "from_ns", "to_ns")
        course = {
            "request": self._captured,
            "pid": int(self._meter.worker),
            "route": self.path,
            "began_ns": self.began_ns,
            "ended_ns": ended_ns,
            "slices": [dict(zip(names, one, strict=True)) for one in self._slices or ()],
        }
        path = self._meter.path(".slices")
        # A full disk must not become the request's fault.
        with suppress(OSError):
            if path is not None:
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(course) + "\n")


def _state(cpu_ns: int, length_ns: int) -> str:
    """Whether most of a slice was on a processor; else it held its unit and did not run."""
    return "run" if 2 * cpu_ns >= length_ns else "block"

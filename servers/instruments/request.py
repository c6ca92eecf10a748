"""One request that is measured: what happened when, and what it held.

A request that runs holds its executing unit: a process, a thread, or a loop with all that share
it. `resume` and `pause` say when it takes that up and lets it go.
"""

from __future__ import annotations

from time import perf_counter_ns, thread_time_ns
from typing import Any

from servers.instruments.course import Course
from servers.instruments.stamps import ALONE, QUEUE, TIMING
from servers.instruments.tallies import Tally
from servers.instruments.unit import SHORT_NS, Unit

_REMEMBERED = 1000
PATIENCE_NS = 10_000_000
"""A client may leave sooner, but not for want of an answer: until so long after a request was
sent, and after it was answered, nobody asks whether its client has left."""


class MeasuredRequest:
    """A request that `begin` makes whole: a method costs each of them less than a constructor.

    Times are nanoseconds of the monotonic clock. `status` is 0 until it is answered, which it was
    at `answered_ns`. Its present or last step began at `step_from_ns`. `course` is where it is
    captured, if it is. `left_ns` is when its client was seen to have left; 0 if it was not.

    What is done for each request shows in what a worker can serve. So a plain one, which does
    nothing but run in one step, has short ways: that step is its hold and its longest step, and
    its processor time as well where it is short or was not interrupted.

    Why not in C: rewritten so, `uvloop` served 0.84 of what it serves without instruments, and 0.79
    as it is, side by side (each ±0.006). That is too little for a second implementation that must
    say the same, and for a compiler at every user's. Compiling this text gained nothing.
    """

    __slots__ = (
        "_cpu_from_ns",
        "_cpu_ns",
        "_hold_ns",
        "_longest_ns",
        "_method",
        "_plain",
        "_queue_ns",
        "_unit",
        "answered_ns",
        "began_ns",
        "course",
        "ended",
        "left_ns",
        "path",
        "status",
        "step_from_ns",
    )

    def begin(
        self,
        unit: Unit,
        method: str,
        path: str,
        queue_ns: int,
        course: Course | None,
    ) -> None:
        """It begins in this unit, and runs; `queue_ns` is how long it has waited for that."""
        self.began_ns = self.step_from_ns = now_ns = perf_counter_ns()
        if now_ns > unit.fresh_ns:
            unit.read(now_ns)
        self._cpu_from_ns = unit.cpu_ns
        self._unit = unit
        self._method = method
        self._queue_ns = queue_ns
        self._cpu_ns = self._hold_ns = self._longest_ns = 0
        self.path = path
        self.status = self.answered_ns = self.left_ns = 0
        self._plain = True
        self.ended = False
        self.course = course
        if course is not None:
            course.resume(now_ns, thread_time_ns())
        unit.running = self

    def resume(self) -> None:
        """It takes up its executing unit again."""
        unit = self._unit
        unit.running = self
        self.step_from_ns = now_ns = perf_counter_ns()
        if now_ns > unit.fresh_ns:
            unit.read(now_ns)
        self._cpu_from_ns = unit.cpu_ns
        if self.course is not None:
            self.course.resume(now_ns, thread_time_ns())

    def pause(self, now_ns: int | None = None) -> None:
        """It lets its executing unit go, now or at a moment just past."""
        if now_ns is None:
            now_ns = perf_counter_ns()
        step_ns = now_ns - self.step_from_ns
        self._cpu_ns += self._step_cpu_ns(step_ns)
        self._hold_ns += step_ns
        self._plain = False
        if step_ns > self._longest_ns:
            self._longest_ns = step_ns
        self._unit.running = None
        if self.course is not None:
            self.course.pause(now_ns, thread_time_ns())

    def offloaded(self, lane: str, cpu_ns: int, from_ns: int, to_ns: int) -> None:
        """Another thread or process has worked for it. That holds nothing of its own unit."""
        self._cpu_ns += cpu_ns
        self._plain = False
        if self.course is not None:
            self.course.elsewhere(lane, cpu_ns, from_ns, to_ns)

    def answer(self, status: int, client: Any) -> bytes:
        """It is being answered, while it runs: the value of `Server-Timing`.

        `client` is what the server knows it by: one that has waited long is asked for.
        """
        self.status = status
        self.answered_ns = now_ns = perf_counter_ns()
        step_ns = now_ns - self.began_ns
        if step_ns + self._queue_ns > PATIENCE_NS:
            self.look_for(client)
        if not self._plain:
            step_ns = now_ns - self.step_from_ns
            return self._timing(now_ns, step_ns, self._step_cpu_ns(step_ns))
        if step_ns > SHORT_NS and (cpu_ns := self._step_cpu_ns(step_ns)) < step_ns:
            return self._timing(now_ns, step_ns, cpu_ns)
        step_us = (step_ns + 500) // 1000
        short = self._unit.short
        alone = short.get(step_us) or self._alone(step_us)
        return QUEUE % divmod((self._queue_ns + 500) // 1000, 1000) + alone

    def look_for(self, client: Any) -> None:
        """Note since when its client is gone, where it is; nothing is known of any here."""

    def end(self) -> None:
        """It has ended: count it. What was paused when it was given up stays paused.

        Rule: the count, the clock, and only then a call of the system. Its answer wakes who sends
        the next request, and where processes share a processor it is at such a call that this one
        loses it: what comes after that is no part of the request by any of its measures.
        """
        unit = self._unit
        tally = unit.meter.end((self._method, self.path, self.status))
        ended_ns = perf_counter_ns()
        if not self._plain or self.left_ns or self.course is not None:
            self._note(tally, ended_ns)
            return
        step_ns = ended_ns - self.began_ns
        cpu_ns = step_ns if step_ns <= SHORT_NS else self._step_cpu_ns(step_ns)
        unit.running = None
        self.ended = True
        unit.meter.measured(tally, step_ns, self._queue_ns, step_ns, step_ns, cpu_ns)

    def _note(self, tally: Tally, ended_ns: int) -> None:
        unit, meter = self._unit, self._unit.meter
        if unit.running is self:
            self.pause(ended_ns)
        self.ended = True
        meter.measured(
            tally,
            ended_ns - self.began_ns,
            self._queue_ns,
            self._hold_ns,
            self._longest_ns,
            self._cpu_ns,
        )
        if self.left_ns:
            # It may have left before anybody took its request up.
            meter.abandoned(self.path, ended_ns - max(self.left_ns, self.began_ns))
        if self.course is not None:
            self.course.write(self.path, self.began_ns, ended_ns)

    def _timing(self, now_ns: int, step_ns: int, step_cpu_ns: int) -> bytes:
        cpu_ns = self._cpu_ns + step_cpu_ns
        wait_ns = now_ns - self.began_ns - cpu_ns
        longest_ns = self._longest_ns
        return TIMING % (
            self._queue_ns / 1e6,
            cpu_ns / 1e6,
            wait_ns / 1e6 if wait_ns > 0 else 0.0,
            (self._hold_ns + step_ns) / 1e6,
            (step_ns if step_ns > longest_ns else longest_ns) / 1e6,
            self._unit.meter.worker.encode(),
        )

    def _alone(self, step_us: int) -> bytes:
        ms, short = step_us / 1000, self._unit.short
        alone = ALONE % (ms, ms, ms, self._unit.meter.worker.encode())
        if len(short) < _REMEMBERED:
            short[step_us] = alone
        return alone

    def _step_cpu_ns(self, step_ns: int) -> int:
        """The processor time of the step that runs, which has lasted so long."""
        if step_ns <= SHORT_NS:
            return step_ns
        unit, now_ns = self._unit, self.step_from_ns + step_ns
        if now_ns > unit.fresh_ns:
            unit.read(now_ns)
            since_ns = 0
        else:
            # It counts as running since it was read.
            since_ns = now_ns - (unit.fresh_ns - SHORT_NS)
        cpu_ns = unit.cpu_ns + since_ns - self._cpu_from_ns
        return min(max(cpu_ns, 0), step_ns)

"""One request that is measured: what happened when, and what it held.

A request that runs holds its executing unit: a process, a thread, or a loop with all that share
it. `resume` and `pause` say when it takes that up and lets it go.
"""

from __future__ import annotations

from threading import get_ident
from time import perf_counter_ns, thread_time_ns

from servers.instruments.course import Course
from servers.instruments.meter import Meter
from servers.instruments.stamps import TIMING
from servers.instruments.tallies import Tally

RUNNING: dict[int, MeasuredRequest | None] = {}
"""By thread: the request that it works for now, where that is measured."""


class MeasuredRequest:
    """A request that `begin` makes whole: a method costs each of them less than a constructor.

    Times are nanoseconds of the monotonic clock. `status` is 0 until it is answered, which it was
    at `answered_ns`. Its present or last step began at `step_from_ns`. `course` is where it is
    captured, if it is. `left_ns` is when its client was seen to have left; 0 if it was not.
    """

    __slots__ = (
        "_clock",
        "_cpu_from_ns",
        "_cpu_ns",
        "_hold_ns",
        "_longest_ns",
        "_meter",
        "_method",
        "_queue_ns",
        "_thread",
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
        meter: Meter,
        thread: int,
        method: str,
        path: str,
        queue_ns: int,
        course: Course | None,
    ) -> None:
        """It begins in this thread, and runs; `queue_ns` is how long it has waited for that."""
        self.began_ns = self.step_from_ns = now_ns = perf_counter_ns()
        self._clock = meter.clock(thread)
        self._cpu_from_ns = self._clock.read(now_ns)
        self._meter = meter
        self._thread = thread
        self._method = method
        self._queue_ns = queue_ns
        self._cpu_ns = self._hold_ns = self._longest_ns = 0
        self.path = path
        self.status = self.left_ns = 0
        self.ended = False
        self.course = course
        if course is not None:
            course.resume(now_ns, thread_time_ns())
        RUNNING[thread] = self

    def resume(self) -> None:
        """It takes up its executing unit again."""
        RUNNING[self._thread] = self
        self.step_from_ns = now_ns = perf_counter_ns()
        self._cpu_from_ns = self._cpu_at(now_ns)
        if self.course is not None:
            self.course.resume(now_ns, thread_time_ns())

    def pause(self, now_ns: int | None = None) -> None:
        """It lets its executing unit go, now or at a moment just past."""
        if now_ns is None:
            now_ns = perf_counter_ns()
        step_ns = now_ns - self.step_from_ns
        self._cpu_ns += self._step_cpu_ns(step_ns)
        self._hold_ns += step_ns
        if step_ns > self._longest_ns:
            self._longest_ns = step_ns
        RUNNING[self._thread] = None
        if self.course is not None:
            self.course.pause(now_ns, thread_time_ns())

    def offloaded(self, lane: str, cpu_ns: int, from_ns: int, to_ns: int) -> None:
        """Another thread or process has worked for it. That holds nothing of its own unit."""
        self._cpu_ns += cpu_ns
        if self.course is not None:
            self.course.elsewhere(lane, cpu_ns, from_ns, to_ns)

    def answer(self, status: int) -> str:
        """It is being answered, while it runs: the value of `Server-Timing`."""
        self.status = status
        self.answered_ns = now_ns = perf_counter_ns()
        step_ns = now_ns - self.step_from_ns
        cpu_ns = self._cpu_ns + self._step_cpu_ns(step_ns)
        wait_ns = now_ns - self.began_ns - cpu_ns
        longest_ns = self._longest_ns
        return TIMING % (
            self._queue_ns / 1e6,
            cpu_ns / 1e6,
            wait_ns / 1e6 if wait_ns > 0 else 0.0,
            (self._hold_ns + step_ns) / 1e6,
            (step_ns if step_ns > longest_ns else longest_ns) / 1e6,
            self._meter.worker,
        )

    def end(self) -> None:
        """It has ended: count it. What was paused when it was given up stays paused.

        Rule: the count, the clock, and only then a call of the system. Its answer wakes who sends
        the next request, and where processes share a processor it is at such a call that this one
        loses it: what comes after that is no part of the request by any of its measures.
        """
        tally = self._meter.end((self._method, self.path, self.status))
        self.note(tally, perf_counter_ns())

    def note(self, tally: Tally, ended_ns: int) -> None:
        """It has ended at this moment, and was counted in this tally: note where its time went."""
        if RUNNING[self._thread] is self:
            self.pause(ended_ns)
        self.ended = True
        self._meter.measured(
            tally,
            ended_ns - self.began_ns,
            self._queue_ns,
            self._hold_ns,
            self._longest_ns,
            self._cpu_ns,
        )
        if self.left_ns:
            # It may have left before anybody took its request up.
            self._meter.abandoned(self.path, ended_ns - max(self.left_ns, self.began_ns))
        if self.course is not None:
            self.course.write(self.path, self.began_ns, ended_ns)

    def _cpu_at(self, now_ns: int) -> int:
        """The thread's processor time at the beginning of a step, which is now."""
        return self._clock.read(now_ns)

    def _step_cpu_ns(self, step_ns: int) -> int:
        """The processor time of the step that runs, which has lasted so long."""
        cpu_ns = self._clock.read(self.step_from_ns + step_ns) - self._cpu_from_ns
        return min(max(cpu_ns, 0), step_ns)


def running() -> MeasuredRequest | None:
    """The request that this thread works for, where that is measured."""
    return RUNNING.get(get_ident())

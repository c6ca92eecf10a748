"""When a request was sent, as its client says, and where its time went, as we answer.

`X-Request-Start` is the convention of load balancers and monitoring agents: `t=` and a time since
the epoch, in microseconds, or in milliseconds or seconds with a fraction. `Server-Timing` is the
W3C's header of that name: durations in milliseconds.
"""

from __future__ import annotations

from time import time_ns

# Later than this many units since the epoch, a number is of the next finer unit.
_MICROSECONDS, _MILLISECONDS = 10**14, 10**11
_LONGEST_NS = 3_600 * 10**9
TIMING = (
    b'queue;dur=%.3f, cpu;dur=%.3f, wait;dur=%.3f, hold;dur=%.3f, step;dur=%.3f, worker;desc="%s"'
)
"""The value of `Server-Timing`. The old way of formatting takes half the time of the new one."""
QUEUE = b"queue;dur=%d.%03d"
ALONE = b', cpu;dur=%.3f, wait;dur=0.000, hold;dur=%.3f, step;dur=%.3f, worker;desc="%s"'
"""The same in two parts, for a request that has taken one step and nothing else."""


def queued_ns(stamp: bytes) -> int | None:
    """Nanoseconds since the time in an `X-Request-Start`; None where it holds none to believe.

    A time that has not come yet counts as now: clocks have limited resolution. One that is more
    than an hour away is not of this clock.
    """
    try:
        # What clients usually send is read in one go, for every measured request pays for it.
        passed_ns = time_ns() - int(stamp[2:]) * 1000
        if 0 <= passed_ns < _LONGEST_NS and stamp[:2] == b"t=":
            return passed_ns
    except ValueError:
        pass
    sent_ns = _sent_ns(stamp)
    if sent_ns is None:
        return None
    passed_ns = time_ns() - sent_ns
    if 0 <= passed_ns < _LONGEST_NS:
        return passed_ns
    return 0 if -_LONGEST_NS < passed_ns < 0 else None


def _sent_ns(stamp: bytes) -> int | None:
    try:
        number = float(stamp.removeprefix(b"t="))
        unit_ns = 10**3 if number > _MICROSECONDS else 10**6 if number > _MILLISECONDS else 10**9
        return int(number * unit_ns)
    except (ValueError, OverflowError):
        return None

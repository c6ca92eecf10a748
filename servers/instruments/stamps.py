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
_DIGITS = 16
# The old way of formatting takes half the time of the new one, and every request pays it.
_TIMING = (
    'queue;dur=%.3f, cpu;dur=%.3f, wait;dur=%.3f, hold;dur=%.3f, step;dur=%.3f, worker;desc="%s"'
)


def queued_ns(stamp: str) -> int | None:
    """Nanoseconds since the time in an `X-Request-Start`; None where it holds none to believe.

    A time that has not come yet counts as now: clocks have limited resolution. One that is more
    than an hour away is not of this clock.
    """
    digits = stamp[2:] if stamp.startswith("t=") else stamp
    if len(digits) == _DIGITS and digits.isdecimal():
        sent_ns = int(digits) * 1000
    else:
        parsed = _sent_ns(digits)
        if parsed is None:
            return None
        sent_ns = parsed
    passed_ns = time_ns() - sent_ns
    if not -_LONGEST_NS < passed_ns < _LONGEST_NS:
        return None
    return max(passed_ns, 0)


def _sent_ns(digits: str) -> int | None:
    try:
        number = float(digits)
        unit_ns = 10**3 if number > _MICROSECONDS else 10**6 if number > _MILLISECONDS else 10**9
        return int(number * unit_ns)
    except (ValueError, OverflowError):
        return None


def server_timing(
    queue_ns: int, cpu_ns: int, wait_ns: int, hold_ns: int, step_ns: int, worker: str
) -> str:
    """The value of `Server-Timing` for one request."""
    return _TIMING % (
        queue_ns / 1e6,
        cpu_ns / 1e6,
        wait_ns / 1e6,
        hold_ns / 1e6,
        step_ns / 1e6,
        worker,
    )

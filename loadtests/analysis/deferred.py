"""What a trial's deferred jobs came to, by the server's own record: part of `summary.json`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deferred:
    """The jobs that were accepted in the measurement window, and what had become of them.

    accepted = done + failed + left; `left` had not ended when the trial had. `refused` were told in
    the window that too many waited. The delivery of a job is the time from its acceptance until it
    was done, `wait` that until it was begun, in milliseconds. Those that were left count with
    their age when the server was stopped: a figure at or above `at_least_ms`, the smallest such
    age, is a lower bound. Failed ones do not enter.

    A server keeps the records of so many ended jobs only. Where some of the window may be among
    the `forgotten`, what cannot be known without them is None.
    """

    accepted: int | None
    refused: int
    done: int | None
    failed: int | None
    left: int | None
    wait_p50_ms: float | None
    wait_p99_ms: float | None
    delivery_p50_ms: float | None
    delivery_p90_ms: float | None
    delivery_p99_ms: float | None
    delivery_max_ms: float | None
    at_least_ms: float | None = None
    forgotten: int = 0

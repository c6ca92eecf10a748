"""What is said of a bad day, in `summary.json` and in the report.

A quantity that was not measured, or that has too few samples to be stated, is None.
"""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.bad_days import Disturbance


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long after a disturbance latency was back near what it was before.

    Back is the first second of which 95 % of the requests were answered within `bound_ms`, which is
    1.5 times the 95 % before. `took_s` is None where that was never so within the trial; it took
    longer than `looked_s` then, after which the last second began that was looked at, or where
    that is None no second was left to look at. `after` names what disturbed: a burst, a stall, or
    both.
    """

    ended_s: float
    before_ms: float
    bound_ms: float
    took_s: float | None
    after: str = "burst"
    looked_s: float | None = None


@dataclass(frozen=True, slots=True)
class Fairness:
    """Jain's index over the `count` things that shared: 1 where all had the same, 1/n where one had
    everything.
    """

    over: str
    count: int
    index: float


@dataclass(frozen=True, slots=True)
class OfKind:
    """What became of one kind of the good clients' requests: the load's, or the bystander's.

    `good` and `longest_wait_ms` are as in BadDay; `failed` were answered by an error, or not.
    """

    line: str
    requests: int
    good: int
    failed: int
    longest_wait_ms: float | None
    at_least: bool


@dataclass(frozen=True, slots=True)
class BadDay:
    """Of the load's own clients, those that try again with them, and without the misbehaving.

    `good` were completed within `objective_ms` of their intended time, and `goodput_rps` is that
    per second of the window. The longest wait is of any that was sent, or out of patience; it is a
    lower bound (`at_least`) where it is the age of a request without an answer. `attempts` is how
    often those who try again asked, per request of theirs. `accepted_ms` is the median until work
    for later was accepted, while latency is that until it was delivered.
    `wasted_s` is for what the server spent on clients that had gone, where it tells. `kinds` are
    in the order of the experiment, the bystander's last. `disturbances` are what came and went
    within the window, for the charts over time.
    """

    objective_ms: float
    good: int
    goodput_rps: float
    longest_wait_ms: float | None
    at_least: bool
    attempts: float | None
    accepted_ms: float | None
    recovery: Recovery | None
    fairness: tuple[Fairness, ...]
    wasted_s: float | None = None
    kinds: tuple[OfKind, ...] = ()
    disturbances: tuple[Disturbance, ...] = ()

"""Who asks the engine for requests: a schedule that waits for nobody, and users who wait."""

from __future__ import annotations

import asyncio
import random
from time import perf_counter_ns

from loadtests.engine.engine import Engine
from loadtests.engine.schedule import NANOSECONDS, Schedule, choices
from loadtests.plan import UserStream

UNBROKEN = 64
"""Arrivals in a row after which a late dispatcher lets the loop read answers."""

AFTER_FAILURE_S = 0.1
"""A closed user's pause after a failure: without it a refused user would spin."""


async def replay(schedule: Schedule, engine: Engine, origin_ns: int) -> None:
    """Issue every arrival of a schedule at its intended time after `origin_ns`, never before.

    uvloop's timers may fire up to a millisecond early; then the rest is slept again.
    """
    unbroken = 0
    for at_ns, target in zip(schedule.intended_ns, schedule.targets, strict=True):
        intended_ns = origin_ns + at_ns
        unbroken += 1
        if unbroken == UNBROKEN:
            await asyncio.sleep(0)
            unbroken = 0
        while (ahead_ns := intended_ns - perf_counter_ns()) > 0:
            await asyncio.sleep(ahead_ns / NANOSECONDS)
            unbroken = 0
        engine.issue(target, intended_ns)


class Users:
    """Closed users: each sends, waits for the answer, thinks, and sends again until `until_ns`.

    A user's request is intended for the moment at which the user is ready to send it.
    """

    def __init__(self, stream: UserStream, engine: Engine, seed: int, until_ns: int) -> None:
        self._think_s = stream.think_s
        self._engine = engine
        self._until_ns = until_ns
        self._loop = asyncio.get_running_loop()
        self._draws = choices(stream.targets, random.Random(f"{seed}/{stream.name}/targets"))
        rng = random.Random(f"{seed}/{stream.name}/phases")
        for _ in range(stream.users):
            self._loop.call_later(rng.random() * stream.think_s, self._send)

    def _send(self) -> None:
        now_ns = perf_counter_ns()
        if now_ns < self._until_ns:
            self._engine.issue(next(self._draws), now_ns, self._answered)

    def _answered(self, completed: bool) -> None:
        pause_s = self._think_s if completed else max(self._think_s, AFTER_FAILURE_S)
        if pause_s:
            self._loop.call_later(pause_s, self._send)
        else:
            self._loop.call_soon(self._send)

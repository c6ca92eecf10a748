"""Closed users: each sends, waits for the answer, thinks, and sends again.

A user's request is intended for the moment at which the user is ready to send it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from time import perf_counter_ns

from loadtests.engine.engine import Engine
from loadtests.engine.schedule import choices
from loadtests.plan import UserStream

AFTER_FAILURE_S = 0.1
"""A user's pause after a failure: without it a refused user would spin."""


class ClosedUser:
    """One virtual user, sending until it is stopped."""

    def __init__(self, engine: Engine, draws: Iterator[int], think_s: float) -> None:
        self._engine, self._draws, self._think_s = engine, draws, think_s
        self._loop = asyncio.get_running_loop()
        self._stopped = False

    def start(self, after_s: float = 0.0) -> None:
        """Begin after a while: users who begin together stay in step."""
        self._loop.call_later(after_s, self._send)

    def stop(self) -> None:
        """Send no more; what is under way goes on."""
        self._stopped = True

    def _send(self) -> None:
        if not self._stopped:
            self._engine.issue(next(self._draws), perf_counter_ns(), self._answered)

    def _answered(self, completed: bool, at_ns: int) -> None:
        if completed and not self._think_s:
            if not self._stopped:
                self._engine.issue(next(self._draws), at_ns, self._answered)
        else:
            pause_s = self._think_s if completed else max(self._think_s, AFTER_FAILURE_S)
            self._loop.call_later(pause_s, self._send)


def crowd(
    stream: UserStream, engine: Engine, seed: int, share: int = 0, shares: int = 1
) -> list[ClosedUser]:
    """This process's share of a stream's users, begun at random phases of their think time."""
    mine = range(share, stream.users, shares)
    draws = choices(stream.targets, random.Random(f"{seed}/{stream.name}/{share}/targets"))
    phases = random.Random(f"{seed}/{stream.name}/{share}/phases")
    users = [ClosedUser(engine, draws, stream.think_s) for _ in mine]
    for user in users:
        user.start(phases.random() * stream.think_s)
    return users

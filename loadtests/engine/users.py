"""Closed users: each sends, waits for the answer, thinks, and sends again.

A user's request is intended for the moment at which the user is ready to send it.
Rule: a user keeps a connection of its own, as a browser does. One that thinks has it open and idle.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from time import perf_counter_ns

from loadtests.engine.connection import Connection
from loadtests.engine.engine import Engine
from loadtests.engine.schedule import choices
from loadtests.plan import UserStream

AFTER_FAILURE_S = 0.1
"""A user's pause after a failure: without it a refused user would spin."""
BEGIN_SHARE = 0.8
"""The part of the warm-up in which users begin; in the rest of it they settle."""


class ClosedUser:
    """One virtual user, sending until it is stopped.

    It thinks for `think_s`, the first time for `first_think_s` where that is given.
    """

    def __init__(
        self,
        engine: Engine,
        draws: Iterator[int],
        think_s: float,
        first_think_s: float | None = None,
    ) -> None:
        self._engine, self._draws, self._think_s = engine, draws, think_s
        self._next_think_s = think_s if first_think_s is None else first_think_s
        self._connections: list[Connection] = []
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
            self._issue(perf_counter_ns())

    def _issue(self, at_ns: int) -> None:
        self._engine.issue(next(self._draws), at_ns, self._answered, self._connections)

    def _answered(self, completed: bool, at_ns: int) -> None:
        if completed and not self._think_s:
            if not self._stopped:
                self._issue(at_ns)
            return
        think_s, self._next_think_s = self._next_think_s, self._think_s
        self._loop.call_later(think_s if completed else max(think_s, AFTER_FAILURE_S), self._send)


def crowd(
    stream: UserStream,
    engine: Engine,
    seed: int,
    share: int = 0,
    shares: int = 1,
    begin_s: float = 0.0,
) -> list[ClosedUser]:
    """This process's share of a stream's users, who begin at random moments.

    Over `begin_s` each sends its first request, so that all are connected then, and however many
    they are no accept queue overflows; its first pause is a random part of its think time, so that
    users do not think in step. Without a `begin_s` each begins at a random phase of its think time.
    """
    mine = range(share, stream.users, shares)
    draws = choices(stream.targets, random.Random(f"{seed}/{stream.name}/{share}/targets"))
    rng = random.Random(f"{seed}/{stream.name}/{share}/phases")
    users = []
    for _ in mine:
        after_s = rng.random() * (begin_s or stream.think_s)
        first_think_s = rng.random() * stream.think_s if begin_s else None
        users.append(ClosedUser(engine, draws, stream.think_s, first_think_s))
        users[-1].start(after_s)
    return users

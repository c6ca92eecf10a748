"""Clients that leave while they queue: for a thread, a process, or a connection of the database."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from servers.budget import Budget
from servers.profiles import PROFILES
from tests import databases
from tests.servers.live import Answer, Live
from tests.servers.raw import answer_on, connected, head
from tests.servers.stack import Scrape, Stack, exported

ABANDONED = "testbed_abandoned_requests_total"
WASTED = "testbed_abandoned_seconds_total"
VANISHING = 3
BUDGET = Budget(slots=1, pool_processes=1, database_connections=2)
LOOPS = [name for name, row in PROFILES.items() if row.twin == "starlette"]
STATES = "SELECT state FROM pg_stat_activity WHERE application_name = %s"

pytestmark = [pytest.mark.slow, pytest.mark.services]


@dataclass(frozen=True, slots=True)
class Queue:
    """A pool with so many places: what holds all of them, and what is asked for in vain."""

    pool: str
    places: int
    holding: tuple[str, ...]
    vanishing: str
    staying: str
    placed: bool = False
    """Whether only a profile that places such work in pools has it queue."""


QUEUES = (
    Queue("threads", 1, ("/offload?ms=3000",), "/offload?ms=5000", "/offload?ms=1"),
    Queue("processes", 1, ("/cpu-offload?units=600",) * 2, "/cpu-offload?units=1000",
          "/cpu-offload?units=1"),
    Queue("database", 2, ("/db?ms=2000",) * 2, "/db?ms=2000", "/db"),
    # Where such work has pools; elsewhere it holds the loop.
    Queue("threads", 1, ("/blocking?ms=3000",), "/blocking?ms=5000", "/blocking?ms=1",
          placed=True),
    Queue("processes", 1, ("/cpu?units=600",) * 2, "/cpu?units=1000", "/cpu?units=1",
          placed=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Served:
    """An asynchronous profile with one thread, one process and two connections."""

    name: str
    live: Live
    stack: Stack

    def at_rest(self) -> Scrape:
        """A scrape when every request has ended."""
        return self.stack.at_rest(self.name)

    def filled(self, pool: str, busy: int, waiting: int, abandoned: float = 0) -> Scrape:
        """The first scrape in which a pool is that full, and so many have been abandoned."""
        wanted = (busy, waiting, abandoned)

        def found(scrape: Scrape) -> tuple[float, float, float]:
            full = [
                scrape.total(f"testbed_pool_{name}", pool=pool)
                for name in ("busy_slots", "waiting_requests")
            ]
            return full[0], full[1], scrape.total(ABANDONED) if abandoned else 0

        return self.stack.until(self.name, lambda s: found(s) == wanted, f"{pool}: {wanted}")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with exported(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest, stack: Stack, database: str) -> Iterator[Served]:
    with databases.serving(request.param, database, BUDGET, stack.folder) as live:
        yield Served(request.param, live, stack)


def asked(served: Served, target: str, connections: ExitStack) -> socket.socket:
    """A connection on which this has been asked for."""
    connection = connections.enter_context(connected(served.live.port))
    connection.sendall(head("GET", target, {}))
    return connection


def answered(connections: list[socket.socket]) -> list[Answer]:
    return [answer_on(connection) for connection in connections]


@pytest.mark.parametrize(
    ("served", "queue"),
    [
        pytest.param(name, queue, id=f"{name}-{queue.vanishing.partition('?')[0]}")
        for name in LOOPS
        for queue in QUEUES
        if PROFILES[name].placement == "pools" or not queue.placed
    ],
    indirect=["served"],
)
def test_who_leaves_in_a_queue_is_never_served_and_holds_up_nobody(
    served: Served, queue: Queue, database: str
) -> None:
    logged = served.live.logged()
    assert served.live.get(queue.staying).status == 200
    before = served.at_rest()
    more = len(queue.holding) - queue.places
    with ExitStack() as staying:
        holding = [asked(served, target, staying) for target in queue.holding]
        served.filled(queue.pool, queue.places, more)
        with ExitStack() as vanishing:
            for _ in range(VANISHING):
                asked(served, queue.vanishing, vanishing)
            served.filled(queue.pool, queue.places, more + VANISHING)
        gone = before.total(ABANDONED) + VANISHING
        # The places are all held still: none of them was given to who has left.
        after = served.stack.until(
            served.name, lambda s: s.total(ABANDONED) == gone, "all who left are ended"
        )
        last = asked(served, queue.staying, staying)
        assert after.total("testbed_pool_busy_slots", pool=queue.pool) == queue.places
        assert [one.status for one in answered(holding)] == [200] * len(holding)
        free_s = time.perf_counter()
        assert answer_on(last).status == 200
        took_s = time.perf_counter() - free_s

    # One that had begun would hold its place for a second at least.
    assert took_s < 0.5
    assert after.total(WASTED) - before.total(WASTED) < 0.5
    served.filled(queue.pool, 0, 0, gone)
    assert served.live.logged() == logged
    assert databases.rows(database, STATES, served.name) == [("idle",)] * 2


@pytest.mark.parametrize("served", LOOPS, indirect=True)
def test_what_has_begun_goes_on_in_its_place_and_is_counted(served: Served) -> None:
    before = served.at_rest()
    began_s = time.perf_counter()
    with connected(served.live.port) as connection:
        connection.sendall(head("GET", "/offload?ms=3000", {}))
        served.filled("threads", 1, 0)
    assert served.live.get("/offload?ms=1").status == 200
    free_s = time.perf_counter()
    after = served.filled("threads", 0, 0, before.total(ABANDONED) + 1)

    assert free_s - began_s > 2.99
    assert 0.5 < after.total(WASTED) - before.total(WASTED) < 3.1

"""A pool of connections on every profile: its limit as the database sees it, and its metrics."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from servers.budget import Budget
from servers.profiles import PROFILES
from tests import databases
from tests.servers.live import Live
from tests.servers.stack import Scrape, Stack, exported

# All of them are under way for a while, in which a busy host is asked who waits. Of two workers one
# may get all requests, for half of the connections: the last of these must not wait too long.
CONNECTIONS, REQUESTS = 8, 16
ASLEEP_MS = {1: 1_000, 2: 700}
WAIT = "testbed_pool_wait_seconds"

pytestmark = [pytest.mark.slow, pytest.mark.services]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with exported(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@contextmanager
def under_way(live: Live, ms: int) -> Iterator[list[int]]:
    """So many requests at once that wait in the database; their statuses when the block ends."""
    found: list[int] = []

    def ask() -> None:
        found.append(live.get(f"/db?ms={ms}").status)

    asking = [threading.Thread(target=ask) for _ in range(REQUESTS)]
    for one in asking:
        one.start()
    try:
        yield found
    finally:
        for one in asking:
            one.join()


def of(scrape: Scrape, name: str) -> float:
    """A gauge of the pool of connections, over all workers."""
    return scrape.total(f"testbed_pool_{name}", pool="database")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", PROFILES)
def test_all_workers_together_have_the_connections_of_the_budget_and_count_waits_for_them(
    name: str, workers: int, stack: Stack, database: str
) -> None:
    budget = Budget(workers=workers, database_connections=CONNECTIONS)
    profile = PROFILES[name]
    at_once = REQUESTS
    if name in ("sync", "gthread"):
        at_once = profile.worker_processes(budget) * profile.threads(budget)
    counted = stack.scrape(name).total(f"{WAIT}_count", pool="database")
    with databases.serving(name, database, budget, stack.folder) as live:
        warm = counted
        while databases.connections(database, name) < CONNECTIONS:
            with under_way(live, 30) as statuses:
                warm += REQUESTS
            assert statuses == [200] * REQUESTS
        before = stack.until(name, lambda s: of(s, "busy_slots") == 0, "all are free")
        assert of(before, "slots") == CONNECTIONS
        assert before.total(f"{WAIT}_count", pool="database") == warm

        began_s = time.perf_counter()
        with under_way(live, ASLEEP_MS[workers]) as statuses:
            busy = min(at_once, CONNECTIONS)
            # Of two workers one may get few of the requests.
            least = (busy, at_once - busy) if workers == 1 else (busy // 2, 0)

            def all_are_there(found: Scrape) -> bool:
                taken, waiting = of(found, "busy_slots"), of(found, "waiting_requests")
                return taken >= least[0] and waiting >= least[1]

            during = stack.until(name, all_are_there, "so many run and wait")
            assert of(during, "busy_slots") <= busy
            assert of(during, "waiting_requests") <= REQUESTS - least[0]
            assert databases.connections(database, name) == CONNECTIONS
        took_s = time.perf_counter() - began_s

        assert statuses == [200] * REQUESTS
        after = stack.until(name, lambda s: of(s, "busy_slots") == 0, "all are given back")
        assert databases.connections(database, name) == CONNECTIONS
        assert after.total(f"{WAIT}_count", pool="database") == warm + REQUESTS
        waited_s = after.total(f"{WAIT}_sum", pool="database") - before.total(f"{WAIT}_sum")
        if workers == 1:
            # Half of them have waited for the others, and no profile has waited one by one.
            expected_s = (at_once - busy) * ASLEEP_MS[1] / 1000
            assert waited_s == pytest.approx(expected_s, rel=0.25, abs=0.2)
            assert took_s < 0.75 * REQUESTS * ASLEEP_MS[1] / 1000
    databases.until(lambda: databases.connections(database, name) == 0, "all are closed")

"""`/downstream` on every profile with real servers: how calls are made, measured, and survive."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from servers.budget import Budget, Dependencies
from servers.profiles import PROFILES
from tests.servers.downstream import downstream, root
from tests.servers.instruments.test_known import split_ms, stamped
from tests.servers.live import Live, ask, free_port, running
from tests.servers.stack import Stack, exported
from tests.servers.test_downstream import counts

pytestmark = pytest.mark.services
LIMIT = 3
CALLS, MS = 6, 50
WITHIN_S = 5
WAITS, POOL = "testbed_pool_wait_seconds_count", {"pool": "downstream"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with exported(tmp_path_factory.mktemp("calls")) as stack:
        yield stack


def established(live: Live, port: int) -> dict[int, int]:
    """The connections to a port that each process of a server has open."""
    family = [psutil.Process(live.pid), *psutil.Process(live.pid).children(recursive=True)]
    return {
        one.pid: sum(
            bool(c.raddr) and c.raddr.port == port and c.status == "ESTABLISHED"
            for c in one.net_connections("tcp")
        )
        for one in family
    }


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", PROFILES)
def test_calls_are_made_counted_and_recovered(
    name: str, workers: int, stack: Stack, tmp_path: Path
) -> None:
    """One server for all of it, for most of what this takes is its start."""
    port = free_port()
    dependencies = Dependencies(downstream=f"http://127.0.0.1:{port}")
    budget = Budget(slots=1, workers=workers, downstream_connections=LIMIT)
    with running(name, budget, ledgers=stack.folder, dependencies=dependencies) as live:
        # What is called need not be there when the server starts.
        assert live.get("/downstream").status == 502
        with downstream(tmp_path / "first", port=port) as called:
            assert root(called) == dependencies.downstream
            before = stack.scrape(name).total(WAITS, **POOL)
            _made(name, live)
            _limited(live, port, workers, tmp_path / "first")
            _counted(name, stack, before + 6 * LIMIT + 6 * CALLS)
        assert live.get(f"/downstream?calls={CALLS}&threads=4").status == 502
        assert sum(established(live, port).values()) == 0
        with downstream(tmp_path / "second", port=port):
            for _ in range(2 * workers):
                answer = live.get("/downstream?calls=2&ms=1&threads=2")
                assert (answer.status, json.loads(answer.body)) == (200, {"calls": 2, "ms": 1})
            assert max(established(live, port).values()) <= LIMIT


def _made(name: str, live: Live) -> None:
    """In turn or at once, and what that holds."""
    loop = PROFILES[name].twin == "starlette"
    target = f"/downstream?calls={LIMIT}&ms={MS}"
    # The first request of a worker makes its client and its connections.
    for _ in range(4):
        ask(live.port, "GET", target, stamped())
    for query, at_once in (("", loop), (f"&threads={LIMIT}", True)):
        split = split_ms(ask(live.port, "GET", target + query, stamped()).headers)
        service_ms = split["cpu"] + split["wait"]
        assert service_ms >= (MS if at_once else LIMIT * MS) - 2
        if at_once:
            assert service_ms < LIMIT * MS
        # Who gives the unit away while it waits holds it for a moment only.
        gives = loop or name == "gevent"
        assert (split["hold"] < MS) == gives
        assert 0 < split["cpu"] < MS


def _limited(live: Live, port: int, workers: int, ledgers: Path) -> None:
    """More calls than connections, and the connections are all that the downstream sees."""
    target = f"/downstream?calls={CALLS}&ms=30&threads={CALLS}"
    before = counts(ledgers)["requests_total", "200"][0]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: live.get(target).status, range(6)))
    assert answers == [200] * 6
    found = counts(ledgers)
    assert found["requests_total", "200"][0] - before == 6 * CALLS
    assert LIMIT <= found["active_max_requests",][0] <= LIMIT * workers
    assert max(established(live, port).values()) <= LIMIT


def _counted(name: str, stack: Stack, calls: float) -> None:
    """Every call has waited for a place, some of them for about as long as a call takes."""
    seen = stack.until(name, lambda s: s.total(WAITS, **POOL) == calls, f"{calls} calls counted")
    assert seen.total("testbed_pool_busy_slots", **POOL) == 0
    assert seen.total("testbed_pool_waiting_requests", **POOL) == 0
    assert set(seen.values("testbed_pool_slots", **POOL)) == {LIMIT}
    assert seen.total("testbed_pool_wait_seconds_sum", **POOL) >= 0.02


@pytest.mark.parametrize("name", ["gthread", "gevent", "uvloop"])
def test_the_processor_time_of_calls_is_the_requests(name: str, tmp_path: Path) -> None:
    """As many calls cost about as much, whoever makes them."""
    with downstream(tmp_path / "called") as called:
        dependencies = Dependencies(downstream=root(called))
        with running(name, Budget(), ledgers=tmp_path, dependencies=dependencies) as live:
            cpu_ms: dict[str, float] = {}
            for query in ("calls=16&ms=1", "calls=16&ms=1&threads=8", "calls=1&ms=1"):
                found = []
                for _ in range(12):
                    answer = ask(live.port, "GET", f"/downstream?{query}", stamped())
                    found.append(split_ms(answer.headers)["cpu"])
                cpu_ms[query] = sorted(found)[3]
    alone = cpu_ms["calls=1&ms=1"]
    assert cpu_ms["calls=16&ms=1"] > 5 * alone
    assert cpu_ms["calls=16&ms=1&threads=8"] > 0.6 * cpu_ms["calls=16&ms=1"]


def test_a_downstream_that_stalls_is_waited_for(tmp_path: Path) -> None:
    with downstream(tmp_path / "called") as called:
        dependencies = Dependencies(downstream=root(called))
        with running("uvloop", Budget(), dependencies=dependencies) as live:
            live.get("/downstream")
            to_ns = time.perf_counter_ns() + 400_000_000
            from_ns = to_ns - 500_000_000
            ask(called.port, "POST", f"/stall?from_ns={from_ns}&to_ns={to_ns}", {})
            assert live.get("/downstream?ms=1").status == 200
            assert time.perf_counter_ns() >= to_ns
            # Others are served meanwhile, and afterwards as before.
            assert live.get("/hello").status == 200
            assert time.perf_counter_ns() < to_ns + WITHIN_S * 10**9

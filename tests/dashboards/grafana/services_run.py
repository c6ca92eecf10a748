"""A run for Prometheus to scrape: two servers, all that they call on, and requests by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.budget import Budget, Dependencies
from tests import databases
from tests.dashboards.prometheus.server import Prometheus, scraping
from tests.servers.downstream import downstream, root
from tests.servers.live import running
from tests.servers.raw import answer_on, connected, head
from tests.servers.stack import exported

PROFILES = ("sync", "uvloop")
# One connection for each worker, one job at once, and few that wait: all of it is scarce.
BUDGET = Budget(slots=4, downstream_connections=1, job_slots=1, job_limit=2)
FAILURES = 0.25
# No period divides a second: scrapes must not meet all at the same stage again and again.
CALL_S, CALLERS, CALL_EVERY_S = 0.1, 3, 0.47
JOB_S, JOB_EVERY_S = 0.4, 0.19
SLEEP_S, LEFT_S, LEAVE_EVERY_S = 0.4, 0.1, 0.43
READ_EVERY_S = 0.11
LOADED_S, SEEN_S = 15.0, 8.0
# Every second of that, and of what a rate looks back to at its begin.
SCRAPED = "min(min_over_time(up[13s])) == 1 and min(count_over_time(up[13s])) >= 12"


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way, the seconds of it over which it is looked at, and the called service."""

    prometheus: Prometheus
    start: float
    end: float
    service: int


@contextmanager
def scraped(folder: Path) -> Iterator[Run]:
    """Begin all of it, and look back when there is enough to look at."""
    ledgers = folder / "ledgers"
    with ExitStack() as opened:
        stack = opened.enter_context(exported(ledgers))
        prometheus = opened.enter_context(scraping(folder / "prometheus", stack.port))
        database = opened.enter_context(databases.started())
        service = opened.enter_context(downstream(ledgers, "--failures", str(FAILURES)))
        for profile in PROFILES:
            jobs = str(folder / f"{profile}.jobs")
            called = Dependencies(root(service), database.url, jobs)
            server = running(profile, BUDGET, ledgers=ledgers, dependencies=called)
            opened.enter_context(loading(opened.enter_context(server).port))
        for profile in PROFILES:
            prometheus.until(f'testbed_jobs_refused_total{{profile="{profile}"}} > 5', 30)
        time.sleep(LOADED_S)
        # What a busy host kept from being scraped is not there to be looked at.
        prometheus.until(SCRAPED, 60)
        end = time.time() - 1
        yield Run(prometheus, end - SEEN_S, end, service.pid)


@contextmanager
def loading(port: int) -> Iterator[None]:
    """Ask a server for all that it calls on, again and again, until the block ends."""
    call, job = f"/downstream?calls=1&ms={CALL_S * 1000:.0f}", f"/jobs?ms={JOB_S * 1000:.0f}"
    asked: list[tuple[float, Callable[[], object]]] = [
        *[(CALL_EVERY_S, lambda: send(port, "GET", call))] * CALLERS,
        (READ_EVERY_S, lambda: send(port, "GET", "/db?queries=2")),
        (JOB_EVERY_S, lambda: send(port, "POST", job)),
        (LEAVE_EVERY_S, lambda: leave(port)),
    ]
    ended = threading.Event()
    with ThreadPoolExecutor(len(asked)) as threads:
        begun = [threads.submit(again, ended, *one) for one in asked]
        try:
            yield
        finally:
            ended.set()
        for one in begun:
            one.result()


def again(ended: threading.Event, every_s: float, act: Callable[[], object]) -> None:
    """Act at multiples of a time, so that all who have the same do it at once."""
    while not ended.wait(every_s - time.time() % every_s):
        act()


def send(port: int, method: str, target: str) -> None:
    """Send a measured request on a connection of its own, whatever its answer."""
    with connected(port) as connection:
        connection.sendall(head(method, target, {"Connection": "close"}))
        answer_on(connection)


def leave(port: int) -> None:
    """Send a measured request, and leave before its answer."""
    with connected(port) as connection:
        connection.sendall(head("GET", f"/db?ms={SLEEP_S * 1000:.0f}", {}))
        time.sleep(LEFT_S)

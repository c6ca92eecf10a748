"""A real Prometheus scrapes a real run: what every query of every panel then answers.

Two servers, a load generator for each, the exporter and Prometheus, as in the stack.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from servers.ledger import Ledger, path_of
from servers.metrics import METRICS
from servers.profiles import Budget
from tests.dashboards.grafana.shown import QUERIES, Asked, filled, selectors
from tests.dashboards.grafana.test_queries import base
from tests.dashboards.prometheus.programs import program
from tests.dashboards.prometheus.server import Prometheus, scraping
from tests.servers.live import running
from tests.servers.stack import Stack, exported

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of sockets and threads"),
]
ROOT = Path(__file__).parents[3]
PROFILES = ("sync", "uvloop")
SLOTS = 4
# A sync server of four slots answers forty such requests a second: it has a queue.
LOAD = ("--path", "/wait?ms=100", "--rate", "50")
LOADED_S = 8.0
SEEN_S = 5.0
RUN = {"run": "proof", "workload": "wait", "load": "50/s"}
# What a load says that is started by hand.
BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way, and the seconds of it over which it is looked at."""

    prometheus: Prometheus
    stack: Stack
    start: float
    end: float


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    program("prometheus")
    folder = tmp_path_factory.mktemp("run")
    ledgers = folder / "ledgers"
    with ExitStack() as opened:
        stack = opened.enter_context(exported(ledgers))
        prometheus = opened.enter_context(scraping(folder / "prometheus", stack.port))
        for profile in PROFILES:
            server = running(profile, Budget(slots=SLOTS), ledgers=ledgers)
            port = opened.enter_context(server).port
            opened.enter_context(loading(profile, port, ledgers))
        announce(ledgers)
        for profile in PROFILES:
            completed = f'testbed_client_requests_total{{profile="{profile}",outcome="completed"}}'
            prometheus.until(f"sum({completed}) > 100", 30)
        time.sleep(LOADED_S)
        end = time.time() - 1
        yield Run(prometheus, stack, end - SEEN_S, end)


@contextmanager
def loading(profile: str, port: int, ledgers: Path) -> Iterator[None]:
    """Load a server with Locust's users and a bystander until the block ends."""
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless"]
    command += ["--only-summary", "-u", "2", "-r", "10", "--host", f"http://127.0.0.1:{port}"]
    command += ["--ledgers", str(ledgers), "--profile", profile, *LOAD]
    process = subprocess.Popen(
        [*command, "OpenUser", "BystanderUser"], cwd=ROOT, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
        assert process.poll() is None, f"the load generator ended with {process.returncode}"
    finally:
        process.kill()
        process.wait(10)


def announce(ledgers: Path) -> None:
    """Tell of a trial of the first profile, and of a gate that has tripped in it."""
    pid = os.getpid()
    ledger = Ledger(path_of(ledgers, pid), {"profile": PROFILES[0], "generator": str(pid)})
    told = {
        ("testbed_run_info", *RUN.values()): 1.0,
        ("testbed_phase_start_timestamp_seconds", "measure"): time.time(),
        ("testbed_gate_tripped", "failures"): 1.0,
    }
    for (name, *labels), value in told.items():
        ledger.cells[ledger.series(name, *labels)] = value


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_every_query_of_every_panel_has_finite_data_throughout(asked: Asked, run: Run) -> None:
    found = run.prometheus.over(filled(asked.expression), run.start, run.end)

    assert found, asked.expression
    assert all(series.finite for series in found), found
    longest = max(len(series.values) for series in found)
    assert longest >= SEEN_S, found


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_every_selector_matches_series_that_are_served(asked: Asked, run: Run) -> None:
    for selector in selectors(asked.expression):
        # In this run every request is answered with success.
        if "http_response_status_code" not in selector.labels:
            assert run.prometheus.now(selector.text), selector


def test_both_views_of_a_twin_tell_the_same_rate_and_only_the_client_sees_the_queue(
    run: Run,
) -> None:
    def mean(panel: str, profile: str, letter: str = "A") -> float:
        (asked,) = [
            a for a in QUERIES if (a.dashboard, a.panel, a.letter) == ("twins", panel, letter)
        ]
        (series,) = run.prometheus.over(filled(asked.expression, profile), run.start, run.end)
        return sum(series.values.values()) / len(series.values)

    for profile, rate in (("sync", SLOTS / 0.1), ("uvloop", 55.0)):
        assert mean("Answers per second: clients", profile) == pytest.approx(rate, rel=0.25)
        assert mean("Answers per second: servers", profile) == pytest.approx(rate, rel=0.25)
    gap = "The gap: both views of the mean"
    assert mean(gap, "sync", "B") < 0.2
    assert mean(gap, "sync", "A") > 5 * mean(gap, "sync", "B")
    assert mean(gap, "uvloop", "A") < 0.3


def test_a_chosen_run_hides_what_was_not_in_it(run: Run) -> None:
    (asked,) = [a for a in QUERIES if a.panel == "Answers per second: servers"]

    def profiles(chosen: str) -> list[str]:
        found = run.prometheus.now(filled(asked.expression, run=chosen))
        return sorted(series.labels["profile"] for series in found)

    assert profiles(".*") == ["sync", "uvloop"]
    assert profiles(BY_HAND) == ["sync", "uvloop"]
    assert profiles(RUN["run"]) == ["sync"]
    assert profiles("another") == []


ENDED = "no request of a stopped worker ends: there is no mean, no quantile and no share of any"
NOT_SERVED = "a sync worker has no loop and no pool"
QUIET = {
    "Context switches for each request": ENDED,
    "Longest step by route, p99": ENDED,
    "Mean hold by route": ENDED,
    "Mean time in the application by route: servers": ENDED,
    "Places taken in each pool": NOT_SERVED,
    "Processor time for each request": ENDED,
    "Requests that wait for a place in a pool": NOT_SERVED,
    "Share of each worker": ENDED,
    "Stall of the event loop": NOT_SERVED,
    "The gap: both views of the mean": ENDED,
    "The queue, measured": ENDED,
    "Time in the application: servers": ENDED,
    "Where the mean request's time goes: $profile": ENDED,
}
"""Panels of the servers that say nothing of a sync server whose workers are all stopped."""


def of_servers(asked: Asked) -> bool:
    """Whether a query asks for nothing but what servers and the exporter write of a profile."""
    names = {base(one.name) for one in selectors(asked.expression)} & METRICS.keys()
    alone = all(METRICS[name].writer != "generator" for name in names)
    return alone and "$profile" in asked.expression


def test_while_every_sync_worker_is_stopped_the_servers_view_stays_fresh(run: Run) -> None:
    slots = run.prometheus.now('testbed_worker_slots{profile="sync"}')
    pids = [int(series.labels["worker"]) for series in slots]
    assert len(pids) == SLOTS
    asked = [one for one in QUERIES if of_servers(one) and one.panel not in QUIET]
    assert len(asked) >= 12
    assert QUIET.keys() <= {one.panel for one in QUERIES}
    queue = 'testbed_accept_queue_connections{profile="sync"}'
    with ExitStack() as stopped:
        for pid in pids:
            stopped.callback(os.kill, pid, signal.SIGCONT)
            os.kill(pid, signal.SIGSTOP)
        began = time.time()
        (before,) = value(run, queue)
        run.prometheus.until(f"{queue} > {before + 30}", 20)
        run.prometheus.until(f'timestamp(testbed_workers{{profile="sync"}}) > {began + 3}', 20)

        for one in asked:
            found = run.prometheus.now(filled(one.expression, "sync"))
            assert found, one
            assert all(series.finite for series in found), one
        assert value(run, 'sum(rate(testbed_requests_total{profile="sync"}[2s]))') == [0.0]
        assert value(run, 'testbed_workers{profile="sync"}') == [SLOTS]
        assert value(run, "min_over_time(up[3s])") == [1.0]


def value(run: Run, expression: str) -> list[float]:
    """The values of an expression now."""
    return [next(iter(one.values.values())) for one in run.prometheus.now(expression)]

"""A run for Prometheus to scrape: two servers under loads by hand, and a trial beside them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.budget import Budget
from tests.dashboards.prometheus.server import Prometheus, scraping
from tests.loadtests import mini
from tests.servers.live import running
from tests.servers.stack import Stack, exported

PROFILES = ("sync", "uvloop")
SLOTS = 4
# A sync server of four slots answers forty such requests a second: it has a queue.
LOAD = ("--path", "/wait?ms=100", "--rate", "50")
LOADED_S = 9.0
SEEN_S = 5.0
# What a load says that is started by hand.
BY_HAND = "by hand"
TRIAL = "gthread"
# Longer than it is looked at: it is interrupted.
WARMUP_S, MEASURE_S = 1.0, 60.0
MEASURED = f'testbed_phase_start_timestamp_seconds{{profile="{TRIAL}", phase="measure"}}'


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way, the seconds of it over which it is looked at, and its trial's name."""

    prometheus: Prometheus
    stack: Stack
    start: float
    end: float
    trial: str


@contextmanager
def scraped(folder: Path) -> Iterator[Run]:
    """Begin all of it, and look back when there is enough to look at."""
    ledgers = folder / "ledgers"
    with ExitStack() as opened:
        stack = opened.enter_context(exported(ledgers))
        prometheus = opened.enter_context(scraping(folder / "prometheus", stack.port))
        opened.enter_context(trial(folder, ledgers))
        for profile in PROFILES:
            server = running(profile, Budget(slots=SLOTS), ledgers=ledgers)
            port = opened.enter_context(server).port
            opened.enter_context(loading(profile, port, ledgers))
        for profile in PROFILES:
            completed = f'testbed_client_requests_total{{profile="{profile}",outcome="completed"}}'
            prometheus.until(f"sum({completed}) > 100", 30)
        time.sleep(LOADED_S)
        prometheus.until(f"count_over_time({MEASURED}[1m]) > {SEEN_S}", 30)
        # A machine that is too busy for one scrape in a second shows gaps that are its own.
        prometheus.until(f"min_over_time(up[{SEEN_S + 3:.0f}s]) > 0", 60)
        end = time.time() - 1
        yield Run(prometheus, stack, end - SEEN_S, end, "trial")


@contextmanager
def loading(profile: str, port: int, ledgers: Path) -> Iterator[None]:
    """Load a server with Locust's users and a bystander until the block ends."""
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless"]
    command += ["--only-summary", "-u", "2", "-r", "10", "--host", f"http://127.0.0.1:{port}"]
    command += ["--ledgers", str(ledgers), "--profile", profile, *LOAD]
    process = subprocess.Popen(
        [*command, "OpenUser", "BystanderUser"], cwd=mini.ROOT, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
        assert process.poll() is None, f"the load generator ended with {process.returncode}"
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def trial(folder: Path, ledgers: Path) -> Iterator[None]:
    """Begin an experiment whose requests are mostly dropped: a gate that trips."""
    file = mini.experiment(
        folder / "mini.toml", [TRIAL], warmup_s=WARMUP_S, measure_s=MEASURE_S, max_in_flight=1
    )
    common = ["env", f"TESTBED_LEDGERS={ledgers}"]
    process = mini.start("run", file, "--output", folder / "trial", prefix=common)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        _, _, said = mini.finish(process)
    assert "Traceback" not in said, said

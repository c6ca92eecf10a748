"""What the twins cost: their throughput on `/hello` over that of the shortest possible app.

Both are served by the very same command, in fresh processes, in turn, on a core of their own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from loadtests.run import host
from loadtests.run.world import RealWorld
from servers.profiles import PROFILES, Budget
from tests.benchmarks import figures

PAIRS = 7
MEASURE_S = 2.0
READY_S = 20.0
BARE = {
    "servers.flask_app:create_app": "tests.benchmarks.bare_flask:create_app",
    "servers.starlette_app:create_app": "tests.benchmarks.bare_starlette:create_app",
}


def main() -> None:
    """Every profile in turn."""
    for profile in PROFILES:
        ratios = []
        for pair in range(PAIRS):
            order = (False, True) if pair % 2 else (True, False)
            rate = {bare: throughput(profile, bare) for bare in order}
            ratios.append(rate[False] / rate[True])
        figures.save(f"twins.throughput_over_bare.{profile}", ratios)


def throughput(profile: str, bare: bool) -> float:
    """Answers per second of one server in fresh processes."""
    world, budget = RealWorld(), Budget()
    server_cpus, generator_cpus = host.split_cpus()
    port = world.free_port()
    argv = PROFILES[profile].command(port, budget)
    if bare:
        for ours, theirs in BARE.items():
            argv = [part.replace(ours, theirs) for part in argv]
        assert any("bare_" in part for part in argv)
    with tempfile.TemporaryDirectory() as logs:
        env = PROFILES[profile].environment(budget)
        server = world.start(argv, env, Path(logs, "server.log"), server_cpus)
        try:
            deadline_ns = world.now_ns() + int(READY_S * 1e9)
            while (answer := world.fetch(port, "/hello")) is None or answer[0] != 200:
                if server.poll() is not None or world.now_ns() > deadline_ns:
                    raise SystemExit(f"error: {profile} did not start\n{server.tail()}")
                world.sleep(0.05)
            load_log = Path(logs, "load.log")
            load = [sys.executable, "-m", "tests.benchmarks.drive", str(port), str(MEASURE_S)]
            driver = world.start(load, {}, load_log, generator_cpus)
            while driver.poll() is None:
                world.sleep(0.1)
            if driver.poll() != 0:
                raise subprocess.CalledProcessError(driver.poll() or 1, load, driver.tail())
            return float(load_log.read_text().split()[-1])
        finally:
            server.stop(3.0)

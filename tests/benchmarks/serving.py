"""How many `/hello` a server answers: fresh processes, a core of its own, a closed load."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtests.run import host
from loadtests.run.child import Child
from loadtests.run.world import RealWorld

MEASURE_S = 2.0
READY_S = 20.0
STOP_S = 3.0


def throughput(
    argv: Sequence[str],
    env: Mapping[str, str],
    port: int,
    stamped_rps: float = 0.0,
    exporter: Sequence[str] = (),
) -> float:
    """Answers per second. The client asks for the split of up to `stamped_rps` of them.

    `exporter` is the command of one that runs meanwhile, where there is one.
    """
    world = RealWorld()
    server_cpus, generator_cpus = host.split_cpus()
    with tempfile.TemporaryDirectory() as logs:
        children = [world.start(argv, env, Path(logs, "server.log"), server_cpus)]
        try:
            await_ready(world, children[0], port)
            if exporter:
                log = Path(logs, "exporter.log")
                children.append(world.start(exporter, {}, log, generator_cpus))
            load_log = Path(logs, "load.log")
            drive = [sys.executable, "-m", "tests.benchmarks.drive", str(port), str(MEASURE_S)]
            load = [*drive, str(stamped_rps)]
            driver = world.start(load, {}, load_log, generator_cpus)
            while driver.poll() is None:
                world.sleep(0.1)
            if driver.poll() != 0:
                raise subprocess.CalledProcessError(driver.poll() or 1, load, driver.tail())
            return float(load_log.read_text().split()[-1])
        finally:
            for child in reversed(children):
                child.stop(STOP_S)


def await_ready(world: RealWorld, server: Child, port: int) -> None:
    """Until it answers, or the benchmark ends with its log."""
    deadline_ns = world.now_ns() + int(READY_S * 1e9)
    while (answer := world.fetch(port, "/hello")) is None or answer[0] != 200:
        if server.poll() is not None or world.now_ns() > deadline_ns:
            raise SystemExit(f"error: the server did not start\n{server.tail()}")
        world.sleep(0.05)

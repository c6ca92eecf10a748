"""How many `/hello` a server answers, and what for: fresh processes, a core of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from loadtests.plan import Address
from loadtests.run import host
from loadtests.run.child import Child
from loadtests.run.world import RealWorld

MEASURE_S = 2.0
READY_S = 20.0
STAMPED = Path(__file__).parent / "stamped.lua"
STOP_S = 3.0


@dataclass(frozen=True, slots=True)
class Served:
    """Answers per second of a closed load, and the server's processor seconds meanwhile."""

    rate: float
    cpu_s: float

    @property
    def cpu_us(self) -> float:
        """Processor time for one answer: unlike the rate, no other guest of the host takes it."""
        return self.cpu_s * 1e6 / (self.rate * MEASURE_S)


def throughput(
    argv: Sequence[str],
    env: Mapping[str, str],
    port: int,
    exporter: tuple[Sequence[str], int] | None = None,
    load: Callable[[int], Sequence[str]] | None = None,
) -> float:
    """Answers per second, as `serve` measures them."""
    return serve(argv, env, port, exporter, load).rate


def serve(
    argv: Sequence[str],
    env: Mapping[str, str],
    port: int,
    exporter: tuple[Sequence[str], int] | None = None,
    load: Callable[[int], Sequence[str]] | None = None,
) -> Served:
    """The rate is the last word that the load prints, by default that of our engine.

    `exporter` is the command and the port of one that runs meanwhile, where there is one.
    """
    world = RealWorld()
    server_cpus, generator_cpus = host.split_cpus()
    with tempfile.TemporaryDirectory() as logs:
        children = [world.start(argv, env, Path(logs, "server.log"), server_cpus)]
        try:
            await_ready(world, children[0], port, "/hello")
            if exporter is not None:
                command, metrics = exporter
                log = Path(logs, "exporter.log")
                children.append(world.start(command, {}, log, generator_cpus))
                # While it starts it would take the processor that the load needs.
                await_ready(world, children[-1], metrics, "/metrics")
            load_log = Path(logs, "load.log")
            command = (load or _engine)(port)
            before_s = _cpu_s(children[0])
            driver = world.start(command, {}, load_log, generator_cpus)
            while driver.poll() is None:
                world.sleep(0.1)
            spent_s = _cpu_s(children[0]) - before_s
            if driver.poll() != 0:
                raise subprocess.CalledProcessError(driver.poll() or 1, command, driver.tail())
            return Served(_rate(load_log.read_text()), spent_s)
        finally:
            for child in reversed(children):
                child.stop(STOP_S)


def _cpu_s(child: Child) -> float:
    """Processor seconds of a process and of all that it has started."""
    first = psutil.Process(child.pid)
    times = [process.cpu_times() for process in (first, *first.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def await_ready(world: RealWorld, server: Child, port: int, path: str) -> None:
    """Until it answers, or the benchmark ends with its log."""
    deadline_ns = world.now_ns() + int(READY_S * 1e9)
    while (answer := world.fetch(Address(port), path)) is None or answer[0] != 200:
        if server.poll() is not None or world.now_ns() > deadline_ns:
            raise SystemExit(f"error: {path} is not served\n{server.tail()}")
        world.sleep(0.05)


def wrk(share: float) -> Callable[[int], Sequence[str]]:
    """wrk, which leaves it to the server to be the limit; `share` of its requests stamped."""

    def command(port: int) -> Sequence[str]:
        url = f"http://127.0.0.1:{port}"
        flags = ["-t1", "-c8", f"-d{MEASURE_S:.0f}s", "-s", str(STAMPED)]
        return ["wrk", *flags, url, "--", str(share)]

    return command


def _engine(port: int) -> Sequence[str]:
    return [sys.executable, "-m", "tests.benchmarks.drive", str(port), str(MEASURE_S)]


def _rate(printed: str) -> float:
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise SystemExit(f"error: not every request was answered\n{printed}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    return float(found[1] if found else printed.split()[-1])

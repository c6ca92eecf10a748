"""The load engine against nginx, beside wrk and Locust's FastHttpUser: one core each, in turn.

The engine runs as in an experiment: inside Locust, every sample recorded and written, the answer's
headers parsed, Locust's statistics live.
"""

from __future__ import annotations

import contextlib
import csv
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter_ns

import numpy as np
import psutil

from loadtests import samples as sample_files
from loadtests.plan import Address, ArrivalStream, GeneratorPlan, Target, UserStream
from loadtests.run import host
from loadtests.run.child import Child
from loadtests.run.generators import LOCUSTFILE
from loadtests.run.world import RealWorld
from loadtests.sample_writer import ROW_BYTES
from loadtests.samples import NEVER, Outcome, Samples
from tests.benchmarks import figures

ROUNDS = 7
USERS = 64
CLOSED_S = 4.0
OPEN_S = 8.0
STEADY_S = 75.0
PAGE = Target(number=0, stream="load", path="/hello", url="/hello", weight=1.0)
NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000;
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 "hello"; }} }}
}}
"""


def main() -> None:
    """All figures of the generator."""
    for program in ("nginx", "wrk"):
        if shutil.which(program) is None:
            raise SystemExit(f"error: {program} is not installed (Debian: apt install {program})")
    with nginx() as port:
        compare(port)
        for name, spin in (("asleep", False), ("spinning", True)):
            late = [lateness_p99_ms(port, spin) for _ in range(5)]
            figures.save(f"generator.lateness_p99_ms_at_2000.{name}", late)
        sustained = [achieved_over_offered(port, 20_000.0) for _ in range(5)]
        figures.save("generator.achieved_over_offered_at_20000", sustained)
        figures.save("generator.memory_growth_at_5000", [memory_growth(port)])
    figures.save("generator.bytes_per_sample", [float(ROW_BYTES)])


def compare(port: int) -> None:
    """Answers per second in turn, so that the machine's moods hit all alike."""
    over_wrk, over_fast = [], []
    for _ in range(ROUNDS):
        ours = ours_rps(port)
        over_wrk.append(ours / wrk_rps(port))
        over_fast.append(ours / fast_rps(port))
    figures.save("generator.rps_over_wrk", over_wrk)
    figures.save("generator.rps_over_fasthttpuser", over_fast)


@contextlib.contextmanager
def nginx() -> Iterator[int]:
    """nginx on the server's core; yields its port."""
    world = RealWorld()
    port = world.free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        argv = ["nginx", "-p", name, "-c", str(folder / "nginx.conf")]
        server = world.start(argv, {}, folder / "nginx.log", host.split_cpus()[0])
        try:
            while world.fetch(Address(port), "/hello") is None:
                if server.poll() is not None:
                    raise SystemExit(f"error: nginx did not start\n{server.tail()}")
                world.sleep(0.05)
            yield port
        finally:
            server.stop(3.0)


def plan(port: int, folder: Path, seconds: float, **changes: object) -> GeneratorPlan:
    """A plan of nothing yet: `changes` give it users or arrivals."""
    fields: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "seed": 1,
        "origin_ns": perf_counter_ns() + int(4e9),
        "warmup_s": 1.0,
        "measure_s": seconds,
        "drain_s": 2.0,
        "max_in_flight": 5_000,
        "arrivals": (),
        "users": (),
        "folder": folder,
    }
    return GeneratorPlan.model_validate({**fields, **changes})


def open_plan(port: int, folder: Path, rate: float, seconds: float, spin: bool) -> GeneratorPlan:
    """Poisson arrivals at a rate."""
    stream = ArrivalStream(name="load", arrivals="poisson", rate=rate, targets=(PAGE,))
    return plan(port, folder, seconds, arrivals=(stream,), spin=spin)


@contextlib.contextmanager
def locust(wanted: GeneratorPlan) -> Iterator[Child]:
    """Locust with the engine on the generator's core, as in an experiment."""
    written = wanted.folder / "plan.json"
    written.write_text(wanted.model_dump_json())
    argv = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless"]
    argv += ["--users", "1", "--only-summary", "--loglevel", "WARNING", "TrialUser"]
    env = {"TESTBED_PLAN": str(written)}
    log = wanted.folder / "locust.log"
    child = RealWorld().start(argv, env, log, host.split_cpus()[1])
    try:
        yield child
        while child.poll() is None:
            time.sleep(0.1)
        if child.poll() != 0:
            raise SystemExit(f"error: Locust ended with exit code {child.poll()}\n{child.tail()}")
    finally:
        child.stop(3.0)


def run(wanted: GeneratorPlan) -> Samples:
    """Run a plan in Locust; its samples of the measurement window."""
    with locust(wanted):
        pass
    samples = sample_files.read(wanted.samples(0))
    return samples.where(samples.intended_ns >= 0)


def ours_rps(port: int) -> float:
    """The engine as a closed load: answers per second."""
    crowd = UserStream(name="load", users=USERS, think_s=0.0, targets=(PAGE,))
    with tempfile.TemporaryDirectory() as name:
        samples = run(plan(port, Path(name), CLOSED_S, users=(crowd,)))
    done = (samples.done_ns < CLOSED_S * 1e9) & (samples.outcome == Outcome.COMPLETED)
    return float(np.count_nonzero(done)) / CLOSED_S


def wrk_rps(port: int) -> float:
    """wrk with one thread and as many connections."""
    with tempfile.TemporaryDirectory() as name:
        log = Path(name, "wrk.log")
        argv = ["wrk", "-t1", f"-c{USERS}", f"-d{CLOSED_S:.0f}", f"http://127.0.0.1:{port}/hello"]
        child = RealWorld().start(argv, {}, log, host.split_cpus()[1])
        while child.poll() is None:
            time.sleep(0.1)
        line = next(line for line in log.read_text().splitlines() if "Requests/sec" in line)
    return float(line.split()[-1])


def fast_rps(port: int) -> float:
    """Locust's FastHttpUser: requests that it counted over the seconds that it ran."""
    with tempfile.TemporaryDirectory() as name:
        fast = Path(__file__).with_name("fast_locustfile.py")
        argv = [sys.executable, "-m", "locust", "-f", str(fast), "--headless", "--only-summary"]
        argv += ["--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", "6s"]
        argv += ["--host", f"http://127.0.0.1:{port}", "--csv", f"{name}/fast"]
        child = RealWorld().start(argv, {}, Path(name, "fast.log"), host.split_cpus()[1])
        while child.poll() is None:
            time.sleep(0.1)
        if child.poll() != 0:
            raise subprocess.CalledProcessError(child.poll() or 1, argv, child.tail())
        with Path(name, "fast_stats.csv").open() as file:
            rows = {row["Name"]: row for row in csv.DictReader(file)}
    return float(rows["Aggregated"]["Requests/s"])


def lateness_p99_ms(port: int, spin: bool) -> float:
    """How late requests are begun at 2,000/s."""
    with tempfile.TemporaryDirectory() as name:
        samples = run(open_plan(port, Path(name), 2_000.0, OPEN_S, spin))
    sent = samples.where(samples.sent_ns != NEVER)
    return float(np.quantile(sent.sent_ns - sent.connect_ns - sent.intended_ns, 0.99)) / 1e6


def achieved_over_offered(port: int, rate: float) -> float:
    """Answers that came within the window over the requests intended in it."""
    with tempfile.TemporaryDirectory() as name:
        samples = run(open_plan(port, Path(name), rate, OPEN_S, spin=False))
    done = (samples.done_ns < OPEN_S * 1e9) & (samples.outcome == Outcome.COMPLETED)
    return float(np.count_nonzero(done)) / len(samples.done_ns)


def memory_growth(port: int) -> float:
    """Resident memory at the end of a long load over that after its first quarter."""
    seen: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        wanted = open_plan(port, Path(name), 5_000.0, STEADY_S, spin=False)
        wanted = wanted.model_copy(update={"origin_ns": wanted.origin_ns + int(2e9)})
        with locust(wanted) as child:
            process = psutil.Process(child.pid)
            for share in (0.25, 0.98):
                at_ns = wanted.origin_ns + int(share * STEADY_S * 1e9)
                time.sleep(max(0.0, (at_ns - perf_counter_ns()) / 1e9))
                seen.append(process.memory_info().rss)
    return seen[1] / seen[0]

"""What the instruments cost: throughput on `/hello` with them over without, in turn.

`full`: every request asks for its split. `sampled`: as many a second as the engine lets ask by
itself. In both the exporter runs and reads; without instruments there is none of all that. The
load is wrk's, for ours would limit a fast server before the instruments do.
"""

from __future__ import annotations

import sys
import tempfile

from loadtests.plan import STAMPED_RPS
from loadtests.run import host
from loadtests.run.world import RealWorld
from servers import ledger
from servers.budget import Budget
from servers.profiles import PROFILES
from tests.benchmarks import figures
from tests.benchmarks.serving import throughput, wrk

ROUNDS = 5
ARMS = ("off", "full", "sampled")


def main() -> None:
    """Every profile in turn, its arms in another order each round."""
    here = host.environment()
    told = ("cpu", "cores", "python", "commit")
    figures.note("observer.host", {name: here[name] for name in told})
    for profile in PROFILES:
        ratios: dict[str, list[float]] = {"full": [], "sampled": []}
        usual = _throughput(profile, "off", 0.0)
        shares = {"off": 0.0, "full": 1.0, "sampled": min(1.0, STAMPED_RPS / usual)}
        for number in range(ROUNDS):
            order = ARMS[number % 3 :] + ARMS[: number % 3]
            rate = {arm: _throughput(profile, arm, shares[arm]) for arm in order}
            for arm, found in ratios.items():
                found.append(rate[arm] / rate["off"])
        for arm, found in ratios.items():
            figures.save(f"observer.throughput_ratio.{profile}.{arm}", found)


def _throughput(profile: str, arm: str, share: float) -> float:
    world, budget = RealWorld(), Budget()
    port, metrics = world.free_port(), world.free_port()
    argv = PROFILES[profile].command(port, budget)
    if arm == "off":
        return throughput(argv, PROFILES[profile].environment(budget, "off"), port, load=wrk(0.0))
    with tempfile.TemporaryDirectory(dir=ledger.default_folder().parent) as folder:
        env = PROFILES[profile].environment(budget, "on", folder)
        exporter = [sys.executable, "-m", "servers.exporter", "--ledgers", folder]
        exporter += ["--port", str(metrics)]
        return throughput(argv, env, port, (exporter, metrics), wrk(share))

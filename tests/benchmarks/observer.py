"""What the instruments cost: throughput on `/hello` with them over without, in turn.

`full`: the client asks for the split of every request. `sampled`: of as many as the engine does
by itself. In both the exporter runs and reads; without instruments there is none of all that.
"""

from __future__ import annotations

import math
import sys
import tempfile

from loadtests.plan import STAMPED_RPS
from loadtests.run import host
from loadtests.run.world import RealWorld
from servers import ledger
from servers.profiles import PROFILES, Budget
from tests.benchmarks import figures
from tests.benchmarks.serving import throughput

ROUNDS = 7
STAMPED = {"off": 0.0, "full": math.inf, "sampled": STAMPED_RPS}


def main() -> None:
    """Every profile in turn, its arms in another order each round."""
    here = host.environment()
    told = ("cpu", "cores", "python", "commit")
    figures.note("observer.host", {name: here[name] for name in told})
    for profile in PROFILES:
        ratios: dict[str, list[float]] = {"full": [], "sampled": []}
        arms = list(STAMPED)
        for number in range(ROUNDS):
            order = arms[number % 3 :] + arms[: number % 3]
            rate = {arm: _throughput(profile, arm) for arm in order}
            for arm, found in ratios.items():
                found.append(rate[arm] / rate["off"])
        for arm, found in ratios.items():
            figures.save(f"observer.throughput_ratio.{profile}.{arm}", found)


def _throughput(profile: str, arm: str) -> float:
    world, budget = RealWorld(), Budget()
    port, metrics = world.free_port(), world.free_port()
    argv = PROFILES[profile].command(port, budget)
    if arm == "off":
        return throughput(argv, PROFILES[profile].environment(budget, "off"), port)
    with tempfile.TemporaryDirectory(dir=ledger.default_folder().parent) as folder:
        env = PROFILES[profile].environment(budget, "on", folder)
        exporter = [sys.executable, "-m", "servers.exporter", "--ledgers", folder]
        return throughput(argv, env, port, STAMPED[arm], [*exporter, "--port", str(metrics)])

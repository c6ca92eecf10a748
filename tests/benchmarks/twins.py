"""What the twins cost: their throughput on `/hello` over that of the shortest possible app.

Both are served by the very same command, without instruments, in fresh processes, in turn.
"""

from __future__ import annotations

from loadtests.run.world import RealWorld
from servers.budget import Budget
from servers.profiles import PROFILES
from tests.benchmarks import figures
from tests.benchmarks.serving import throughput

PAIRS = 7
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
            rate = {bare: _throughput(profile, bare) for bare in order}
            ratios.append(rate[False] / rate[True])
        figures.save(f"twins.throughput_over_bare.{profile}", ratios)


def _throughput(profile: str, bare: bool) -> float:
    budget, port = Budget(), RealWorld().free_port()
    argv = PROFILES[profile].command(port, budget)
    if bare:
        for ours, theirs in BARE.items():
            argv = [part.replace(ours, theirs) for part in argv]
        assert any("bare_" in part for part in argv)
    return throughput(argv, PROFILES[profile].environment(budget, "off"), port)

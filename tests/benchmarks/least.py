"""The least that a measured request costs on an event loop: what no instrument can do without.

Throughput on `/hello` over that without instruments, each step with those before it: `asked`, every
request carries a stamp, which nobody reads; `answered`, each answer a `Server-Timing` that was made
in advance; `clocked`, and the clocks are read three times. The rest of `observer`'s `full` is ours.
"""

from __future__ import annotations

from loadtests.run.world import RealWorld
from servers.budget import Budget
from servers.profiles import PROFILES
from tests.benchmarks import figures
from tests.benchmarks.serving import throughput, wrk

ROUNDS = 7
PROFILE = "uvloop"
APP = "servers.starlette_app:create_app"
LEAST = "tests.benchmarks.least_app"
ARMS = {
    "off": (APP, 0.0),
    "asked": (APP, 1.0),
    "answered": (f"{LEAST}:answered", 1.0),
    "clocked": (f"{LEAST}:clocked", 1.0),
}


def main() -> None:
    """The steps in turn, in another order each round."""
    names = list(ARMS)
    ratios: dict[str, list[float]] = {name: [] for name in names[1:]}
    for number in range(ROUNDS):
        first = number % len(names)
        rate = {name: _throughput(*ARMS[name]) for name in names[first:] + names[:first]}
        for name, found in ratios.items():
            found.append(rate[name] / rate["off"])
    for name, found in ratios.items():
        figures.save(f"observer.least_ratio.{PROFILE}.{name}", found)


def _throughput(app: str, share: float) -> float:
    budget, port = Budget(), RealWorld().free_port()
    argv = [app if part == APP else part for part in PROFILES[PROFILE].command(port, budget)]
    env = PROFILES[PROFILE].environment(budget, "off")
    return throughput(argv, env, port, load=wrk(share))

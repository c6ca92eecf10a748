"""The least that a measured request costs on an event loop: what no instrument can do without.

The server's processor time for a `/hello` without instruments over that time with each step and
those before it: `asked`, every request carries a stamp, which nobody reads; `answered`, each answer
a `Server-Timing` that was made in advance; `clocked`, and the clocks are read three times. `full`
is all of the instruments. A server that is always busy answers as much less as it takes longer.
"""

from __future__ import annotations

from loadtests.run.world import RealWorld
from servers.budget import Budget
from servers.profiles import PROFILES, Instruments
from tests.benchmarks import figures
from tests.benchmarks.serving import serve, wrk

ROUNDS = 7
PROFILE = "uvloop"
APP = "servers.starlette_app:create_app"
LEAST = "tests.benchmarks.least_app"
ARMS: dict[str, tuple[str, float, Instruments]] = {
    "off": (APP, 0.0, "off"),
    "asked": (APP, 1.0, "off"),
    "answered": (f"{LEAST}:answered", 1.0, "off"),
    "clocked": (f"{LEAST}:clocked", 1.0, "off"),
    "full": (APP, 1.0, "on"),
}


def main() -> None:
    """The steps in turn, in another order each round."""
    names = list(ARMS)
    ratios: dict[str, list[float]] = {name: [] for name in names[1:]}
    for number in range(ROUNDS):
        first = number % len(names)
        took = {name: _cpu_us(*ARMS[name]) for name in names[first:] + names[:first]}
        for name, found in ratios.items():
            found.append(took["off"] / took[name])
    for name, found in ratios.items():
        figures.save(f"observer.cpu_ratio.{PROFILE}.{name}", found)


def _cpu_us(app: str, share: float, instruments: Instruments) -> float:
    budget, port = Budget(), RealWorld().free_port()
    argv = [app if part == APP else part for part in PROFILES[PROFILE].command(port, budget)]
    env = PROFILES[PROFILE].environment(budget, instruments)
    return serve(argv, env, port, load=wrk(share)).cpu_us

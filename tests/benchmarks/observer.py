"""What the instruments cost: throughput on `/hello` with them over without, in turn.

`full`: every request asks for its split. `sampled`: as many a second as the engine lets ask by
itself. In both the exporter runs and reads; without instruments there is none of all that.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack

from loadtests.plan import STAMPED_RPS
from loadtests.run import host
from loadtests.run.world import RealWorld
from servers import ledger
from servers.budget import Budget
from servers.profiles import PROFILES
from tests.benchmarks import figures, turns
from tests.benchmarks.turns import Contender


def main() -> None:
    """Every profile in turn."""
    here = host.environment()
    told = ("cpu", "cores", "python", "commit")
    figures.note("observer.host", {name: here[name] for name in told})
    for profile in PROFILES:
        sampled = min(1.0, STAMPED_RPS / turns.rate(without(profile)))
        with ExitStack() as stack:
            contenders = {
                "off": without(profile),
                "full": with_instruments(profile, 1.0, stack),
                "sampled": with_instruments(profile, sampled, stack),
            }
            for arm, found in turns.ratios(contenders).items():
                figures.save(f"observer.throughput_ratio.{profile}.{arm}", found)


def without(profile: str, share: float = 0.0, app: str = "") -> Contender:
    """A profile without instruments; `app` serves instead of its twin where it is given."""
    row, budget, port = PROFILES[profile], Budget(), RealWorld().free_port()
    ours = f"servers.{row.twin}_app:create_app"
    argv = [part.replace(ours, app or ours) for part in row.command(port, budget)]
    assert any((app or ours) in part for part in argv), argv
    return Contender(argv, row.environment(budget, "off"), port, share)


def with_instruments(profile: str, share: float, stack: ExitStack) -> Contender:
    """A profile with instruments and their exporter; what they write goes with the stack."""
    world, budget = RealWorld(), Budget()
    port, metrics = world.free_port(), world.free_port()
    parent = ledger.default_folder().parent
    folder = stack.enter_context(tempfile.TemporaryDirectory(dir=parent))
    exporter = [sys.executable, "-m", "servers.exporter", "--ledgers", folder]
    exporter += ["--port", str(metrics)]
    argv = PROFILES[profile].command(port, budget)
    env = PROFILES[profile].environment(budget, "on", folder)
    return Contender(argv, env, port, share, (exporter, metrics))

"""The least that a measured request costs: what no instrument can do without.

Throughput on `/hello` with each step and those before it over that without instruments, in turn.
`counted`: with instruments, and nobody asks for a split. Without them: `asked`, every request
carries a stamp, which nobody reads; `answered`, each answer a `Server-Timing` that was made in
advance. `full` is all of the instruments.
"""

from __future__ import annotations

from contextlib import ExitStack

from servers.profiles import PROFILES as ALL
from tests.benchmarks import figures, turns
from tests.benchmarks.observer import with_instruments, without

PROFILES = "sync", "uvloop"


def main() -> None:
    """Every step beside all others."""
    for profile in PROFILES:
        app = f"tests.benchmarks.least_app:{ALL[profile].twin}_answered"
        with ExitStack() as stack:
            contenders = {
                "off": without(profile),
                "counted": with_instruments(profile, 0.0, stack),
                "asked": without(profile, 1.0),
                "answered": without(profile, 1.0, app),
                "full": with_instruments(profile, 1.0, stack),
            }
            for name, found in turns.ratios(contenders).items():
                figures.save(f"least.throughput_ratio.{profile}.{name}", found)

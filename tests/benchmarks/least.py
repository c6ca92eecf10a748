"""The least that a measured request costs on an event loop: what no instrument can do without.

Throughput on `/hello` with each step and those before it over that without instruments, in turn.
`counted`: with instruments, and nobody asks for a split. Without them: `asked`, every request
carries a stamp, which nobody reads; `answered`, each answer a `Server-Timing` that was made in
advance; `clocked`, and the clocks are read three times. `full` is all of the instruments.
"""

from __future__ import annotations

from contextlib import ExitStack

from tests.benchmarks import figures, turns
from tests.benchmarks.observer import with_instruments, without

PROFILE = "uvloop"
LEAST = "tests.benchmarks.least_app"


def main() -> None:
    """Every step beside all others."""
    with ExitStack() as stack:
        contenders = {
            "off": without(PROFILE),
            "counted": with_instruments(PROFILE, 0.0, stack),
            "asked": without(PROFILE, 1.0),
            "answered": without(PROFILE, 1.0, f"{LEAST}:answered"),
            "clocked": without(PROFILE, 1.0, f"{LEAST}:clocked"),
            "full": with_instruments(PROFILE, 1.0, stack),
        }
        for name, found in turns.ratios(contenders).items():
            figures.save(f"least.throughput_ratio.{PROFILE}.{name}", found)

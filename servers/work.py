"""The work that both twins do: one computation and one blocking call."""

from __future__ import annotations

import time

# Knuth's MMIX generator: full period over 64 bits, so that no step can be left out.
_MULTIPLIER = 6364136223846793005
_INCREMENT = 1442695040888963407
_MASK = (1 << 64) - 1

# Calibrated to about 1 ms of pure Python on one core of a small server.
STEPS_PER_UNIT = 15_000


def compute(units: int) -> str:
    """Do `units` of pure-Python work, about 1 ms each, and return 16 hexadecimal digits.

    The digits depend on `units` alone: the same on every machine and in both twins.
    The interpreter's lock is held as by any Python code, and handed over every 5 ms.
    """
    state = units
    for _ in range(units * STEPS_PER_UNIT):
        state = (state * _MULTIPLIER + _INCREMENT) & _MASK
    return f"{state:016x}"


def block(ms: int) -> None:
    """Keep the calling thread for `ms` milliseconds without using the processor."""
    time.sleep(ms / 1000)

"""How long a disturbance lasted beyond its end, by when requests were due."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from loadtests.analysis.badday.records import Recovery
from loadtests.bad_days import Disturbance

SHARE = 0.95
FACTOR = 1.5
WIDTH_S = 1.0
FEWEST = 20
"""Requests of which 95 % can be told; where a second has fewer, more seconds are looked at."""
STEP_S = 0.1

Column = npt.NDArray[np.float64]


def recovery_of(
    due_s: Column, wait_ms: Column, disturbances: Sequence[Disturbance], window_s: float
) -> Recovery | None:
    """The recovery from the end of the last of one or more disturbances within the window.

    `due_s` is when requests were due and `wait_ms` how long each of them waited, infinite where it
    was not answered. None where too few were due before to say what is usual, or these were not
    answered either.
    """
    begun_s = min(one.begun_s for one in disturbances)
    ended_s = max(one.ended_s for one in disturbances)
    before = wait_ms[(due_s >= 0.0) & (due_s < begun_s)]
    if len(before) < FEWEST:
        return None
    usual_ms = float(np.quantile(before, SHARE, method="inverted_cdf"))
    if math.isinf(usual_ms):
        return None
    bound_ms = FACTOR * usual_ms
    order = np.argsort(due_s, kind="stable")
    due_s, wait_ms = due_s[order], wait_ms[order]
    after = int(np.count_nonzero(due_s >= ended_s))
    rate = after / (window_s - ended_s) if window_s > ended_s else 0.0
    width_s = max(WIDTH_S, FEWEST / rate) if rate else math.inf
    took_s = looked_s = None
    # Counted in steps: a sum of tenths is no multiple of a tenth.
    steps = 0
    while (start_s := ended_s + steps * STEP_S) + width_s <= window_s + 1e-9:
        looked_s = round(steps * STEP_S, 3)
        first, last = np.searchsorted(due_s, (start_s, start_s + width_s))
        inside = int(np.count_nonzero(wait_ms[first:last] <= bound_ms))
        if last > first and inside >= SHARE * (last - first):
            took_s = looked_s
            break
        steps += 1
    names = " and ".join(dict.fromkeys(one.name for one in disturbances))
    return Recovery(ended_s, round(usual_ms, 3), round(bound_ms, 3), took_s, names, looked_s)

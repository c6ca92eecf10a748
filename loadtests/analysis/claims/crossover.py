"""From which rate on the sides differ: by the slots where theory puts it between two loads."""

from __future__ import annotations

import math
from collections.abc import Sequence

from loadtests.analysis.claims.evidence import VISIBLE, Sign
from loadtests.analysis.claims.observed import Observation
from loadtests.analysis.claims.words import about, figure, ms


def onset(
    observations: Sequence[Observation], sign: Sign, slots: int | None, held_ms: float | None
) -> str:
    """From which rate on pairs have a sign, in words; empty where there is none or no lighter load.

    `observations` are of one workload, from light to heavy. Between the heaviest load without the
    sign and the lightest with it lies the rate at which `slots` are full, if by Little's law (rate
    = slots / time held; Little 1961) it lies there; else it is interpolated to a difference of
    10 %, on logarithmic scales, where the ratio passes that.
    """
    opened = [one for one in observations if one.rate_rps]
    first = next((n for n, one in enumerate(opened) if sign in one.signs), None)
    if not first:
        return ""
    below, above = opened[first - 1], opened[first]
    low, high = below.rate_rps or 0.0, above.rate_rps or 0.0
    if slots and held_ms:
        full = 1000.0 * slots / held_ms
        if low < full <= high:
            why = f"when all {slots} slots are full ({slots} / {ms(held_ms)})"
            return f"from {figure(full)} requests/s on, {why}"
    found = _interpolated(below, above, sign)
    guess = f" (about {about(found)} by interpolation)" if found else ""
    return f"from between {figure(low)} and {figure(high)} requests/s on{guess}"


def _interpolated(below: Observation, above: Observation, sign: Sign) -> float | None:
    """The rate at which the nearest pair differs by VISIBLE."""
    pair = min(above.of(sign), key=lambda one: abs(math.log(one.ratio.value)))
    same = (p for p in below.pairs if (p.favoured, p.other) == (pair.favoured, pair.other))
    before = next(same, None)
    if before is None or not (below.rate_rps and above.rate_rps):
        return None
    side = 1.0 if sign is Sign.AHEAD else -1.0
    start, end = side * math.log(before.ratio.value), side * math.log(pair.ratio.value)
    wanted = math.log(VISIBLE)
    if not start < wanted < end:
        return None
    share = (wanted - start) / (end - start)
    return float(below.rate_rps * (above.rate_rps / below.rate_rps) ** share)

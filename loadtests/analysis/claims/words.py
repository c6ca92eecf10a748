"""Figures as a sentence has them: three digits at most, a unit, and ≥ before a lower bound."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from loadtests.analysis.claims.advantage import Figure
from loadtests.analysis.claims.evidence import PAIRS, Ratio

MOST = 1000.0
"""A factor beyond this is told as more than this: what it is exactly is of no use."""


def figure(value: float) -> str:
    """A number to three significant digits, whole digits kept: 0.42, 39.6, 2480."""
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g}"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{round(value, places):.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ms(milliseconds: float) -> str:
    """A duration: 0.42 ms, 101 ms, 2.5 s."""
    if milliseconds >= 999.5:
        return f"{milliseconds / 1000:.1f} s"
    digits = 2 if milliseconds < 10.0 else 3
    return f"{float(f'{milliseconds:.{digits}g}'):g} ms"


def rps(per_second: float) -> str:
    """A rate: 39.6 requests/s."""
    return f"{figure(per_second)} requests/s"


def count(number: int, one: str) -> str:
    """A number of things: 1 trial, 3 trials."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def listed(words: Sequence[str]) -> str:
    """Words in a row: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def each(found: Mapping[str, Figure], unit: str) -> str:
    """The figure of every profile, those alike together: `0.5 ms on uvloop and ≥ 2.5 s on sync`."""
    told: dict[str, list[str]] = {}
    for profile, one in sorted(found.items(), key=lambda item: item[1].value):
        text = ms(one.value) if unit == "ms" else f"{figure(one.value)} {unit}".rstrip()
        told.setdefault(f"{'≥ ' if one.floor else ''}{text}", []).append(profile)
    return listed([f"{text} on {listed(names)}" for text, names in told.items()])


def by(ratio: Ratio, of: int) -> str:
    """By what factor, and on how much evidence; the least of `of` pairs of profiles.

    A ratio below 1 is turned round: it is told from the other side.
    """
    value, low, high = ratio.value, ratio.low, ratio.high
    if value < 1.0:
        value = 1.0 / value
        low, high = (1.0 / end if end else None for end in (high, low))
    more = " or more" if of > 1 else ""
    factor = "more than 1000" if value > MOST else f"{figure(value)}{more}"
    return f"by a factor of {factor} ({grounds(ratio.n, low, high)})"


def grounds(n: int, low: float | None, high: float | None) -> str:
    """What a ratio rests on: its interval and its pairs, or how few trials there are."""
    if low is not None and high is not None:
        span = f"95 % interval {figure(low)} to {figure(high)}"
        return f"{span}, {count(n, 'pair')}" if n >= PAIRS else span
    return "one trial each" if n == 1 else f"{count(n, 'trial')} each"

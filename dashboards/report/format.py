"""Numbers as people read them: three significant digits, a unit, and – for what is not stated."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

MISSING = "–"

# Control, format, unpaired surrogate, line and paragraph separator.
CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# Thousandths of a millisecond or of a second are as fine as this testbed measures.
MOST_PLACES = 3

# A number and its unit stay on one line.
NBSP = "\u00a0"


def figure(value: float | None, *, digits: int = 3) -> str:
    """A number to `digits` significant digits and at most MOST_PLACES decimals, no exponent.

    Whole digits are kept. `None` and what is not finite give the sign for *not stated*.
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    least = 10**-MOST_PLACES
    if abs(value) < least / 2:
        return f"<{least}"
    rounded = round(value, _places(value, digits))
    # Rounding may have moved the number up one decade: 9.999 is 10.0, and not 10.00.
    return f"{rounded:.{min(max(0, _places(rounded, digits)), MOST_PLACES)}f}"


def _places(value: float, digits: int) -> int:
    return max(0, digits - 1 - math.floor(math.log10(abs(value))))


def count(value: float | None) -> str:
    """A number of things: whole where it is whole, else (a median of an even number) one digit."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:.0f}" if value == round(value) else f"{value:.1f}"


def duration(milliseconds: float | None) -> str:
    """Milliseconds in, a duration in the unit that reads best out: 0.42 ms, 104 ms, 9.80 s."""
    if milliseconds is None or not math.isfinite(milliseconds):
        return MISSING
    if figure(milliseconds) == "1000" or abs(milliseconds) >= 1000:
        return f"{figure(milliseconds / 1000)}{NBSP}s"
    return f"{figure(milliseconds)}{NBSP}ms"


def rate(per_second: float | None) -> str:
    """Requests per second for a sentence, with the unit: 39.6 requests/s, 20 requests/s."""
    text = figure(per_second)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text}{NBSP}requests/s"


def bounds(low: float | None, high: float | None) -> str:
    """An interval as its two ends: 37.5–40.0; the sign for *not stated* without it."""
    if low is None or high is None:
        return MISSING
    return f"{figure(low)}–{figure(high)}"


def relative(error: float | None) -> str:
    """How far off a value is, as a signed whole percentage: +12 %, −3 %; 0 % where it is less."""
    if error is None or not math.isfinite(error):
        return MISSING
    rounded = round(100 * error)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return f"{sign}{abs(rounded)}{NBSP}%"


def percentile(quantile: float) -> str:
    """A quantile (0 to 1) as a percentage: 50 %, 99.9 %."""
    return f"{quantile * 100:.10g}{NBSP}%"


def share(percent: float | None) -> str:
    """A percentage as a figure that says 100 only where it is the whole."""
    return figure(min(percent, 99.9) if percent is not None and percent < 100 else percent)


def percent(part: float) -> str:
    """A part of 1 as a whole percentage for a sentence: 100 % only where it is the whole."""
    rounded = round(100 * part)
    if rounded == 0 and part > 0:
        return f"<1{NBSP}%"
    return f"{min(rounded, 99) if part < 1 else rounded}{NBSP}%"


def listed(words: Sequence[str]) -> str:
    """Words in a row as a sentence has them: `a`, `a and b`, `a, b and c`."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def slug(name: str) -> str:
    """A name as part of an id of the page."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-").lower() or "x"


def plural(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 trial, 3 trials."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def printable(text: str) -> str:
    """Text from a file on one line: control characters become spaces (a terminal obeys them)."""
    return "".join(" " if unicodedata.category(c) in CONTROLS else c for c in text)

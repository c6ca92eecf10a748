"""Figures as a sentence has them: three digits at most, a unit, and ≥ before a lower bound."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from loadtests.analysis.claims.advantage import LATENCY_APART_MS, Figure
from loadtests.analysis.claims.evidence import PAIRS, REQUESTS, Ratio

MOST = 1000.0
"""A factor beyond this is told as more than this: what it is exactly is of no use."""
MOST_NAMES = 4


def figure(value: float) -> str:
    """A number to three significant digits, whole digits kept: 0.42, 39.6, 2480."""
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g}"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{round(value, places):.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def about(value: float) -> str:
    """A number to two significant digits, as what is only predicted is told: 39, 3000."""
    return figure(float(f"{value:.2g}"))


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


def capital(text: str) -> str:
    """The text as a sentence begins."""
    return text[:1].upper() + text[1:]


def amount(one: Figure, unit: str) -> str:
    """One figure with its unit: ≥ 2.5 s, 45 MiB."""
    text = ms(one.value) if unit == "ms" else f"{figure(one.value)} {unit}"
    return f"{'≥ ' if one.floor else ''}{text}"


def each(found: Mapping[str, Figure], unit: str) -> str:
    """The figure of every profile, those alike together: `0.5 ms on uvloop and ≥ 2.5 s on sync`."""
    told: dict[str, list[str]] = {}
    for profile, one in _ascending(found):
        told.setdefault(amount(one, unit), []).append(profile)
    return listed([f"{text} on {listed(names)}" for text, names in told.items()])


def together(found: Mapping[str, Figure], unit: str) -> str:
    """From the least to the most of several profiles: `1.9 to 3.1 ms on sync and gthread`."""
    names = [profile for profile, _ in _ascending(found)]
    texts = [amount(one, unit) for _, one in _ascending(found)]
    least, most = texts[0], texts[-1]
    span = most
    if found and _ascending(found)[0][1].floor:
        span = least
    elif least != most:
        of_both = f" {most.rpartition(' ')[2]}"
        span = f"{least.removesuffix(of_both)} to {most}"
    on = listed(names) if len(names) <= MOST_NAMES else f"{len(names)} other profiles"
    return f"{span} on {on}"


def _ascending(found: Mapping[str, Figure]) -> list[tuple[str, Figure]]:
    return sorted(found.items(), key=lambda item: item[1].value)


def factor(ratio: Ratio, of: int, *, brief: bool = False) -> str:
    """By what factor, and on how much evidence; the least of `of` pairs of profiles.

    A ratio below 1 is turned round: it is told from the other side. `brief` leaves out the number
    of pairs behind an interval.
    """
    value, low, high = ratio.value, ratio.low, ratio.high
    if value < 1.0:
        value = 1.0 / value
        low, high = (1.0 / end if end else None for end in (high, low))
    more = " or more" if of > 1 else ""
    told = "more than 1000" if value > MOST else f"{figure(value)}{more}"
    return f"a factor of {told} ({_grounds(ratio, low, high, brief=brief)})"


def _grounds(ratio: Ratio, low: float | None, high: float | None, *, brief: bool) -> str:
    if low is None or high is None:
        return trials_each(ratio.n)
    span = f"{figure(low)} to {figure(high)}"
    if ratio.searched:
        return f"{span} by the 95 % intervals of both searches"
    pairs = "" if brief else f", {count(ratio.n, 'pair')}"
    return f"95 % interval {span}{pairs}"


def trials_each(n: int) -> str:
    """How few trials there are: `one trial each`, `3 trials each`."""
    return "one trial each" if n == 1 else f"{count(n, 'trial')} each"


def common_grounds(ratios: Iterable[Ratio]) -> str:
    """In brackets how few trials there are, where that is all that several ratios rest on."""
    seen = {ratio.n if ratio.low is None else PAIRS for ratio in ratios}
    return f" ({trials_each(seen.pop())})" if len(seen) == 1 and max(seen) < PAIRS else ""


def why_open(ratio: Ratio) -> str:
    """Why a ratio decides nothing."""
    if ratio.low is not None and ratio.high is not None:
        span = f"{figure(ratio.low)} to {figure(ratio.high)}"
        if ratio.searched:
            return f"the 95 % intervals of both searches leave a factor of {span} open"
        return f"the 95 % interval of the factor, {span} over {ratio.n} pairs, leaves it open"
    if not ratio.enough:
        return f"a figure rests on fewer than {REQUESTS} requests"
    each_one = trials_each(ratio.n)
    if ratio.least < ratio.factor and ratio.most > 1.0 / ratio.factor:
        return f"with {each_one}, only a factor of {figure(ratio.factor)} counts"
    if not ratio.apart:
        return f"with {each_one}, less than {ms(LATENCY_APART_MS)} between them decides nothing"
    return f"{each_one} {'is' if ratio.n == 1 else 'are'} too few so near to the bound"

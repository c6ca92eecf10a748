"""Where the choice changes: with more in hand, and with longer waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from loadtests.analysis.advice_basis import Basis
from loadtests.analysis.advice_model import Question, choose, offers
from loadtests.analysis.claims.words import figure, ms

MOST_IN_HAND = 10_000
SHORTEST_MS, LONGEST_MS = 0.1, 10_000.0
STEP = 1.05
SHORT = 2.0
"""A stretch that ends before twice its beginning is a quarrel of equals, and left out."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From which value on a choice holds, up to the next stretch."""

    begins: float
    choice: str


def in_hand(question: Question, basis: Basis) -> tuple[Stretch, ...]:
    """The choices from one request in hand to ten thousand."""
    found = offers(question, basis)

    def at(value: float) -> str:
        return choose(found, round(value))

    return _stretches(at, 1.0, MOST_IN_HAND, whole=True)


def waiting(question: Question, basis: Basis) -> tuple[Stretch, ...]:
    """The choices from a call that takes next to no time to one of ten seconds."""

    def at(value: float) -> str:
        return choose(offers(replace(question, wait_ms=value), basis), question.concurrency)

    return _stretches(at, SHORTEST_MS, LONGEST_MS, whole=False)


def crossover(question: Question, basis: Basis) -> str:
    """Both in words; empty where one choice holds throughout."""
    told = []
    hands = in_hand(question, basis)
    if len(hands) > 1:
        told.append(_told(hands, lambda value: f"{figure(value - 1)} in hand"))
    waits = _long(waiting(question, basis)) if question.fan_out else ()
    if len(waits) > 1:
        told.append(_told(waits, lambda value: _of_waiting(value, question.cpu_ms)))
    return "; ".join(told)


def _of_waiting(value: float, cpu_ms: float) -> str:
    each = f" ({figure(value / cpu_ms)} ms for each ms of CPU)" if cpu_ms > 0.0 else ""
    return f"{ms(value)} of waiting{each}"


def _told(stretches: tuple[Stretch, ...], words: Callable[[float], str]) -> str:
    told = [f"{one.choice} up to {words(after.begins)}" for one, after in pairwise(stretches)]
    return ", ".join([*told, f"{stretches[-1].choice} above"])


def _long(stretches: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    """Without short stretches; neighbours of one choice are one."""
    ends = [*(one.begins for one in stretches[1:]), LONGEST_MS * SHORT]
    kept: list[Stretch] = []
    for one, end in zip(stretches, ends, strict=True):
        if end >= SHORT * one.begins and not (kept and kept[-1].choice == one.choice):
            kept.append(one)
    return tuple(kept)


def _stretches(
    at: Callable[[float], str], low: float, high: float, *, whole: bool
) -> tuple[Stretch, ...]:
    """Walk from low to high, and halve each step in which the choice changes."""
    found = [Stretch(low, at(low))]
    value = low
    while value < high:
        after = min(high, max(value * STEP, value + 1.0) if whole else value * STEP)
        if whole:
            after = float(round(after))
        if at(after) != found[-1].choice:
            found.append(_turn(at, value, after, whole=whole))
        value = after
    return tuple(found)


def _turn(at: Callable[[float], str], low: float, high: float, *, whole: bool) -> Stretch:
    """The least value in a step that has the choice of its end."""
    last = at(high)
    while (high - low > 1.0) if whole else (high / low > 1.001):
        middle = float(round((low + high) / 2.0)) if whole else (low + high) / 2.0
        low, high = (low, middle) if at(middle) == last else (middle, high)
    return Stretch(high, last)

"""Readings that cost processor time, repeated only as often as that is fair."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")

# A reading may use one hundredth of a processor.
_REST = 100


class Costly(Generic[Value]):
    """A reading that is kept for a hundred times as long as it took."""

    def __init__(
        self, read: Callable[[], Value], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._read = read
        self._clock = clock
        self._kept: tuple[Value, float] | None = None

    def __call__(self) -> Value:
        """The last reading, or a new one where that is too old."""
        began = self._clock()
        if self._kept is None or began >= self._kept[1]:
            value = self._read()
            ended = self._clock()
            self._kept = value, ended + _REST * (ended - began)
        return self._kept[0]

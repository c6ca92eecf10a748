"""How deep queues are between two scrapes: sampled often, on a schedule that does not drift."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping

from servers.exporter.book import Key

PERIOD_S = 0.025


class Sampler:
    """Keeps the most that each reading has been since it was last taken."""

    def __init__(self, read: Callable[[], Mapping[Key, float]]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._most: dict[Key, float] = {}

    def sample(self) -> None:
        """Read once."""
        with self._lock:
            self._see()

    def take(self) -> tuple[Mapping[Key, float], Mapping[Key, float]]:
        """What is read now, and the most of everything since the last call, now included."""
        with self._lock:
            now = self._see()
            most, self._most = self._most, {}
        return now, most

    def start(self) -> None:
        """Sample from now on, in a thread that ends with the process."""
        threading.Thread(target=self.run, daemon=True).start()

    def run(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Sample at every multiple of the period; what is already past is left out."""
        due = clock()
        while True:
            self.sample()
            due += PERIOD_S * max(1, math.ceil((clock() - due) / PERIOD_S))
            sleep(max(0.0, due - clock()))

    def _see(self) -> Mapping[Key, float]:
        now = self._read()
        for key, value in now.items():
            self._most[key] = max(value, self._most.get(key, value))
        return now

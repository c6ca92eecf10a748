"""How deep queues are between two scrapes, and how many requests there are on average."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Mapping

from servers.exporter.areas import Areas
from servers.exporter.book import Key

PERIOD_S = 0.025
# Its own: nobody else's chance depends on how often a thread has sampled.
_MOMENTS = random.Random()


class Sampler:
    """Keeps the most that each reading has been since it was last taken.

    Of what `count` reads it keeps the areas over time, by the samples alone.
    """

    def __init__(
        self,
        read: Callable[[], Mapping[Key, float]],
        count: Callable[[], Mapping[Key, float]] = dict,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._count, self._clock = read, count, clock
        self._lock = threading.Lock()
        self._most: dict[Key, float] = {}
        self._areas = Areas()

    def sample(self) -> None:
        """Read once."""
        with self._lock:
            self._areas.add(self._clock(), self._count())
            self._see()

    def take(self) -> tuple[Mapping[Key, float], Mapping[Key, float]]:
        """What is read now, and the most of everything since the last call, now included."""
        with self._lock:
            now = self._see()
            most, self._most = self._most, {}
        return now, most

    def areas(self) -> Mapping[Key, float]:
        """The area under each count, from its first sample to the last one."""
        with self._lock:
            return self._areas.known(self._count())

    def start(self) -> None:
        """Sample from now on, in a thread that ends with the process."""
        threading.Thread(target=self.run, daemon=True).start()

    def run(
        self,
        sleep: Callable[[float], object] = time.sleep,
        chance: Callable[[], float] = _MOMENTS.random,
    ) -> None:
        """Sample once in every period, at a random moment of it; what is past is left out."""
        due = self._clock()
        while True:
            sleep(max(0.0, due + PERIOD_S * chance() - self._clock()))
            self.sample()
            due += PERIOD_S * max(1, math.ceil((self._clock() - due) / PERIOD_S))

    def _see(self) -> Mapping[Key, float]:
        now = self._read()
        for key, value in now.items():
            self._most[key] = max(value, self._most.get(key, value))
        return now

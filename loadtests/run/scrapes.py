"""The scrapes that are kept of one trial, taken at their times from whatever serves metrics."""

from __future__ import annotations

import gzip
import json
import math
from collections import deque

from loadtests.plan import Address, GeneratorPlan
from loadtests.results import TrialFolder
from loadtests.run.world import World

SCRAPE_EVERY_NS = 1_000_000_000
SCRAPE_TIMEOUT_S = 1.0
METRICS = "/metrics"
# The generator works meanwhile on the same processors: packing must be quick.
PACKING = 1


def scrape_times(plan: GeneratorPlan) -> tuple[int, ...]:
    """The start of the measurement window, each second after it, and its end."""
    end_ns = plan.origin_ns + round(plan.measure_s * 1e9)
    return (*range(plan.origin_ns, end_ns, SCRAPE_EVERY_NS), end_ns)


class Scrapes:
    """The scrapes of one trial, taken when they are due from whatever serves metrics."""

    def __init__(self, world: World, address: Address, folder: TrialFolder) -> None:
        self._world, self._address, self._folder = world, address, folder
        self._due: deque[int] = deque()
        self._failed = False

    def await_ready(self) -> None:
        """Wait until it answers. Raises TrialError where it does not."""
        raise NotImplementedError

    def follow(self, plan: GeneratorPlan) -> None:
        """From now on there are scrapes to take: those of the plan's window."""
        self._due.extend(scrape_times(plan))

    def next_s(self) -> float:
        """Seconds until a scrape is due; infinite where none is left."""
        if not self._due:
            return math.inf
        return max(0.0, (self._due[0] - self._world.now_ns()) / 1e9)

    def attend(self) -> None:
        """Keep a scrape if one is due. Raises TrialError where the exporter has died.

        Those that came due since the last look are one; a scrape that fails is left out.
        """
        now_ns = self._world.now_ns()
        if not self._due or self._due[0] > now_ns:
            return
        while self._due and self._due[0] <= now_ns:
            self._due.popleft()
        answer = self._world.fetch(self._address, METRICS, SCRAPE_TIMEOUT_S)
        if answer is None or answer[0] != 200:
            self._failed = True
            return
        line = json.dumps({"at_ns": now_ns, "text": self._kept(answer[1].decode())}) + "\n"
        with gzip.open(self._folder.metrics, "ab", compresslevel=PACKING) as file:
            file.write(line.encode())

    def stop(self, grace_s: float) -> None:
        """End what was started for this trial."""

    def forget_log(self) -> None:
        """Remove its log where that tells nothing."""

    def _kept(self, text: str) -> str:
        return text

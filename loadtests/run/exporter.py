"""The exporter of one trial, and the scrapes that are kept of it.

It reads the ledgers that server and generators write, on the generators' processors: nothing asks
the server while it is measured.
"""

from __future__ import annotations

import gzip
import json
import math
import sys
from collections import deque
from pathlib import Path

from loadtests.plan import GeneratorPlan
from loadtests.results import TrialFolder
from loadtests.run.service import Service
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


class Exporter:
    """An exporter that has been started; it must be stopped, whatever happens."""

    def __init__(
        self, world: World, ledgers: Path, folder: TrialFolder, cpus: frozenset[int] | None
    ) -> None:
        self._world, self._folder = world, folder
        self._port = world.free_port()
        argv = [sys.executable, "-m", "servers.exporter"]
        argv += ["--ledgers", str(ledgers), "--port", str(self._port)]
        log = folder.exporter_log
        self._service = Service(world, "the exporter", argv, {}, folder, log, cpus)
        self._due: deque[int] = deque()
        self._failed = False

    def await_ready(self) -> None:
        """Wait until it answers. Raises TrialError where it does not."""
        self._service.await_answer(self._port, METRICS)

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
        self._service.require_running("died during the trial")
        now_ns = self._world.now_ns()
        if not self._due or self._due[0] > now_ns:
            return
        while self._due and self._due[0] <= now_ns:
            self._due.popleft()
        answer = self._world.fetch(self._port, METRICS, SCRAPE_TIMEOUT_S)
        if answer is None or answer[0] != 200:
            self._failed = True
            return
        line = json.dumps({"at_ns": now_ns, "text": answer[1].decode()}) + "\n"
        with gzip.open(self._folder.metrics, "ab", compresslevel=PACKING) as file:
            file.write(line.encode())

    def forget_log(self) -> None:
        """Remove its log, unless that may tell why a scrape has failed."""
        if not self._failed:
            self._folder.exporter_log.unlink(missing_ok=True)

    def stop(self, grace_s: float) -> None:
        """End it."""
        self._service.stop(grace_s)

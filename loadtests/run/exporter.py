"""The exporter of one trial.

It reads the ledgers that server and generators write, on the generators' processors: nothing asks
the server while it is measured.
"""

from __future__ import annotations

import sys
from pathlib import Path

from loadtests.plan import Address
from loadtests.results import TrialFolder
from loadtests.run.scrapes import METRICS, Scrapes
from loadtests.run.service import Service
from loadtests.run.world import World


class Exporter(Scrapes):
    """An exporter that has been started; it must be stopped, whatever happens."""

    def __init__(
        self, world: World, ledgers: Path, folder: TrialFolder, cpus: frozenset[int] | None
    ) -> None:
        super().__init__(world, Address(world.free_port()), folder)
        argv = [sys.executable, "-m", "servers.exporter"]
        argv += ["--ledgers", str(ledgers), "--port", str(self._address.port)]
        log = folder.exporter_log
        self._service = Service(world, "the exporter", argv, {}, folder, log, cpus)

    def await_ready(self) -> None:
        """See Scrapes."""
        self._service.await_answer(self._address, METRICS)

    def attend(self) -> None:
        """See Scrapes."""
        self._service.require_running("died during the trial")
        super().attend()

    def forget_log(self) -> None:
        """Remove its log, unless that may tell why a scrape has failed."""
        if not self._failed:
            self._folder.exporter_log.unlink(missing_ok=True)

    def stop(self, grace_s: float) -> None:
        """End it."""
        self._service.stop(grace_s)

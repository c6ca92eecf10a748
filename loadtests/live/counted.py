"""What the workers of a twin count, read from their ledgers while they run."""

from __future__ import annotations

from pathlib import Path

from loadtests.live.seen import Server
from servers.ledger import SUFFIX, LedgerError, Reader

BEGUN, ENDED = "testbed_worker_begun_requests_total", "testbed_requests_total"
WAITING = "testbed_pool_waiting_requests"


class Counted:
    """The ledgers of one twin in a folder of its own; those of ended workers count nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._readers: dict[Path, Reader] = {}

    def server(self, pids: frozenset[int], cpu_s: float | None) -> Server:
        """What they say now; `pids` are the processes that live, `cpu_s` what these have used."""
        begun = ended = 0.0
        pools: dict[str, float] = {}
        for path in self._folder.glob(f"*{SUFFIX}"):
            reader = self._reader(path)
            if reader is None or reader.owner.pid not in pids:
                continue
            for series in reader.series():
                if series.name == BEGUN:
                    begun += series.cells[0]
                elif series.name == ENDED:
                    ended += series.cells[0]
                elif series.name == WAITING:
                    pool = series.labels["pool"]
                    pools[pool] = pools.get(pool, 0.0) + series.cells[0]
        waiting, pool = max(((count, name) for name, count in pools.items()), default=(0.0, ""))
        return Server(max(round(begun - ended), 0), cpu_s, pool, round(waiting))

    def close(self) -> None:
        """Let go of the files."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _reader(self, path: Path) -> Reader | None:
        if path not in self._readers:
            try:
                self._readers[path] = Reader(path)
            except LedgerError:
                # It has hardly begun: the next look finds it.
                return None
        return self._readers[path]

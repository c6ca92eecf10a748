"""A twin of the session: its server, which can be restarted, and what is known of its life.

Rule: `attend` is called often and returns soon; nothing here waits for a server.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Literal

from loadtests.live.counted import Counted
from loadtests.live.seen import Server
from loadtests.plan import Address
from loadtests.run.child import Child
from loadtests.run.world import World
from servers.budget import NOTHING, Budget, Dependencies
from servers.profiles import PROFILES

State = Literal["starting", "running", "ended"]
GRACE_S = 0.3
"""What a server that is replaced gets to end: its requests would be no part of any figure."""
READY_S = 30.0
LOOK_S = 0.2
USAGE_NS = 1_000_000_000


class Twin:
    """The server of one profile on one port. Times are the world's, in nanoseconds."""

    def __init__(
        self,
        world: World,
        profile: str,
        port: int,
        folder: Path,
        cpus: frozenset[int] | None,
        dependencies: Dependencies = NOTHING,
    ) -> None:
        self.profile = profile
        self.address = Address(port)
        self.state: State = "ended"
        self.why = ""
        """What has happened to it, where it has ended by itself."""
        self.budget = Budget()
        self._world, self._log, self._cpus = world, folder / f"{profile}-{port}.log", cpus
        self._dependencies = dependencies
        self._child: Child | None = None
        self._ledgers: Path | None = None
        self._since_ns = self._used_ns = 0
        self._counted = Counted(folder)
        self._cpu_s: float | None = None
        self._pids: frozenset[int] = frozenset()

    def start(self, budget: Budget) -> None:
        """Start it, in place of the one that runs."""
        self.stop()
        # A folder of its own, where whoever exports what runs here finds it.
        self._ledgers = self._world.make_folder()
        self.budget = budget
        row = PROFILES[self.profile]
        self._child = self._world.start(
            row.command(self.address.port, budget),
            row.environment(budget, "on", str(self._ledgers), self._dependencies),
            self._log,
            self._cpus,
        )
        self._counted = Counted(self._ledgers)
        self._since_ns, self._used_ns, self._cpu_s = self._world.now_ns(), 0, None
        self._pids = frozenset()
        self.state, self.why = "starting", ""

    def attend(self) -> bool:
        """Look after it; True where it has just become ready."""
        if self._child is None or self.state == "ended":
            return False
        code = self._child.poll()
        if code is not None:
            self._end(end_of(self._child, code))
            return False
        self._use()
        if self.state == "running":
            return False
        answer = self._world.fetch(self.address, "/healthz", LOOK_S)
        if answer is not None and answer[0] == 200:
            self.state = "running"
            return True
        if self._world.now_ns() - self._since_ns > READY_S * 1e9:
            self._end(_with_last_words(self._child, f"was not ready after {READY_S:g} s"))
        return False

    def server(self) -> Server:
        """What it says of itself, and what it has used."""
        return self._counted.server(self._pids, self._cpu_s)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._child is not None:
            self._child.stop(GRACE_S)
            self._counted.close()
            self._child = None
        if self._ledgers is not None:
            self._world.remove_folder(self._ledgers)
            self._ledgers = None
        self.state = "ended"

    def _use(self) -> None:
        """What its processes have used: looked up now and then, for that takes a while."""
        now_ns = self._world.now_ns()
        if self._child is None or now_ns - self._used_ns < USAGE_NS:
            return
        usage = self._world.usage(self._child.pid)
        self._pids = frozenset(usage.cpu_s)
        self._cpu_s = sum(usage.cpu_s.values())
        self._used_ns = now_ns

    def _end(self, why: str) -> None:
        self.stop()
        self.why = why


def end_of(child: Child, code: int) -> str:
    """How a process has ended, with what it wrote last where that may say why."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    what = f"ended with exit code {code}"
    return _with_last_words(child, what) if code else what


def _with_last_words(child: Child, what: str) -> str:
    tail = child.tail().strip()
    return f"{what}: {tail.splitlines()[-1].strip()}" if tail else what

"""What both twins of a session call: one downstream service, for as long as the session lives."""

from __future__ import annotations

from pathlib import Path

from loadtests.downstream import Downstream
from loadtests.live.twin import GRACE_S, end_of
from loadtests.plan import Address
from loadtests.run.child import Child
from loadtests.run.downstream import command
from loadtests.run.world import World
from servers.budget import Dependencies

PAUSE_S = 5.0
"""The least time from one start to the next, and for how long it is said that it had ended."""


class Called:
    """A downstream service on a port; whoever starts it must stop it.

    It answers in just the time that it is asked for: what spreads on the page is by the twins.
    """

    def __init__(
        self, world: World, port: int, folder: Path, cpus: frozenset[int] | None = None
    ) -> None:
        self._world, self._folder, self._cpus = world, folder, cpus
        self._address = Address(port)
        self._child: Child | None = None
        self._started_ns: int | None = None
        self.why = ""
        """What has happened to it, where it has ended by itself and not run for long since."""

    @property
    def dependencies(self) -> Dependencies:
        """What the twins are told."""
        return Dependencies(downstream=f"http://{self._address.host}:{self._address.port}")

    def attend(self) -> None:
        """Start it where it does not run: at first, and where it has ended, but not incessantly."""
        now_ns, before_ns = self._world.now_ns(), self._started_ns
        paused = before_ns is None or now_ns - before_ns >= PAUSE_S * 1e9
        if self._child is not None:
            code = self._child.poll()
            if code is None:
                self.why = "" if paused else self.why
                return
            self.why = f"the service that both twins call {end_of(self._child, code)}"
            self.stop()
        if paused:
            # Its counts lie beside those of others, for whoever exports what runs here.
            argv = command(self._address.port, 0, Downstream(), self._folder)
            self._child = self._world.start(argv, {}, self._folder / "downstream.log", self._cpus)
            self._started_ns = now_ns

    def stop(self) -> None:
        """End it, if it runs."""
        if self._child is not None:
            self._child.stop(GRACE_S)
            self._child = None

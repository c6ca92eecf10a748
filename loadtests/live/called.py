"""What both twins of a session call: one downstream service, for as long as the session lives."""

from __future__ import annotations

from pathlib import Path

from loadtests.backing import Downstream
from loadtests.live.twin import GRACE_S
from loadtests.plan import Address
from loadtests.run.child import Child
from loadtests.run.downstream import command
from loadtests.run.world import World
from servers.budget import Dependencies


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

    @property
    def dependencies(self) -> Dependencies:
        """What the twins are told."""
        return Dependencies(downstream=f"http://{self._address.host}:{self._address.port}")

    def attend(self) -> None:
        """Start it where it does not run: at first, and again should it have ended by itself."""
        if self._child is not None and self._child.poll() is None:
            return
        self.stop()
        # Its counts lie beside those of others, for whoever exports what runs here.
        argv = command(self._address.port, 0, Downstream(), self._folder)
        self._child = self._world.start(argv, {}, self._folder / "downstream.log", self._cpus)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._child is not None:
            self._child.stop(GRACE_S)
            self._child = None

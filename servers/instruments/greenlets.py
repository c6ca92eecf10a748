"""The unit of gevent's worker: one thread, which its greenlets hand to one another.

Rule: gevent is imported in a process that it has patched, and in no other.
"""

from __future__ import annotations

import sys
from typing import Any

from servers.instruments.meter import Meter
from servers.instruments.request import MeasuredRequest
from servers.instruments.unit import Unit, unit_of_one

SWITCHES: dict[int, Switches] = {}
"""By thread: what tells apart for which request its greenlets work."""


def are_used() -> bool:
    """Whether this process runs its requests in greenlets."""
    monkey = sys.modules.get("gevent.monkey")
    return bool(monkey and monkey.is_module_patched("socket"))


def native_thread() -> int:
    """The id of this thread as the system's threads know it, whatever gevent has patched."""
    from gevent.monkey import get_original

    return int(get_original("_thread", "get_ident")())


def switching(meter: Meter) -> Switches:
    """The unit of this thread, told of every switch between its greenlets from now on."""
    from greenlet import getcurrent, gettrace, settrace

    unit = unit_of_one(meter, native_thread(), "greenlets")
    switches = Switches(unit, getcurrent, gettrace())
    settrace(switches.trace)
    SWITCHES[native_thread()] = switches
    return switches


class Switches:
    """Which greenlet works for which request: a request runs while its greenlet does."""

    def __init__(self, unit: Unit, getcurrent: Any, before: Any) -> None:
        self._unit, self._getcurrent, self._before = unit, getcurrent, before
        self._owners: dict[Any, MeasuredRequest] = {}

    def unit(self) -> Unit:
        """The thread of all greenlets."""
        return self._unit

    def begin(self, request: MeasuredRequest) -> None:
        """The running greenlet works for the request."""
        self._owners[self._getcurrent()] = request

    def end(self) -> None:
        """It does so no more."""
        self._owners.pop(self._getcurrent(), None)

    def trace(self, event: str, args: Any) -> None:
        """Called by greenlet at every switch, with the greenlets left and taken up."""
        origin, target = args
        if (request := self._owners.get(origin)) is not None:
            request.pause()
        if (request := self._owners.get(target)) is not None:
            request.resume()
        if self._before is not None:
            self._before(event, args)

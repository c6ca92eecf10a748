"""One request on its way: from its intended time to its fate."""

from __future__ import annotations

from collections.abc import Callable

from loadtests.samples import NEVER


class Exchange:
    """Times are nanoseconds of the monotonic clock; `then` is called when the fate is known."""

    __slots__ = ("connect_ns", "intended_ns", "reused", "sent_ns", "target", "then")

    def __init__(
        self, target: int, intended_ns: int, then: Callable[[bool], None] | None = None
    ) -> None:
        self.target = target
        self.intended_ns = intended_ns
        self.then = then
        self.sent_ns = NEVER
        self.connect_ns = NEVER
        self.reused = False

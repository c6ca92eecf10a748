"""One request on its way: from its intended time to its fate."""

from __future__ import annotations

from collections.abc import Callable

from loadtests.samples import NEVER

Then = Callable[[bool, int], None]
"""Called when a request's fate is known: whether it completed, and when that was known."""


class Exchange:
    """Times are nanoseconds of the monotonic clock. A connection uses one again and again.

    `request` is what is sent: all of it, or where the request is `asked` for its split all but
    its stamp and its end.
    """

    __slots__ = (
        "asked",
        "connect_ns",
        "intended_ns",
        "request",
        "reused",
        "sent_ns",
        "target",
        "then",
    )

    def __init__(
        self,
        target: int,
        intended_ns: int,
        then: Then | None = None,
        request: bytes = b"",
        asked: bool = False,
    ) -> None:
        self.target = target
        self.intended_ns = intended_ns
        self.then = then
        self.request = request
        self.asked = asked
        self.sent_ns = NEVER
        self.connect_ns = NEVER
        self.reused = False

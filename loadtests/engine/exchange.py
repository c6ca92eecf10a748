"""One request on its way: from its intended time to its fate."""

from __future__ import annotations

from collections.abc import Callable

from loadtests.samples import NEVER

Then = Callable[[bool, int], None]
"""Called when a request's fate is known: whether it completed, and when that was known."""


class Exchange:
    """Times are nanoseconds of the monotonic clock. A connection uses one again and again.

    `request` is what is sent, or where it is `asked` for its split a format that its stamp makes
    whole.
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


class Visit(Exchange):
    """A request of a client with ways of its own: how often it asked, and when it was accepted.

    `accepted_ns` is 0 where the answer was not that the work will be done later.
    """

    __slots__ = ("accepted_ns", "attempts")

    def __init__(self, target: int, intended_ns: int, then: Then | None, asked: bool) -> None:
        super().__init__(target, intended_ns, then, asked=asked)
        self.attempts = 1
        self.accepted_ns = 0

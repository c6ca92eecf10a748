"""Clients of an asynchronous worker that leave while a measured request of theirs goes on.

Handlers do not listen for that while they compute or block, as those of most services do not. So
the instruments ask the server, which knows at once unless the loop is held, and then the kernel.
Nobody is stopped.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from servers.instruments import sockets

if TYPE_CHECKING:
    from servers.instruments.request import MeasuredRequest

UNDER_WAY: dict[MeasuredRequest, Any] = {}
"""The measured requests of this process's loop, and the server's own object for each."""
AT_ONCE = 500
HELD_NS = 1_000_000
"""A step that long may have kept the loop from hearing that a client has left."""


def server_of(receive: Any) -> Any:
    """The server's object for one request; None where it is not one that is known here."""
    return getattr(receive, "__self__", None)


class Departures:
    """Looks again and again who has left: at some hundred requests each time, in turns."""

    def __init__(self) -> None:
        self._turn = 0

    def look(self) -> None:
        """Look now."""
        found = list(UNDER_WAY.items())
        turns = len(found) // AT_ONCE + 1
        self._turn = (self._turn + 1) % turns
        now_ns = perf_counter_ns()
        for request, server in found[self._turn :: turns]:
            if not request.left_ns and _has_left(server):
                request.left_ns = now_ns


def look(request: MeasuredRequest, receive: Any) -> None:
    """Look a last time, when the request is about to be answered in the step that runs."""
    if request.left_ns:
        return
    server = server_of(receive)
    if _has_left(server):
        request.left_ns = request.answered_ns
    elif request.answered_ns - request.step_from_ns > HELD_NS:
        # uvicorn keeps a request's connection with it, gunicorn its protocol.
        transport = getattr(getattr(server, "protocol", server), "transport", None)
        since_ns = transport and sockets.left_ns(transport.get_extra_info("socket"))
        if since_ns is not None:
            request.left_ns = request.answered_ns - since_ns


def _has_left(server: Any) -> bool:
    try:
        # uvicorn's word; to ask for it in the usual way is the quickest.
        return bool(server.disconnected)
    except AttributeError:
        return bool(getattr(getattr(server, "protocol", None), "_closed", False))

"""Whether a client has left, as the kernel knows of its connection. Linux only: else nobody knows.

Who has closed one direction has left, as far as this goes: no client of HTTP closes only one.
"""

from __future__ import annotations

import errno
import socket
import struct
from typing import Any

_INFO = getattr(socket, "TCP_INFO", None)
# The kernel's numbers of the states of a connection: reset, and closed by the other side.
_CLOSE, _CLOSE_WAIT = 7, 8
_LAST_ACK_RECEIVED_MS = struct.Struct("=56xI")


def left_ns(connection: Any) -> int | None:
    """Before anything was sent: since when the client has left; None where it is still there.

    Its FIN is the last thing that the kernel has had acknowledged by it. Of a connection that was
    reset, and had not been closed before, it is not known since when: 0 then.
    """
    state = _state(connection)
    if state == _CLOSE:
        error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return 0 if error == errno.ECONNRESET else _silent_ns(connection)
    return _silent_ns(connection) if state == _CLOSE_WAIT else None


def broken_ns(connection: Any) -> int | None:
    """After something was sent: since when nothing of it has arrived; None where it does.

    Who has had the whole answer and closed does not count: only what is sent after that is
    answered by a reset.
    """
    return _silent_ns(connection) if _state(connection) == _CLOSE else None


def _state(connection: Any) -> int:
    try:
        if _INFO is None or connection is None:
            return 0
        # The first byte alone is all that most requests need.
        return int(connection.getsockopt(socket.IPPROTO_TCP, _INFO, 1)[0])
    except OSError:
        return 0


def _silent_ns(connection: Any) -> int:
    info = connection.getsockopt(socket.IPPROTO_TCP, _INFO, _LAST_ACK_RECEIVED_MS.size)
    (ms,) = _LAST_ACK_RECEIVED_MS.unpack(info)
    return int(ms) * 1_000_000

"""uvicorn's own command line, with TCP_NODELAY on a listening socket that workers share.

With several workers uvicorn binds a socket whose protocol number is 0. asyncio then does not
see that it is TCP and leaves Nagle's algorithm on, which can hold an answer for about 40 ms.
Accepted connections inherit the option from the listening socket.
"""

from __future__ import annotations

import socket


def main() -> None:
    """Run uvicorn with the arguments of this process."""
    # Imported late: each spawned pool process imports this module again, and needs no server.
    import uvicorn

    bind = uvicorn.Config.bind_socket

    def bind_without_delay(self: uvicorn.Config) -> socket.socket:
        listener = bind(self)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener

    uvicorn.Config.bind_socket = bind_without_delay  # type: ignore[method-assign]
    uvicorn.main()


if __name__ == "__main__":
    main()

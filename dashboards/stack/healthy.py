"""Whether a service of the stack answers: `python -SI healthy.py PORT PATH` exits 0 or 1.

Rule: it imports little, since it starts every few seconds beside what is watched.
"""

from __future__ import annotations

import socket
import sys

TIMEOUT_S = 2.0


def healthy(port: int, path: str) -> bool:
    """Whether what listens on this host's port answers a GET with 200."""
    request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
            connection.sendall(request.encode())
            answer = connection.recv(64)
    except OSError:
        return False
    return answer.split(b" ")[1:2] == [b"200"]


if __name__ == "__main__":
    sys.exit(not healthy(int(sys.argv[1]), sys.argv[2]))

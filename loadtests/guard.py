"""The target guard: load goes to this machine and to the stack's own services.

Any other host must be named by a person who answers for it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

STACK_VARIABLE = "TESTBED_STACK_HOSTS"
"""The names of the stack's own services, separated by commas: the stack itself sets it."""


class RefusedError(Exception):
    """A target that no load may go to: names it, and what a person can do."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where load may go: the name for the Host header, and the address that was checked."""

    name: str
    address: str
    port: int


def check(url: str, allowed: Sequence[str] = ()) -> Target:
    """The target of an `http://` URL. Raises RefusedError where load must not go there."""
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise RefusedError(f"{url}: give the target as http://HOST:PORT")
    try:
        port = parts.port or 80
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise RefusedError(f"{url}: {error}") from None
    addresses = [str(entry[4][0]) for entry in found]
    _require_ours(parts.hostname, addresses, allowed)
    return Target(parts.hostname, addresses[0], port)


def check_database(url: str, allowed: Sequence[str] = ()) -> str:
    """Where a `postgresql://` URL leads, as `host:port/name`: without user and password.

    Raises RefusedError where no load must go there.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.hostname or parts.query:
        raise RefusedError(
            "DATABASE_URL must be postgresql://USER:PASSWORD@HOST:PORT/NAME, without options"
        )
    try:
        port = parts.port or 5432
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise RefusedError(f"DATABASE_URL: {parts.hostname}: {error}") from None
    _require_ours(parts.hostname, [str(entry[4][0]) for entry in found], allowed)
    return f"{parts.hostname}:{port}{parts.path}"


def _require_ours(host: str, addresses: Sequence[str], allowed: Sequence[str]) -> None:
    stack = [name for name in os.environ.get(STACK_VARIABLE, "").split(",") if name]
    local = all(ipaddress.ip_address(address).is_loopback for address in addresses)
    if not local and host not in (*stack, *allowed):
        raise RefusedError(
            f"{host} is not this machine: a load test of somebody else's server is an attack. If "
            f"it is yours, or you may load it, say so: --allow-host {host}"
        )

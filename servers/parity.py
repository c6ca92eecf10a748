"""What this worker really is: from the live server and the kernel, never from our arguments."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping

from servers import kernel, live_servers
from servers.contract import FACTS


def facts(pools: Mapping[str, object], profile: str) -> dict[str, object]:
    """All of `contract.FACTS`; what cannot be read is null.

    `pools` are the facts that only the twin has: its pools' sizes and their use. `profile` is what
    the worker was told that it is a part of. Call it
    where requests are handled, so that the running loop is theirs.
    """
    server = live_servers.of_uvicorn() or live_servers.of_gunicorn()
    known = server | dict(pools) | _of_process() | {"profile": profile or None}
    return {name: known.get(name) for name in FACTS}


def _of_process() -> dict[str, object]:
    monkey = sys.modules.get("gevent.monkey")
    return {
        "pid": os.getpid(),
        "loop": _loop(),
        "backlog": kernel.accept_limit(),
        "tcp_nodelay": kernel.accepted_without_delay(),
        "monkey_patched": bool(monkey and monkey.is_module_patched("socket")),
    }


def _loop() -> str | None:
    try:
        return live_servers.class_name(asyncio.get_running_loop())
    except RuntimeError:
        return None

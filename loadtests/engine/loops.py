"""The engine's event loop: uvloop where it is installed, asyncio's own elsewhere."""

from __future__ import annotations

import asyncio
import importlib.util
import selectors
import sys
from typing import Any


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop for a native thread, also in a process that gevent has patched."""
    if importlib.util.find_spec("uvloop") is not None:
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop
    return asyncio.SelectorEventLoop(_selector())


def _selector() -> selectors.BaseSelector:
    """The platform's selector; gevent, where it is loaded, has put its own in that place."""
    monkey: Any = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("selectors"):
        original: type[selectors.BaseSelector] = monkey.get_original("selectors", "DefaultSelector")
        return original()
    return selectors.DefaultSelector()

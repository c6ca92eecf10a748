"""Who watches: every browser gets the newest frame, and nobody waits for a slow one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

OVER = None
QUIET_S = 15.0
"""After so long without a frame a browser is sent something, so that a lost one is noticed."""


class Viewers:
    """The open streams of events. `count` of them are looked at."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str | None]] = set()

    @property
    def count(self) -> int:
        """How many watch now."""
        return len(self._queues)

    def tell(self, kind: str, message: Mapping[str, Any]) -> None:
        """Send an event to all; who has not read the last one gets this instead."""
        text = event(kind, message)
        for queue in self._queues:
            _put(queue, text)

    def close(self) -> None:
        """End every stream."""
        for queue in self._queues:
            _put(queue, OVER)

    async def events(self, first: str) -> AsyncIterator[str]:
        """The stream of one browser."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(1)
        self._queues.add(queue)
        try:
            yield first
            while True:
                try:
                    text = await asyncio.wait_for(queue.get(), QUIET_S)
                except TimeoutError:
                    text = ": nothing new\n\n"
                if text is OVER:
                    return
                yield text
        finally:
            self._queues.discard(queue)


def event(kind: str, message: Mapping[str, Any]) -> str:
    """An event of a stream of server-sent events."""
    return f"event: {kind}\ndata: {json.dumps(message, separators=(',', ':'))}\n\n"


def _put(queue: asyncio.Queue[str | None], text: str | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(text)

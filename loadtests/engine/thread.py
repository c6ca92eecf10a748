"""The engine on a loop of its own in a native thread, for callers on another.

Rule: everything that touches the engine happens on its loop, in the order in which it was asked
for. Callers hand over work, and read what was recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter_ns

from loadtests.engine.dispatcher import Dispatcher
from loadtests.engine.engine import Engine
from loadtests.engine.loops import new_event_loop
from loadtests.engine.recorder import Recorder
from loadtests.engine.streams import Stream
from loadtests.engine.users import ClosedUser
from loadtests.guard import Target


class EngineThread:
    """One engine per process. `run` is the body of its thread and returns after `finish`.

    `names` are the targets by number, as they shall be counted.
    """

    def __init__(self, target: Target, max_in_flight: int) -> None:
        self.names: list[str] = []
        self.recorder = Recorder(perf_counter_ns())
        self.ended = False
        self._host = f"{target.name}:{target.port}"
        self._loop = new_event_loop()
        self._engine = Engine(target.address, target.port, self.recorder, max_in_flight)
        self._dispatcher = Dispatcher(self._engine, self._loop)
        self._finish = asyncio.Event()
        self._drain_s = 0.0

    def run(self) -> None:
        """The thread's whole life."""
        try:
            self._loop.run_until_complete(self._live())
        finally:
            self._loop.close()
            self.recorder.close()
            self.ended = True

    def number(self, url: str) -> int:
        """The number of a request target; a new one is added."""
        if url not in self.names:
            self.names.append(url)
            self._do(lambda: self._engine.add_target(url, self._host))
        return self.names.index(url)

    def add_stream(self, stream: Stream) -> Callable[[], None]:
        """Keep an open stream from now on; what is returned stops it."""
        self._do(lambda: self._dispatcher.add(stream))
        return lambda: self._do(lambda: self._dispatcher.remove(stream))

    def add_user(self, make: Callable[[Engine], ClosedUser], after_s: float) -> Callable[[], None]:
        """Make a closed user on the engine's loop and start it later; what is returned stops it."""
        made: list[ClosedUser] = []

        def start() -> None:
            made.append(make(self._engine))
            made[0].start(after_s)

        self._do(start)
        return lambda: self._do(lambda: made[0].stop())

    def finish(self, drain_s: float) -> None:
        """Issue no more, wait up to `drain_s` for what is under way, and end the thread."""
        self._drain_s = drain_s
        self._do(self._finish.set)

    def _do(self, work: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(work)

    async def _live(self) -> None:
        await self._finish.wait()
        self._dispatcher.close()
        await self._engine.drain(self._drain_s)

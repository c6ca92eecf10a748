"""The engine on a loop of its own in a native thread, for callers on another.

Rule: everything that touches the engine happens on its loop, in the order in which it was asked
for. Callers hand over work, and read what was recorded and counted.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from time import perf_counter_ns

from loadtests import guard
from loadtests.engine.dispatcher import Dispatcher
from loadtests.engine.engine import Engine
from loadtests.engine.loops import new_event_loop
from loadtests.engine.recorder import Recorder
from loadtests.engine.stamps import Stamps
from loadtests.engine.streams import Arrivals
from loadtests.engine.users import ClosedUser
from loadtests.plan import ArrivalStream, Target


class EngineThread:
    """One engine per process. `run` is the body of its thread and returns after `finish`.

    `targets` are those that were asked for, by number.
    """

    def __init__(self, server: guard.Target, max_in_flight: int, stamped_rps: float) -> None:
        self.targets: list[Target] = []
        self.recorder = Recorder(perf_counter_ns())
        self.ended = False
        self._host = f"{server.name}:{server.port}"
        self._loop = new_event_loop()
        self._stamps = Stamps(stamped_rps, random.Random())
        self.engine = Engine(
            server.address, server.port, self.recorder, max_in_flight, self._stamps
        )
        self._dispatcher = Dispatcher(self.engine, self._loop)
        self._finish = asyncio.Event()
        self._drain_s = 0.0
        self._under_way: list[tuple[int, int]] = []
        self._looked = threading.Event()

    def run(self) -> None:
        """The thread's whole life."""
        self.engine.thread = threading.get_native_id()
        try:
            self._loop.run_until_complete(self._live())
        finally:
            self._loop.close()
            self.recorder.close()
            self.ended = True

    def target(
        self, stream: str, url: str, weight: float, method: str = "GET", body_bytes: int = 0
    ) -> Target:
        """A request that a stream may send; it has the number of its like where there is one."""
        wanted = (stream, url, method, body_bytes)
        like = [t for t in self.targets if (t.stream, t.url, t.method, t.body_bytes) == wanted]
        target = Target(
            number=like[0].number if like else len(self.targets),
            stream=stream,
            path=url.partition("?")[0],
            url=url,
            weight=weight,
            method=method,
            body_bytes=body_bytes,
        )
        if not like:
            self.targets.append(target)
            self._do(lambda: self.engine.add_target(url, self._host, method, body_bytes))
        return target

    def add_stream(
        self,
        stream: ArrivalStream,
        start_ns: int | None = None,
        rng: random.Random | None = None,
    ) -> Callable[[], None]:
        """Keep an open stream from now on; what is returned stops it.

        Two engines that get the same start and the same randomness keep the same times.
        """
        start_ns = perf_counter_ns() if start_ns is None else start_ns
        arrivals = Arrivals(stream, start_ns, rng or random.Random())

        def start() -> None:
            self._stamps.add_open(stream.rate)
            self._dispatcher.add(arrivals)

        def stop() -> None:
            self._stamps.add_open(-stream.rate)
            self._dispatcher.remove(arrivals)

        self._do(start)
        return lambda: self._do(stop)

    def add_user(self, make: Callable[[Engine], ClosedUser], after_s: float) -> Callable[[], None]:
        """Make a closed user on the engine's loop and start it later; what is returned stops it."""
        made: list[ClosedUser] = []

        def start() -> None:
            made.append(make(self.engine))
            made[0].start(after_s)

        self._do(start)
        return lambda: self._do(lambda: made[0].stop())

    def issue(self, target: Target, at_ns: int) -> None:
        """Send one request, intended for `at_ns`, as soon as the loop comes round."""
        self._do(lambda: self.engine.issue(target.number, at_ns))

    def look(self, patience_s: float) -> list[tuple[int, int]]:
        """What is under way: targets and intended times.

        A loop that does not come round within `patience_s` has last answered an earlier look.
        """

        def note() -> None:
            self._under_way = self.engine.under_way()
            self._looked.set()

        self._looked.clear()
        self._do(note)
        self._looked.wait(patience_s)
        return self._under_way

    def finish(self, drain_s: float) -> None:
        """Issue no more, wait up to `drain_s` for what is under way, and end the thread."""
        self._drain_s = drain_s
        self._do(self._finish.set)

    def _do(self, work: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(work)

    async def _live(self) -> None:
        await self._finish.wait()
        self._dispatcher.close()
        await self.engine.drain(self._drain_s)

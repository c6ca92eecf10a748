"""The load of a session: the same requests at the same times for both twins, until they change."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from loadtests.engine.metrics import client_ledger
from loadtests.engine.recorder import Reader
from loadtests.engine.schedule import choices
from loadtests.engine.thread import EngineThread
from loadtests.engine.users import ClosedUser
from loadtests.engine.watch import Watch, of_engine
from loadtests.guard import Target as Place
from loadtests.live.controls import THINK_S, Controls
from loadtests.live.seen import ONCE, Seen, Waiting, seen_of
from loadtests.matrix import BYSTANDER, LOAD
from loadtests.plan import STAMPED_RPS, Address, ArrivalStream
from loadtests.workload import Request

ASIDE_RPS = 10.0
MAX_IN_FLIGHT = 3000
"""Under way at one twin: at the highest rate a server that stands still has them in six seconds."""
RECENT, FEWEST = 400, 200
"""Requests by which the lateness is judged: one late one of a hundred is not yet worth a banner."""
END_S = 2.0
PATIENCE_S = 0.05
"""How long a look at the engine may take: more is the generator's fault, and its gates show it."""


class Load:
    """The load on one twin. It is its own engine's, on a loop in a thread of its own."""

    def __init__(self, address: Address, origin_ns: int, profile: str) -> None:
        place = Place(address.host, address.host, address.port)
        self._engine = EngineThread(place, MAX_IN_FLIGHT, STAMPED_RPS)
        self._reader = Reader(self._engine.recorder)
        self._profile = profile
        self._watch = self._watching()
        self._origin_ns = origin_ns
        self._stops: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._engine.run, daemon=True)
        self._thread.start()

    def begin(self, controls: Controls, seed: str, start_ns: int) -> None:
        """Ask for this instead of what was asked for before, and for the bystander beside it."""
        self.stop()
        # What was wrong with another load says nothing of this one.
        self._watch = self._watching()
        rng = random.Random(seed)
        aside = self._engine.target(BYSTANDER, "/hello", 1.0)
        stream = ArrivalStream(
            name=BYSTANDER, arrivals="constant", rate=ASIDE_RPS, targets=(aside,)
        )
        self._stops.append(
            self._engine.add_stream(stream, start_ns, random.Random(f"{seed}/aside"))
        )
        targets = tuple(self._engine.target(LOAD, r.url, r.weight) for r in controls.requests)
        if controls.mode == "open":
            stream = ArrivalStream(
                name=LOAD, arrivals="poisson", rate=float(controls.rate), targets=targets
            )
            self._stops.append(self._engine.add_stream(stream, start_ns, rng))
            return
        draws = choices(targets, rng)
        for _ in range(controls.users):
            after_s = rng.random() * THINK_S
            self._stops.append(
                self._engine.add_user(lambda engine: ClosedUser(engine, draws, THINK_S), after_s)
            )

    def once(self, request: Request, at_ns: int) -> None:
        """Send one request beside all others."""
        self._engine.issue(self._engine.target(ONCE, request.url, request.weight), at_ns)

    def stop(self) -> None:
        """Ask for nothing more; what is under way goes on."""
        for stop in self._stops:
            stop()
        self._stops.clear()

    def news(self) -> list[Seen]:
        """The requests that have ended since the last look."""
        found: list[Seen] = []
        engine = self._engine
        for rows, _ in self._reader.news():
            self._watch.merge(rows)
            found += seen_of(rows, engine.targets, engine.recorder.origin_ns, self._origin_ns)
        self._watch.tick(of_engine(engine.engine))
        return found

    def waiting(self) -> list[Waiting]:
        """The requests that are under way."""
        targets = self._engine.targets
        found = []
        for number, at_ns in self._engine.look(PATIENCE_S):
            stream = targets[number].stream
            at_ms = (at_ns - self._origin_ns) / 1e6
            found.append(Waiting(at_ms, stream == BYSTANDER, stream != ONCE))
        return found

    @property
    def tripped(self) -> tuple[str, ...]:
        """The gates that are up: what spoils the measurement now."""
        return self._watch.up

    def _watching(self) -> Watch:
        return Watch(client_ledger(None, self._profile), recent=RECENT, fewest=FEWEST)

    def end(self) -> None:
        """End the engine, whatever is under way."""
        self.stop()
        self._engine.finish(0.0)
        self._thread.join(END_S)

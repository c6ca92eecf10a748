"""The users that a person picks in Locust: open, closed, and the bystander.

Each registers its load with the process's engine and then does nothing; subclass one and set its
attributes to describe a load of your own. Import this module for that and not the classes, since
Locust picks up every class that a locustfile names.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Mapping
from typing import Any

import gevent
from locust import User, task

from loadtests.engine.schedule import choices
from loadtests.engine.users import ClosedUser as Closed
from loadtests.guard import RefusedError
from loadtests.plan import ArrivalStream, Target
from loadtests.users.session import Session, sessions_of

IDLE_S = 3600.0


class EngineUser(User):
    """A user whose requests the engine sends. `requests` maps paths to weights.

    Without `requests` it asks for what `--path` says. Metrics are counted by `stream`.
    """

    abstract = True
    requests: Mapping[str, float] = {}
    stream = "load"

    def on_start(self) -> None:
        """Begin to load; where no load may go, which was said at the start, do nothing."""
        self._withdraw: list[Callable[[], None]] = []
        with contextlib.suppress(RefusedError):
            self._withdraw += map(self.register, sessions_of(self.environment))

    def on_stop(self) -> None:
        """Load no more; what is under way goes on."""
        for withdraw in self._withdraw:
            withdraw()

    def stop(self, force: bool = False) -> bool:
        """Nothing is lost by stopping this greenlet at once: the engine has the requests."""
        del force
        stopped: bool = super().stop(force=True)
        return stopped

    @task
    def idle(self) -> None:
        """The engine does the work."""
        gevent.sleep(IDLE_S)

    def register(self, session: Session) -> Callable[[], None]:
        """Hand the load to the engine; what is returned withdraws it."""
        raise NotImplementedError

    def targets(self, session: Session) -> tuple[Target, ...]:
        """The requests as the engine numbers them."""
        wanted = self.requests or {self.options.path: 1.0}
        target = session.engine.target
        return tuple(target(self.stream, path, weight) for path, weight in wanted.items())

    @property
    def options(self) -> Any:
        """What was said on the command line or in the web UI."""
        return self.environment.parsed_options


class OpenUser(EngineUser):
    """`rate` arrivals a second that wait for nobody. Many users' streams add up to one stream."""

    rate: float | None = None
    arrivals: str | None = None

    def register(self, session: Session) -> Callable[[], None]:
        """See EngineUser.register."""
        stream = ArrivalStream(
            name=self.stream,
            arrivals=self.arrivals or self.options.arrivals,
            rate=self.rate or self.options.rate,
            targets=self.targets(session),
        )
        return session.engine.add_stream(stream)


class ClosedUser(EngineUser):
    """Sends, waits for the answer, thinks for `think_time` seconds, and sends again."""

    think_time: float | None = None

    def register(self, session: Session) -> Callable[[], None]:
        """See EngineUser.register."""
        think_s = self.options.think_time if self.think_time is None else self.think_time
        draws = choices(self.targets(session), random.Random())
        # Locust spawns users in batches, who would otherwise think in step.
        phase_s = random.random() * think_s
        return session.engine.add_user(lambda engine: Closed(engine, draws, think_s), phase_s)


class BystanderUser(OpenUser):
    """A cheap request now and then: how long does it take beside the others?"""

    requests = {"/hello": 1.0}  # noqa: RUF012 - Locust's users declare their load like this
    stream = "bystander"
    rate = 5.0
    fixed_count = 1

"""One engine for all users of a Locust process: started with the first, ended with the test.

Locust keeps what it is good at: it spawns and stops users, and shows and merges statistics.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import gevent
from gevent.lock import RLock
from gevent.threadpool import ThreadPool
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner

from loadtests import guard
from loadtests.engine import statistics
from loadtests.engine.metrics import ClientMetrics, client_ledger
from loadtests.engine.recorder import Reader
from loadtests.engine.thread import EngineThread
from loadtests.engine.watch import Watch, note_run, of_engine
from loadtests.users.target import profile_of
from servers.ledger import Ledger, sweep

TICK_S = 0.25
SPARE_S = 5.0
BY_HAND = "by hand"
_log = logging.getLogger(__name__)
_sessions: dict[int, Session] = {}
_ledgers: dict[str, tuple[str, Ledger]] = {}
_one_at_a_time = RLock()


class Session:
    """The engine of one environment, and the greenlet that feeds statistics and metrics."""

    def __init__(self, environment: Environment) -> None:
        options: Any = environment.parsed_options
        target = guard.check(environment.host or "", options.allow_host or ())
        self.engine = EngineThread(target, options.max_in_flight, options.stamped_rps)
        profile = options.profile or profile_of(target)
        ledger = _ledger(options.ledgers, profile)
        self._ledger, self._run = ledger, (BY_HAND, str(options.path), BY_HAND)
        note_run(ledger, *self._run)
        self._metrics, self._watch = ClientMetrics(ledger, self.engine.targets), Watch(ledger)
        self._reader = Reader(self.engine.recorder)
        self._environment = environment
        self._drain_s = float(options.drain)
        self._thread = ThreadPool(1)
        self._thread.spawn(self.engine.run)
        self._feeding = gevent.spawn(self._feed)

    def end(self) -> None:
        """Drain the engine; every request has its fate in the statistics when this returns."""
        self.engine.finish(self._drain_s)
        deadline = time.monotonic() + self._drain_s + SPARE_S
        while not self.engine.ended and time.monotonic() < deadline:
            gevent.sleep(0.02)
        self._feeding.kill()
        self._merge()
        # This process may live on, and load again: until then it shows no run and no gate.
        note_run(self._ledger, *self._run, under_way=False)
        self._watch.end()
        self._thread.kill()

    def _feed(self) -> None:
        while True:
            gevent.sleep(TICK_S)
            self._merge()

    def _merge(self) -> None:
        urls = [target.url for target in self.engine.targets]
        for rows, _ in self._reader.news():
            statistics.merge(rows, urls, self._environment.stats, time.time())
            self._metrics.merge(rows)
            self._watch.merge(rows)
        engine = self.engine.engine
        self._metrics.tick(engine.in_flight, engine.connections_opened)
        self._watch.tick(of_engine(engine))


def _ledger(folder: str | None, profile: str) -> Ledger:
    """The ledger of this process in a folder: one for all its sessions there."""
    if not folder:
        return client_ledger(None, profile)
    try:
        if folder not in _ledgers:
            sweep(Path(folder), profile, "generator")
            _ledgers[folder] = profile, client_ledger(Path(folder), profile)
    except OSError as error:
        _log.error("--ledgers %s: %s; name a folder that can be written", folder, error.strerror)
        return client_ledger(None, profile)
    counted_as, ledger = _ledgers[folder]
    if profile == counted_as:
        return ledger
    _log.warning(
        "%s: this process counts as %s there; restart it to count as %s",
        folder,
        counted_as,
        profile,
    )
    return client_ledger(None, profile)


def session_of(environment: Environment) -> Session:
    """The session of an environment, begun where there is none yet."""
    with _one_at_a_time:
        if id(environment) not in _sessions:
            _sessions[id(environment)] = Session(environment)
        return _sessions[id(environment)]


@events.test_start.add_listener
def _refuse(environment: Environment, **_: Any) -> None:
    """Where no load may go, none is started: said once, before any user is spawned."""
    options: Any = environment.parsed_options
    if environment.host is None or options is None:
        return
    try:
        guard.check(environment.host, options.allow_host or ())
    except guard.RefusedError as error:
        _log.error("%s", error)
        environment.process_exit_code = 2
        if environment.runner is not None:
            gevent.spawn(environment.runner.quit)


@events.test_stop.add_listener
def _end(environment: Environment, **_: Any) -> None:
    """The users are gone: what they have sent is waited for, and counted."""
    session = _sessions.pop(id(environment), None)
    if session is not None and not isinstance(environment.runner, MasterRunner):
        session.end()

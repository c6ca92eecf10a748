"""One engine per target for all users of a Locust process: they end with the test.

Rule: the host may be several, separated by commas. Each gets the same load at the same time.

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
from locust.runners import STATE_RUNNING, MasterRunner, Runner, WorkerRunner

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
_sessions: dict[int, tuple[Session, ...]] = {}
_ledgers: dict[tuple[str, str], Ledger] = {}
_one_at_a_time = RLock()


class Session:
    """The engine of one target, and the greenlet that feeds statistics and metrics."""

    def __init__(self, environment: Environment, target: guard.Target, *, alone: bool) -> None:
        options: Any = environment.parsed_options
        self.engine = EngineThread(target, options.max_in_flight, options.stamped_rps)
        profile = (alone and options.profile) or profile_of(target)
        self._prefix = "" if alone else f"{profile} "
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
        targets = self.engine.targets
        urls, methods = [self._prefix + t.url for t in targets], [t.method for t in targets]
        for rows, _ in self._reader.news():
            statistics.merge(rows, urls, self._environment.stats, time.time(), methods)
            self._metrics.merge(rows)
            self._watch.merge(rows)
        engine = self.engine.engine
        self._metrics.tick(engine.in_flight, engine.connections_opened)
        self._watch.tick(of_engine(engine))


def _ledger(folder: str | None, profile: str) -> Ledger:
    """The ledger of this process for a profile in a folder: one for all its sessions there."""
    if not folder:
        return client_ledger(None, profile)
    try:
        if (folder, profile) not in _ledgers:
            sweep(Path(folder), profile, "generator")
            nth = len(_ledgers)
            _ledgers[folder, profile] = client_ledger(Path(folder), profile, nth)
    except OSError as error:
        _log.error("--ledgers %s: %s; name a folder that can be written", folder, error.strerror)
        return client_ledger(None, profile)
    return _ledgers[folder, profile]


def sessions_of(environment: Environment) -> tuple[Session, ...]:
    """The sessions of an environment, one for each target, begun where there are none yet."""
    with _one_at_a_time:
        if id(environment) not in _sessions:
            targets = _targets(environment)
            alone = len(targets) == 1
            _sessions[id(environment)] = tuple(
                Session(environment, target, alone=alone) for target in targets
            )
        return _sessions[id(environment)]


def _targets(environment: Environment) -> list[guard.Target]:
    options: Any = environment.parsed_options
    hosts = (environment.host or "").split(",")
    return [guard.check(host.strip(), options.allow_host or ()) for host in hosts]


@events.init.add_listener
def _look_at_the_clock(**_: Any) -> None:
    """Let `--run-time` begin now.

    gevent counts it from when its loop last ran, which was before everything was imported: on a
    slow machine seconds ago.
    """
    gevent.get_hub().loop.update_now()


@events.test_start.add_listener
def _refuse(environment: Environment, **_: Any) -> None:
    """Where no load may go, none is started: said once, before any user is spawned."""
    if environment.host is None or environment.parsed_options is None:
        return
    try:
        _targets(environment)
    except guard.RefusedError as error:
        runner = environment.runner
        # A worker is told by its master.
        if runner is None or isinstance(runner, WorkerRunner):
            return
        _log.error("%s", error)
        environment.process_exit_code = 2
        # Behind a web page there may be a better host the next time.
        gevent.spawn(_stop, runner) if environment.web_ui else gevent.spawn(runner.quit)


def _stop(runner: Runner) -> None:
    """Stop what has been started, which Locust can only when it runs."""
    while runner.state != STATE_RUNNING:
        gevent.sleep(TICK_S)
    runner.stop()


@events.test_stop.add_listener
def _end(environment: Environment, **_: Any) -> None:
    """The users are gone: what they have sent is waited for, and counted."""
    for session in _sessions.pop(id(environment), ()):
        if not isinstance(environment.runner, MasterRunner):
            session.end()

"""The database of a run: one of its own, one that somebody has named, or none.

It starts before the first trial and ends after the last, on the generators' processors. Before
each trial that needs it its table is made anew, so that all begin with the same one.

Rule: its URL has a password, and so is told by environment variables, and never written down.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from loadtests import databases, guard
from loadtests.experiment import Experiment
from loadtests.run.child import Child
from loadtests.run.service import TrialError
from loadtests.run.world import World
from loadtests.workload import Workload

READY_S, PREPARED_S = 60.0, 30.0
POLL_S = 0.02
STOP_GRACE_S = 10.0
VARIABLE = "DATABASE_URL"
MISSING = 3
"""The exit status of the servers' door where no PostgreSQL is to be found."""
_URL = re.compile(r"^\s*(postgres(?:ql)?://\S+)$", re.MULTILINE)
_VERSION = re.compile(r"^\s*(PostgreSQL [\w.]+)", re.MULTILINE)
_RELIEF = "see what else uses this machine, or name a database that runs: DATABASE_URL"
_COMMAND = (sys.executable, "-m", "servers", "database")


class DatabaseError(Exception):
    """A database that a run cannot do without, or must not use: what happened, the remedy."""


@dataclass(frozen=True, slots=True)
class Named:
    """A database that somebody has named: its URL, and the hosts that they answer for."""

    url: str = ""
    allowed: tuple[str, ...] = ()


class RunDatabase:
    """The database of one run; it ends with the block. Does nothing where nobody needs it."""

    def __init__(
        self, world: World, experiment: Experiment, cpus: frozenset[int] | None, named: Named
    ) -> None:
        self._world, self._experiment, self._cpus = world, experiment, cpus
        self._named = named
        self._needed_by = databases.workloads(experiment)
        self._child: Child | None = None
        self._folder: Path | None = None
        self._url = self._what = self._why = ""

    def __enter__(self) -> Self:
        """Start it, or prepare the one that is named. Raises DatabaseError."""
        if self._needed_by:
            self._folder = self._world.make_folder()
            try:
                self._name() if self._named.url else self._start()
            except BaseException:
                self._end()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def left_out(self) -> str:
        """Why the workloads that need a database are left out; empty where they are not."""
        return self._why

    def possible(self) -> Experiment:
        """What of the experiment can be run. Raises DatabaseError where that is nothing."""
        if not self._why:
            return self._experiment
        found = databases.without(self._experiment, self._needed_by)
        if not found.workloads:
            raise DatabaseError(f"every workload needs a database, and {self._why}")
        return found

    def record(self) -> dict[str, Any]:
        """What a run's environment says of it; nothing where nobody needs it."""
        if not self._needed_by:
            return {}
        left = [{"workload": name, "why": self._why} for name in self._needed_by if self._why]
        return {"database": self._what or "none", databases.LEFT_OUT: left}

    def for_trial(self, workload: Workload) -> str:
        """The URL for a trial's server, its table made anew; empty where it is not needed.

        Raises TrialError where the table cannot be made.
        """
        if not self._url or workload.name not in self._needed_by:
            return ""
        try:
            self._prepare("--anew")
        except DatabaseError as error:
            raise TrialError(str(error)) from None
        return self._url

    def look(self) -> None:
        """Raise TrialError where the run's own database has ended."""
        code = None if self._child is None else self._child.poll()
        if self._child is not None and code is not None:
            raise TrialError(
                f"the database died during the trial: it ended with exit code {code}; the last "
                f"lines of its log:\n{self._child.tail()}"
            )

    def _start(self) -> None:
        port = str(self._world.free_port())
        child = self._child = self._run({}, "--port", port)
        deadline_ns = self._world.now_ns() + int(READY_S * 1e9)
        while (found := _URL.search(child.tail())) is None:
            code = child.poll()
            if code == MISSING:
                self._child = None
                self._why = child.tail().strip().removeprefix("error: ")
                return
            if code is not None:
                raise DatabaseError(f"the database did not start:\n{child.tail()}")
            if self._world.now_ns() > deadline_ns:
                raise DatabaseError(
                    f"the database was not ready after {READY_S:g} s: {_RELIEF}\n{child.tail()}"
                )
            self._world.sleep(POLL_S)
        self._url = found[1]
        self._what = f"{_version(child)}, of the testbed's own, without fsync"

    def _name(self) -> None:
        try:
            where = guard.check_database(self._named.url, self._named.allowed)
        except guard.RefusedError as error:
            raise DatabaseError(str(error)) from None
        self._url = self._named.url
        self._what = f"{self._prepare('--prepare')} at {where}, as {VARIABLE} names it"

    def _prepare(self, how: str) -> str:
        """Make the table; returns the version. Raises DatabaseError."""
        child = self._run({VARIABLE: self._url}, how)
        try:
            deadline_ns = self._world.now_ns() + int(PREPARED_S * 1e9)
            while (code := child.poll()) is None:
                if self._world.now_ns() > deadline_ns:
                    raise DatabaseError(
                        f"the database was not prepared within {PREPARED_S:g} s: {_RELIEF}"
                    )
                self._world.sleep(POLL_S)
            if code:
                raise DatabaseError(child.tail().strip().removeprefix("error: "))
            return _version(child)
        finally:
            child.stop(STOP_GRACE_S)

    def _run(self, variables: Mapping[str, str], *options: str) -> Child:
        assert self._folder is not None
        log = self._folder / f"database{options[0]}.log"
        return self._world.start([*_COMMAND, *options], variables, log, self._cpus)

    def _end(self) -> None:
        try:
            if self._child is not None:
                self._child.stop(STOP_GRACE_S)
        finally:
            if self._folder is not None:
                self._world.remove_folder(self._folder)
                self._folder = None


def _version(child: Child) -> str:
    found = _VERSION.search(child.tail())
    return found[1] if found else "PostgreSQL"

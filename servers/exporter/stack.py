"""Which servers there are, and what their ledgers say: of the living and of the dead.

Rule 1: what a process has counted stays counted, whatever becomes of it and of its ledger.
Rule 2: what a process shows of its present goes away with it, however it ended.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from servers.exporter.book import Book, Key, Numbers
from servers.ledger import SUFFIX, TRIAL_PREFIX, LedgerError, Owner, born
from servers.metrics import METRICS


@dataclass(frozen=True, slots=True)
class Server:
    """The living processes that serve one profile, and how many workers had to be replaced."""

    profile: str
    workers: tuple[Owner, ...]
    supervisors: tuple[int, ...]
    restarts: int


@dataclass(slots=True)
class _Team:
    """The workers that one supervisor has started, or one worker that started by itself."""

    profile: str
    supervisor: int
    declared: int
    seen: set[Owner] = field(default_factory=set)

    def supervisors(self) -> tuple[int, ...]:
        began = born(self.supervisor) or 0
        # A process that got the id of a dead supervisor is younger than the workers.
        older = all(began <= (worker.born or began) for worker in self.seen)
        return (self.supervisor,) if older and alive(Owner(self.supervisor, None)) else ()


class Stack:
    """The ledgers of one folder and the processes that they tell of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[Path, Book] = {}
        self._done: set[Path] = set()
        self._kept: Numbers = {}
        self._teams: dict[tuple[str, int, Owner | None], _Team] = {}

    def look(self) -> None:
        """Open the ledgers that are new, and put away those whose process has ended.

        A file that is not a ledger, or not yet, is passed over until the next look.
        """
        found = {
            path
            for pattern in (f"*{SUFFIX}", f"{TRIAL_PREFIX}*/*{SUFFIX}")
            for path in self._folder.glob(pattern)
        }
        self._done &= found
        for path in sorted(found - self._done - self._open.keys()):
            with suppress(LedgerError):
                self._open[path] = Book(path)
                self._enlist(self._open[path])
        for path, book in list(self._open.items()):
            # Read after the end of its process, a ledger is complete.
            ended = not alive(book.owner)
            with suppress(LedgerError):
                book.look()
            if ended:
                del self._open[path]
                self._done.add(path)
                add(self._kept, [pair for pair in book.last_numbers() if _lasts(pair[0])])

    def numbers(self) -> Numbers:
        """All series of all ledgers, those with equal labels summed."""
        total = dict(self._kept)
        for book in self._open.values():
            add(total, book.numbers())
        return total

    def books(self) -> tuple[Book, ...]:
        """The ledgers of living processes."""
        return tuple(self._open.values())

    def servers(self) -> list[Server]:
        """Every server that was seen so far, one for each profile."""
        living = {book.owner for book in self._open.values()}
        profiles = sorted({team.profile for team in self._teams.values()})
        return [
            _server(name, [t for t in self._teams.values() if t.profile == name], living)
            for name in profiles
        ]

    def _enlist(self, book: Book) -> None:
        if "worker" not in book.labels:
            return
        supervisor, declared = book.about.get("supervisor", 0), book.about.get("workers", 1)
        alone = None if supervisor else book.owner
        team = _Team(book.profile, supervisor, declared)
        self._teams.setdefault((book.profile, supervisor, alone), team).seen.add(book.owner)


def alive(owner: Owner) -> bool:
    """Whether a process runs, stopped or not, and is not another one with the same id."""
    try:
        status = psutil.Process(owner.pid).status()
    except psutil.Error:
        return False
    same = owner.born is None or born(owner.pid) == owner.born
    return same and status not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


def add(total: Numbers, numbers: Iterable[tuple[Key, tuple[float, ...]]]) -> None:
    """Add series to a total, number by number; of a gauge that several show, the highest counts."""
    for key, cells in numbers:
        join = operator.add if _lasts(key) else max
        total[key] = tuple(map(join, total[key], cells)) if key in total else cells


def _lasts(key: Key) -> bool:
    return METRICS[key[0]].kind != "gauge"


def _server(profile: str, teams: list[_Team], living: set[Owner]) -> Server:
    workers = [worker for team in teams for worker in team.seen if worker in living]
    return Server(
        profile=profile,
        workers=tuple(sorted(workers, key=lambda one: one.pid)),
        supervisors=tuple(pid for team in teams if team.supervisor for pid in team.supervisors()),
        restarts=sum(max(0, len(team.seen) - team.declared) for team in teams),
    )

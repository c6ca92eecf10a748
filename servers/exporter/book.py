"""A ledger as the exporter keeps it: its index is read once, its numbers again and again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from servers.ledger import TURN, LedgerError, Reader
from servers.metrics import METRICS
from servers.rows import folded, whole

Key = tuple[str, tuple[str, ...]]
"""A series: the name of its metric, and the values of the metric's labels in their order."""
Numbers = dict[Key, tuple[float, ...]]
"""Series and their numbers: one, or of a histogram its cells."""

_TRIES, _AGAIN_S = 4, 0.0005
_BEGUN, _ENDED = "testbed_worker_begun_requests_total", "testbed_requests_total"
# What follows from these is not written: every request would pay for it.
_ANSWERED, _ACTIVE = "testbed_worker_requests_total", "http_server_active_requests"


@dataclass(frozen=True, slots=True)
class _Entry:
    key: Key
    cells: slice


@dataclass(frozen=True, slots=True)
class _Known:
    """The series that are known, and how many cells they have in all."""

    entries: tuple[_Entry, ...]
    cells: int


class Book(Reader):
    """A ledger that is open. It knows the series that were in the index at the last `look`."""

    def __init__(self, path: Path) -> None:
        """Open a ledger. Raises LedgerError where it is none, or not begun yet."""
        try:
            super().__init__(path)
            self.profile = self.labels["profile"]
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerError(f"{path}: not a ledger ({error!r})") from None
        self._path = path
        self._known = _Known((), 0)
        self._begun: int | None = None
        self._ended: list[int] = []
        self._length = 0
        self._seen: list[float] = []
        # The sampler looks too, where it meets a series that is new.
        self._lock = threading.Lock()

    def look(self) -> None:
        """Read what was added to the index. Raises LedgerError where that is broken."""
        with self._lock:
            length = self.length()
            if length != self._length:
                self._read()
                self._length = length

    def active(self) -> float | None:
        """Requests that are begun and not ended, now; None where some of them are not known yet.

        Raises LedgerError where the index is broken.
        """
        self.look()
        ended = sum([self.cells[at] for at in self._ended])
        # Read last: no request ends that has not begun.
        begun = 0.0 if self._begun is None else self.cells[self._begun]
        return max(begun - ended, 0.0) if self._length == self.length() else None

    def numbers(self) -> Iterator[tuple[Key, tuple[float, ...]]]:
        """Every series that is known, with its numbers as they are now.

        Of a process that does not come to the end of adding up, rows are told as they were before.
        """
        known = self._known
        for _ in range(_TRIES):
            if (cells := self._settled(known)) is not None:
                break
            time.sleep(_AGAIN_S)
        else:
            cells = self._unsettled(known)
        self._seen = cells
        return self._numbers(known, cells)

    def last_numbers(self) -> Iterator[tuple[Key, tuple[float, ...]]]:
        """The same when its process has ended.

        What it was adding up then is lost, and nothing of what was read before.
        """
        known = self._known
        return self._numbers(known, self._settled(known) or self._unsettled(known))

    def gauges(self, name: str) -> Iterator[tuple[Key, float]]:
        """The series of one gauge, with their values as they are now."""
        for entry in self._known.entries:
            if entry.key[0] == name:
                yield entry.key, self.cells[entry.cells.start]

    def _read(self) -> None:
        try:
            new = self.lines()[1 + len(self._known.entries) :]
            found = [self._entry(json.loads(line)) for line in new]
        # The last one says that a series has too few labels.
        except (ValueError, KeyError, TypeError, IndexError, RuntimeError) as error:
            raise LedgerError(f"{self._path}: broken index ({error!r})") from None
        for one in found:
            if one.key[0] == _BEGUN:
                self._begun = one.cells.start
            elif one.key[0] == _ENDED:
                self._ended.append(one.cells.start)
        entries = (*self._known.entries, *found)
        self._known = _Known(entries, max((one.cells.stop for one in entries), default=0))

    def _entry(self, line: dict[str, object]) -> _Entry:
        name, at, own = str(line["name"]), line["at"], line["values"]
        if not isinstance(at, int) or not isinstance(own, list):
            raise TypeError(line)
        metric = METRICS[name]
        if not 0 <= at <= len(self.cells) - metric.cells:
            raise IndexError(at)
        rest = iter(own)
        values = tuple(
            self.labels[label] if label in self.labels else next(rest) for label in metric.labels
        )
        return _Entry((name, values), slice(at, at + metric.cells))

    def _settled(self, known: _Known) -> list[float] | None:
        """The numbers with the rows added up; None where its process does that itself just now."""
        turn = self.cells[TURN]
        # In this order: a request is counted before it is noted.
        rows = bytes(self.rows[: whole(bytes(self.rows))])
        cells = self._copied(known)
        if turn % 2 or self.cells[TURN] != turn:
            return None
        for cell, more in folded(rows).items():
            if 0 <= cell < known.cells:
                cells[cell] += more
        return cells

    def _unsettled(self, known: _Known) -> list[float]:
        """The numbers without the rows, and no counter lower than it was."""
        cells, seen = self._copied(known), self._seen
        for entry in known.entries:
            if METRICS[entry.key[0]].kind != "gauge":
                at = entry.cells
                cells[at] = map(max, cells[at], seen[at] or cells[at])
        return cells

    def _copied(self, known: _Known) -> list[float]:
        cells = list(self.cells[: known.cells])
        # The sampler may have met it since.
        if self._begun is not None and self._begun < known.cells:
            # Read once more, and last: no request ends that has not begun.
            cells[self._begun] = self.cells[self._begun]
        return cells

    def _numbers(
        self, known: _Known, cells: Sequence[float]
    ) -> Iterator[tuple[Key, tuple[float, ...]]]:
        begun, ended = None, 0.0
        for entry in known.entries:
            found = tuple(cells[entry.cells])
            yield entry.key, found
            if entry.key[0] == _BEGUN:
                begun = entry
            elif entry.key[0] == _ENDED:
                ended += found[0]
        if begun is not None:
            yield (_ANSWERED, begun.key[1]), (ended,)
            active = cells[begun.cells.start] - ended
            yield (_ACTIVE, begun.key[1]), (max(active, 0.0),)

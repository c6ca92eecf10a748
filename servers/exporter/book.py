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
from servers.rows import folded

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
        self._entries: list[_Entry] = []
        self._begun: int | None = None
        self._ended: list[int] = []
        self._length = self._used = 0
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

        Of a process that was stopped while it added up they are those of the last time.
        """
        for _ in range(_TRIES):
            if (cells := self._whole()) is not None:
                self._seen = cells
                break
            time.sleep(_AGAIN_S)
        return self._numbers(self._seen or list(self.cells), self.cells)

    def last_numbers(self) -> Iterator[tuple[Key, tuple[float, ...]]]:
        """The same when its process has ended.

        What it was adding up then is lost, and nothing of what was read before.
        """
        cells = self._whole()
        if cells is None:
            cells = list(self.cells)
            cells[: len(self._seen)] = map(max, cells, self._seen)
        return self._numbers(cells, cells)

    def gauges(self, name: str) -> Iterator[tuple[Key, float]]:
        """The series of one gauge, with their values as they are now."""
        for entry in self._entries:
            if entry.key[0] == name:
                yield entry.key, self.cells[entry.cells.start]

    def _read(self) -> None:
        try:
            new = self.lines()[1 + len(self._entries) :]
            found = [self._entry(json.loads(line)) for line in new]
        # The last one says that a series has too few labels.
        except (ValueError, KeyError, TypeError, IndexError, RuntimeError) as error:
            raise LedgerError(f"{self._path}: broken index ({error!r})") from None
        for one in found:
            if one.key[0] == _BEGUN:
                self._begun = one.cells.start
            elif one.key[0] == _ENDED:
                self._ended.append(one.cells.start)
        self._entries.extend(found)
        self._used = max((entry.cells.stop for entry in self._entries), default=0)

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

    def _whole(self) -> list[float] | None:
        """The numbers with the rows added up; None where its process does that itself just now."""
        turn, used = self.cells[TURN], self._used
        # In this order: a request is counted before it is noted.
        rows, cells = bytes(self.rows), list(self.cells[:used])
        if turn % 2 or self.cells[TURN] != turn:
            return None
        for cell, more in folded(rows).items():
            if cell < used:
                cells[cell] += more
        return cells

    def _numbers(
        self, cells: Sequence[float], now: Sequence[float]
    ) -> Iterator[tuple[Key, tuple[float, ...]]]:
        begun, ended = None, 0.0
        for entry in self._entries:
            found = tuple(cells[entry.cells])
            yield entry.key, found
            if entry.key[0] == _BEGUN:
                begun = entry
            elif entry.key[0] == _ENDED:
                ended += found[0]
        if begun is not None:
            yield (_ANSWERED, begun.key[1]), (ended,)
            # Read once more, and last: no request ends that has not begun.
            yield (_ACTIVE, begun.key[1]), (max(now[begun.cells.start] - ended, 0.0),)

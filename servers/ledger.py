"""A ledger: what one process counts, in memory that another reads without asking it.

A file of fixed size that one process writes and any may read, at any moment and after its end.
First comes an index of JSON lines: the labels of all series, then a line for each series. Behind
it stand the numbers, doubles in the order in which their series were first used, and behind
those the rows that its process has not added up yet.

Rule 1: the index grows by whole lines before its length does, so a reader never sees half a line.
Rule 2: a number is written by one instruction of the processor: a reader sees the old one or the
new. A histogram's count is the sum of its buckets, and so never contradicts them.
Rule 3: where the `TURN` is odd, or changes while it is read, the numbers and rows do not fit each
other: who reads begins again. This and the order within a row rest on a processor that shows
others what it writes in the order in which it wrote, as x86 does.
Rule 4: this module imports the standard library, the metrics and the rows only.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import struct
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from servers import rows
from servers.metrics import METRICS

SUFFIX = ".ledger"
TRIAL_PREFIX = "trial-"
"""How the folders of trials begin, which lie in the common one."""
_MAGIC = b"testbed2"
_LENGTH = struct.Struct("=Q")
_INDEX_AT = len(_MAGIC) + _LENGTH.size
_CELLS_AT = 65_536
_CELLS = 32_768
_ROWS_AT = _CELLS_AT + 8 * _CELLS
_SIZE = _ROWS_AT + rows.SIZE
TURN = _CELLS - 1
"""A cell of no series: how often its process has begun or ended to add up rows."""
# Where a series goes for which there is no room: written, and never read.
_NOWHERE = _CELLS - 65


class LedgerError(Exception):
    """A file that is not a ledger: names it."""


class Ledger:
    """The writing side. `cells[i] += x` counts, where `i` is what `series` returned."""

    def __init__(
        self, path: Path | None, labels: Mapping[str, str], about: Mapping[str, int] | None = None
    ) -> None:
        """Begin a ledger at `path`, or in memory that nobody else sees.

        `labels` are those that all its series share, `about` is for its readers. Raises OSError
        where `path` exists.
        """
        self._memory = mmap.mmap(-1, _SIZE) if path is None else _mapped(path)
        self.cells = memoryview(self._memory)[_CELLS_AT:_ROWS_AT].cast("d")
        self.rows = memoryview(self._memory)[_ROWS_AT:]
        self._used = 0
        self._end = _INDEX_AT
        self._memory[: len(_MAGIC)] = _MAGIC
        self._known: dict[tuple[str, ...], int] = {}
        # Threads may meet a series for the first time at once.
        self._lock = threading.Lock()
        self._constant = frozenset(labels)
        self._append({"labels": dict(labels), "about": dict(about or {})})

    def series(self, name: str, *values: str) -> int:
        """The first cell of a series; `values` are those of its own labels, in their order.

        Where the ledger is full, what is counted there goes nowhere.
        """
        key = (name, *values)
        known = self._known.get(key)
        if known is None:
            with self._lock:
                known = self._known.get(key)
                if known is None:
                    known = self._known[key] = self._begin(name, values)
        return known

    def _begin(self, name: str, values: tuple[str, ...]) -> int:
        metric = METRICS[name]
        own = [label for label in metric.labels if label not in self._constant]
        if len(own) != len(values):
            raise ValueError(f"{name} has the labels {own} of its own, got {values}")
        at = self._used
        line = {"name": name, "values": values, "at": at}
        if at + metric.cells > _NOWHERE or not self._append(line):
            return _NOWHERE
        self._used += metric.cells
        return at

    def _append(self, line: object) -> bool:
        text = json.dumps(line).encode() + b"\n"
        end = self._end + len(text)
        if end > _CELLS_AT:
            return False
        self._memory[self._end : end] = text
        self._end = end
        self._memory[len(_MAGIC) : _INDEX_AT] = _LENGTH.pack(end - _INDEX_AT)
        return True


@dataclass(frozen=True, slots=True)
class Series:
    """One series as it was read: all its labels by name, and its numbers."""

    name: str
    labels: Mapping[str, str]
    cells: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that writes a ledger: its id, and when it began in the kernel's ticks."""

    pid: int
    born: int | None


class Reader:
    """The reading side; a ledger stays readable when its process has ended."""

    def __init__(self, path: Path) -> None:
        """Open a ledger. Raises LedgerError where it is none, or not begun yet."""
        try:
            with path.open("rb") as file:
                self._memory = mmap.mmap(file.fileno(), _SIZE, prot=mmap.PROT_READ)
        except (OSError, ValueError) as error:
            raise LedgerError(f"{path}: not a ledger ({error})") from None
        lines = self.lines()
        if self._memory[: len(_MAGIC)] != _MAGIC or not lines:
            raise LedgerError(f"{path}: not a ledger, or not begun yet")
        head = json.loads(lines[0])
        self.labels: dict[str, str] = head["labels"]
        self.about: dict[str, int] = head["about"]
        self.owner = _owner(path)
        self.cells = memoryview(self._memory)[_CELLS_AT:_ROWS_AT].cast("d")
        """All numbers, as they are at each look."""
        self.rows = memoryview(self._memory)[_ROWS_AT:]

    def series(self) -> Iterator[Series]:
        """Every series with its numbers as they are now, without what is still in rows."""
        for line in self.lines()[1:]:
            found = json.loads(line)
            metric = METRICS[found["name"]]
            own = iter(found["values"])
            labels = {
                label: self.labels[label] if label in self.labels else next(own)
                for label in metric.labels
            }
            numbers = self.cells[found["at"] : found["at"] + metric.cells]
            yield Series(metric.name, labels, tuple(numbers))

    def close(self) -> None:
        """Give the memory back."""
        self.cells.release()
        self.rows.release()
        self._memory.close()

    def lines(self) -> list[bytes]:
        """The index as it is now: a head, and a line for each series."""
        return self._memory[_INDEX_AT : _INDEX_AT + self.length()].splitlines()

    def length(self) -> int:
        """How long the index is now, in bytes: it grows with every series."""
        (length,) = _LENGTH.unpack(self._memory[len(_MAGIC) : _INDEX_AT])
        return int(length)


def path_of(folder: Path, pid: int, nth: int = 0) -> Path:
    """Where a process keeps its ledger: the name tells it from an earlier one with its id.

    A process with several ledgers numbers them.
    """
    return folder / f"{pid}-{born(pid) or 0}{f'-{nth}' if nth else ''}{SUFFIX}"


def born(pid: int) -> int | None:
    """When a process began, in ticks since the system did; None where that is not to be had."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name before it stands in brackets, and may hold anything.
    return int(text.rpartition(")")[2].split()[19])


def default_folder() -> Path:
    """Where the ledgers of one user's testbed are, in memory where the system has such a place.

    The variable TESTBED_LEDGERS names another folder.
    """
    if given := os.environ.get("TESTBED_LEDGERS"):
        return Path(given)
    memory = Path("/dev/shm")
    parent = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    return parent / f"testbed-{os.getuid()}"


def sweep(folder: Path, profile: str, role: str) -> None:
    """Remove what ended processes of a profile have left: the next ones count from zero.

    `role` is the label that names them: worker, or generator.
    """
    for path in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(LedgerError, OSError):
            ledger = Reader(path)
            pid, since = ledger.owner.pid, ledger.owner.born
            mine = ledger.labels.get("profile") == profile and role in ledger.labels
            if mine and born(pid) != since:
                for left in folder.glob(f"{path.stem}.*"):
                    left.unlink(missing_ok=True)


def _owner(path: Path) -> Owner:
    pid, ticks, *_ = path.name.removesuffix(SUFFIX).split("-")
    return Owner(int(pid), int(ticks) or None)


def _mapped(path: Path) -> mmap.mmap:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        # Where the memory is full this is an error; a sparse file would end the process later.
        allocate = getattr(os, "posix_fallocate", None)
        if allocate is None:
            os.ftruncate(descriptor, _SIZE)
        else:
            allocate(descriptor, 0, _SIZE)
        return mmap.mmap(descriptor, _SIZE)
    finally:
        os.close(descriptor)

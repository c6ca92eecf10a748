"""Fates become rows and counts: the engine appends, another thread takes full chunks away.

The two sides share nothing but deques, whose ends are safe to use from two threads.
"""

from __future__ import annotations

from collections import deque

from loadtests.engine.exchange import Exchange
from loadtests.engine.tally import Tally
from loadtests.sample_writer import CHUNK_ROWS, PACK, ROW_BYTES, Chunk
from loadtests.samples import NEVER, ErrorKind, Outcome

Tallies = list[Tally]


class Recorder:
    """Collects samples with times relative to `origin_ns`, and tallies them by target.

    `full` holds chunks that are ready to be written, `tallies` what was counted up to each
    `publish`. Without `keep` there are only tallies.
    """

    def __init__(self, origin_ns: int, *, keep: bool = True) -> None:
        self.origin_ns = origin_ns
        self.full: deque[Chunk] = deque()
        self.tallies: deque[Tallies] = deque()
        self.recorded = 0
        self._keep = keep
        self._chunk = Chunk()
        self._counting: Tallies = []

    def add_target(self) -> None:
        """One more target to count."""
        self._counting.append(Tally())

    def complete(self, exchange: Exchange, at_ns: int, status: int) -> None:
        """A whole answer came at `at_ns`."""
        self._counting[exchange.target].complete(at_ns - exchange.intended_ns)
        self._write(exchange, Outcome.COMPLETED, at_ns, status, ErrorKind.NONE)

    def fail(
        self, exchange: Exchange, outcome: Outcome, at_ns: int, status: int, error: ErrorKind
    ) -> None:
        """Any other fate, known at `at_ns`."""
        self._counting[exchange.target].fail(_fault(outcome, status, error))
        self._write(exchange, outcome, at_ns, status, error)

    def _write(
        self, exchange: Exchange, outcome: Outcome, at_ns: int, status: int, error: ErrorKind
    ) -> None:
        self.recorded += 1
        if not self._keep:
            return
        origin, chunk = self.origin_ns, self._chunk
        sent_ns = exchange.sent_ns
        PACK(
            chunk.bytes,
            chunk.rows * ROW_BYTES,
            exchange.intended_ns - origin,
            sent_ns if sent_ns == NEVER else sent_ns - origin,
            at_ns - origin,
            exchange.connect_ns,
            exchange.target,
            status,
            outcome,
            error,
            exchange.reused,
        )
        chunk.rows += 1
        if chunk.rows == CHUNK_ROWS:
            self.full.append(chunk)
            self._chunk = Chunk()

    def publish(self) -> None:
        """Hand over the tallies so far and begin new ones."""
        if any(self._counting):
            self.tallies.append(self._counting)
            self._counting = [Tally() for _ in self._counting]

    def close(self) -> None:
        """Hand over what is left, a partly filled chunk included."""
        self.publish()
        if self._keep and self._chunk.rows:
            self.full.append(self._chunk)
            self._chunk = Chunk()


def _fault(outcome: Outcome, status: int, error: ErrorKind) -> str:
    if error is ErrorKind.STATUS:
        return f"status {status}"
    return error.name.lower() if error else outcome.name.lower()

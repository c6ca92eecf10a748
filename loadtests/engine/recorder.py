"""Fates become rows: the engine appends, another thread takes full chunks away.

The two sides share nothing but a deque, whose ends are safe to use from two threads.
"""

from __future__ import annotations

from collections import deque

from loadtests.engine.exchange import Exchange
from loadtests.sample_writer import Chunk
from loadtests.samples import NEVER, ErrorKind, Outcome

CHUNK_ROWS = 65_536


class Recorder:
    """Collects samples with times relative to `origin_ns`.

    `full` holds chunks that are ready to be written; `answers` holds what Locust's statistics
    want to know: (target, latency in ms, error kind or status, intended time).
    """

    def __init__(self, origin_ns: int) -> None:
        self.origin_ns = origin_ns
        self.full: deque[Chunk] = deque()
        self.answers: deque[tuple[int, float, str | None, int]] = deque()
        self.recorded = 0
        self._chunk = Chunk()

    def record(
        self, exchange: Exchange, outcome: Outcome, at_ns: int, status: int, error: ErrorKind
    ) -> None:
        """One request's fate, known at `at_ns`."""
        origin, chunk = self.origin_ns, self._chunk
        chunk.intended_ns.append(exchange.intended_ns - origin)
        chunk.sent_ns.append(NEVER if exchange.sent_ns == NEVER else exchange.sent_ns - origin)
        chunk.done_ns.append(at_ns - origin)
        chunk.connect_ns.append(exchange.connect_ns)
        chunk.target.append(exchange.target)
        chunk.status.append(status)
        chunk.outcome.append(outcome)
        chunk.error.append(error)
        chunk.reused.append(exchange.reused)
        self.recorded += 1
        if len(chunk) == CHUNK_ROWS:
            self.full.append(chunk)
            self._chunk = Chunk()
        latency_ms = (at_ns - exchange.intended_ns) / 1e6
        self.answers.append((exchange.target, latency_ms, _fault(outcome, status, error), at_ns))

    def close(self) -> None:
        """Hand over the last, partly filled chunk."""
        self.full.append(self._chunk)
        self._chunk = Chunk()


def _fault(outcome: Outcome, status: int, error: ErrorKind) -> str | None:
    if outcome is Outcome.COMPLETED:
        return None
    if error is ErrorKind.STATUS:
        return f"status {status}"
    return error.name.lower() if error else outcome.name.lower()

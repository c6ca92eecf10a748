"""Fates become rows: the engine appends, another thread takes them away and counts them.

The two sides share a deque of full chunks, whose ends are safe to use from two threads, and the
chunk being filled, whose `rows` grows only when a row is whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from loadtests.engine.exchange import Exchange, Visit
from loadtests.engine.server_timing import Split
from loadtests.sample_writer import (
    CHUNK_ROWS,
    PACK,
    PACK_SPLIT,
    ROW_BYTES,
    SPLIT_AT,
    Chunk,
)
from loadtests.samples import NEVER, ErrorKind, Outcome


class Recorder:
    """Collects samples with times relative to `origin_ns`."""

    def __init__(self, origin_ns: int) -> None:
        self.origin_ns = origin_ns
        self._before = 0
        self.full: deque[Chunk] = deque()
        self._chunk = Chunk()

    def record(
        self,
        exchange: Exchange,
        outcome: Outcome,
        at_ns: int,
        status: int,
        error: ErrorKind,
        split: Split | None = None,
    ) -> None:
        """One request's fate, known at `at_ns`."""
        origin, chunk, sent_ns = self.origin_ns, self._chunk, exchange.sent_ns
        rows = chunk.rows
        PACK(
            chunk.bytes,
            rows * ROW_BYTES,
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
        if split is not None:
            queue, cpu, wait, hold, step, worker = split
            PACK_SPLIT(
                chunk.bytes,
                rows * ROW_BYTES + SPLIT_AT,
                queue + 1,
                cpu + 1,
                wait + 1,
                hold + 1,
                step + 1,
                worker,
            )
        chunk.rows = rows = rows + 1
        if rows == CHUNK_ROWS:
            self.close()

    def record_visit(
        self,
        visit: Visit,
        outcome: Outcome,
        at_ns: int,
        status: int,
        error: ErrorKind,
        split: Split | None = None,
    ) -> None:
        """As `record`, of a client with ways of its own."""
        after_ns = visit.accepted_ns - visit.intended_ns if visit.accepted_ns else 0
        self._chunk.visits[self._chunk.rows] = visit.attempts, after_ns
        self.record(visit, outcome, at_ns, status, error, split)

    def close(self) -> None:
        """Hand over the chunk being filled, whole or not."""
        if self._chunk.rows:
            self._before += self._chunk.rows
            self.full.append(self._chunk)
            self._chunk = Chunk()

    @property
    def recorded(self) -> int:
        """How many rows there have been."""
        return self._before + self._chunk.rows

    @property
    def filling(self) -> Chunk:
        """The chunk being filled, to be looked at and left alone."""
        return self._chunk


class Reader:
    """The other side: the full chunks, and what is new since the last look."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._seen = 0

    def news(self) -> Iterator[tuple[Any, Chunk | None]]:
        """Rows not seen before, as structured arrays; with each the chunk that they complete.

        Call it to its end. A chunk that is handed out will not change any more.
        """
        recorder = self._recorder
        while recorder.full:
            chunk = recorder.full.popleft()
            yield chunk.columns()[self._seen :], chunk
            self._seen = 0
        filling = recorder.filling
        # A chunk that was completed meanwhile is among the full ones at the next look.
        if filling.rows > self._seen and not recorder.full:
            rows = filling.columns()[self._seen :]
            self._seen += len(rows)
            yield rows, None

"""A recorded trial, read as if its requests ended now."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from loadtests.analysis.saved import SavedTrial
from loadtests.live.seen import Seen, Server, Waiting
from loadtests.matrix import BYSTANDER, LOAD
from loadtests.samples import NEVER, Outcome

Times = npt.NDArray[np.float64]


class Tape:
    """One trial from the start of its warm-up to the end of its drain, in milliseconds."""

    def __init__(self, trial: SavedTrial) -> None:
        self._trial = trial
        self._shift_ms = 1000.0 * trial.plan.warmup_s
        samples = trial.samples
        samples = samples.where(samples.sent_ns != NEVER)
        self._samples = samples
        self._intended, self._sent, self._done = (
            self._ms(column) for column in (samples.intended_ns, samples.sent_ns, samples.done_ns)
        )
        told = (samples.queue_ns != NEVER) & (samples.cpu_ns != NEVER)
        self._told = told & (samples.wait_ns != NEVER)
        self._began = np.where(self._told, self._sent + samples.queue_ns / 1e6, np.inf)
        self._ended = self._began + np.where(
            self._told, (samples.cpu_ns + samples.wait_ns) / 1e6, 0.0
        )
        self._order = np.argsort(self._done, kind="stable")
        self._in_order = self._done[self._order]
        self._aside = samples.stream == _index(samples.streams, BYSTANDER)
        self._counts = self._aside | (samples.stream == _index(samples.streams, LOAD))

    @property
    def end_ms(self) -> float:
        """When its last request had its fate, or its window ended."""
        window_ms = self._shift_ms + 1000.0 * self._trial.plan.measure_s
        return max(window_ms, float(self._in_order[-1]) if len(self._in_order) else 0.0)

    def between(self, from_ms: float, to_ms: float) -> list[Seen]:
        """The requests that ended after a moment and until another one."""
        low, high = np.searchsorted(self._in_order, (from_ms, to_ms), side="right")
        return [self._seen(int(row)) for row in self._order[low:high]]

    def waiting(self, at_ms: float) -> list[Waiting]:
        """The requests that were under way at a moment."""
        rows = np.flatnonzero((self._intended <= at_ms) & (self._done > at_ms))
        return [
            Waiting(float(self._intended[row]), bool(self._aside[row]), bool(self._counts[row]))
            for row in rows
        ]

    def server(self, at_ms: float) -> Server:
        """What the server said of itself, as far as its answers told it."""
        active = int(np.count_nonzero((self._began <= at_ms) & (self._ended > at_ms)))
        origin_ns = self._trial.plan.origin_ns
        usage = self._trial.server.usage
        known = [point for point in usage if self._moment(point.at_ns - origin_ns) <= at_ms]
        return Server(active, known[-1].cpu_s if known else None)

    def _seen(self, row: int) -> Seen:
        samples, told = self._samples, bool(self._told[row])
        return Seen(
            intended_ms=float(self._intended[row]),
            sent_ms=float(self._sent[row]),
            began_ms=float(self._began[row]) if told else None,
            ended_ms=float(self._ended[row]) if told else None,
            done_ms=float(self._done[row]),
            cpu_ms=_span(samples.cpu_ns[row]),
            hold_ms=_span(samples.hold_ns[row]),
            step_ms=_span(samples.step_ns[row]),
            worker=int(samples.worker[row]),
            path=samples.urls[samples.url[row]].partition("?")[0],
            aside=bool(self._aside[row]),
            ok=samples.outcome[row] == Outcome.COMPLETED,
            counts=bool(self._counts[row]),
        )

    def _ms(self, column: npt.NDArray[np.int64]) -> Times:
        return column / 1e6 + self._shift_ms

    def _moment(self, ns: int) -> float:
        return ns / 1e6 + self._shift_ms


def _span(ns: int) -> float:
    return 0.0 if ns == NEVER else float(ns) / 1e6


def _index(words: tuple[str, ...], word: str) -> int:
    return words.index(word) if word in words else -1

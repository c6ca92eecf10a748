"""Rows counted by target: what Locust's statistics need to know, without a call for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.plan import Target
from loadtests.samples import ErrorKind, Outcome

SIGNIFICANT_BITS = 8


@dataclass(frozen=True, slots=True)
class Tally:
    """One target's fates. Failures have no latency here, only a count by what went wrong.

    A client that has `gone` is neither: it is counted, and nothing more is said of it.
    """

    target: int
    completed: int = 0
    gone: int = 0
    total_ns: int = 0
    shortest_ns: int = 0
    longest_ns: int = 0
    buckets: dict[int, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)


class Groups:
    """Targets that are counted as one: those of a stream that have kind and path in common.

    A distributed request has dozens of them, each of which would cost as much as all together.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        first: dict[tuple[str, str, str], int] = {}
        leaders = [first.setdefault((t.stream, t.kind, t.path), t.number) for t in targets]
        alone = all(t.kind == "" for t in targets) or leaders == [t.number for t in targets]
        self._leaders = None if alone else np.array(leaders, np.uint16)

    def of(self, rows: Any) -> Any:
        """The rows, each with the first target of its group."""
        if self._leaders is None:
            return rows
        rows = rows.copy()
        rows["target"] = self._leaders[rows["target"]]
        return rows


def bucket_ns(latency_ns: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The histogram buckets of latencies: their leading 8 bits, at most 0.8 % below each."""
    latency = np.asarray(latency_ns, dtype=np.int64)
    bits = np.frexp(latency.astype(np.float64))[1].astype(np.int64)
    shift = np.maximum(bits - SIGNIFICANT_BITS, 0)
    return latency >> shift << shift


def tallies(rows: Any) -> Sequence[Tally]:
    """Count the rows of a chunk, a structured array, by target; none for none."""
    return [_tally(int(t), rows[rows["target"] == t]) for t in np.unique(rows["target"])]


def _tally(target: int, rows: Any) -> Tally:
    done = rows["outcome"] == Outcome.COMPLETED
    failures: dict[str, int] = {}
    gone = rows["outcome"] == Outcome.GONE
    for row in rows[~done & ~gone]:
        fault = _fault(row)
        failures[fault] = failures.get(fault, 0) + 1
    latency = (rows["done_ns"] - rows["intended_ns"])[done]
    if not len(latency):
        return Tally(target, gone=int(np.count_nonzero(gone)), failures=failures)
    buckets, counts = np.unique(bucket_ns(latency), return_counts=True)
    return Tally(
        target=target,
        completed=len(latency),
        gone=int(np.count_nonzero(gone)),
        total_ns=int(latency.sum()),
        shortest_ns=int(latency.min()),
        longest_ns=int(latency.max()),
        buckets=dict(zip(buckets.tolist(), counts.tolist(), strict=True)),
        failures=failures,
    )


def _fault(row: Any) -> str:
    if row["error"] == ErrorKind.STATUS:
        return f"status {row['status']}"
    kind = ErrorKind(row["error"]) or Outcome(row["outcome"])
    return kind.name.lower()

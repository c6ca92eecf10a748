"""Rows counted by target: what Locust's statistics need to know, without a call for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.samples import ErrorKind, Outcome

SIGNIFICANT_BITS = 8


@dataclass(frozen=True, slots=True)
class Tally:
    """One target's fates. Failures have no latency here, only a count by what went wrong."""

    target: int
    completed: int = 0
    total_ns: int = 0
    shortest_ns: int = 0
    longest_ns: int = 0
    buckets: dict[int, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)


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
    for row in rows[~done]:
        fault = _fault(row)
        failures[fault] = failures.get(fault, 0) + 1
    latency = (rows["done_ns"] - rows["intended_ns"])[done]
    if not len(latency):
        return Tally(target, failures=failures)
    buckets, counts = np.unique(bucket_ns(latency), return_counts=True)
    return Tally(
        target=target,
        completed=len(latency),
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

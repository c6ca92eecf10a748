"""Answers counted by target: what Locust's statistics need to know, without a call for each."""

from __future__ import annotations

from collections import defaultdict

SIGNIFICANT_BITS = 8


def bucket_ns(latency_ns: int) -> int:
    """The histogram bucket of a latency: its leading 8 bits, so at most 0.8 % below the value."""
    shift = latency_ns.bit_length() - SIGNIFICANT_BITS
    return latency_ns >> shift << shift if shift > 0 else latency_ns


class Tally:
    """One target's answers since the last look. Failures have no latency here, only a count."""

    __slots__ = ("buckets", "completed", "failures", "longest_ns", "shortest_ns", "total_ns")

    def __init__(self) -> None:
        self.completed = 0
        self.total_ns = 0
        self.shortest_ns = 0
        self.longest_ns = 0
        self.buckets: defaultdict[int, int] = defaultdict(int)
        self.failures: defaultdict[str, int] = defaultdict(int)

    def complete(self, latency_ns: int) -> None:
        """Count one answer."""
        if not self.completed or latency_ns < self.shortest_ns:
            self.shortest_ns = latency_ns
        if latency_ns > self.longest_ns:
            self.longest_ns = latency_ns
        self.completed += 1
        self.total_ns += latency_ns
        shift = latency_ns.bit_length() - SIGNIFICANT_BITS
        self.buckets[latency_ns >> shift << shift if shift > 0 else latency_ns] += 1

    def fail(self, fault: str) -> None:
        """Count one failure."""
        self.failures[fault] += 1

    def __bool__(self) -> bool:
        return bool(self.completed or self.failures)

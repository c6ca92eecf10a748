"""Everything that the exporter serves, gathered for one scrape."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from prometheus_client import Metric as Family
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from servers.exporter import host
from servers.exporter.book import Book, Key, Numbers
from servers.exporter.listeners import Listeners
from servers.exporter.processes import Processes
from servers.exporter.sampler import Sampler
from servers.exporter.stack import Server, Stack
from servers.ledger import LedgerError
from servers.metrics import BUCKETS, METRICS, SUM, Metric

_BOUNDS = (*map(str, BUCKETS), "+Inf")
# What is sampled between scrapes, and the metric that tells the most of it.
_MOST = {
    "testbed_accept_queue_connections": "testbed_accept_queue_max_connections",
    "testbed_pool_waiting_requests": "testbed_pool_waiting_max_requests",
}
# Both are areas over time: under the number of requests, and under one.
_ACTIVE_S, _SAMPLED_S = "testbed_active_request_seconds_total", "testbed_sampled_seconds_total"


class StackCollector(Collector):
    """The metrics of all servers whose workers keep their ledgers in one folder."""

    def __init__(self, folder: Path) -> None:
        self._stack = Stack(folder)
        self._listeners = Listeners()
        self._processes = Processes()
        self._sampler = Sampler(self._queues, self._active)
        self._servers: Sequence[Server] = ()
        self._books: tuple[Book, ...] = ()
        # Scrapes may come at once; the sampler waits for none of them.
        self._lock = threading.Lock()

    def start(self) -> None:
        """Sample the queues from now on."""
        self._sampler.start()

    def look(self) -> None:
        """Find out which servers and processes there are now."""
        with self._lock:
            self._look()

    def collect(self) -> Iterator[Family]:
        """All metrics in the order of the table, as they are now."""
        with self._lock:
            self._look()
            numbers = self._stack.numbers()
            numbers.update((key, (value,)) for key, value in self._outside().items())
        return families(numbers)

    def _look(self) -> None:
        self._stack.look()
        self._books, self._servers = self._stack.books(), self._stack.servers()
        self._listeners.look(self._servers)

    def _outside(self) -> dict[Key, float]:
        now, most = self._sampler.take()
        return {
            **now,
            **self._sampler.areas(),
            **{(_MOST[name], labels): most[name, labels] for name, labels in now if name in _MOST},
            **self._listeners.connections(self._servers),
            **_of_workers(self._servers),
            **_stalled(self._books, time.perf_counter()),
            **self._processes.read(self._servers),
            **host.read(),
        }

    def _queues(self) -> dict[Key, float]:
        numbers = self._listeners.queues()
        for book in self._books:
            numbers.update(book.gauges("testbed_pool_waiting_requests"))
        return numbers

    def _active(self) -> dict[Key, float]:
        """Requests in the application of each server, where all of them are known."""
        found: dict[str, float] = {}
        for book in self._books:
            if "worker" in book.labels:
                found[book.profile] = found.get(book.profile, 0.0) + _active(book)
        known = {(profile,): n for profile, n in found.items() if not math.isnan(n)}
        return {
            **{(_ACTIVE_S, labels): n for labels, n in known.items()},
            **{(_SAMPLED_S, labels): 1.0 for labels in known},
        }


def _active(book: Book) -> float:
    """Requests in the application of one worker; no number where they are not known."""
    try:
        active = book.active()
    except LedgerError:
        active = None
    return math.nan if active is None else active


def families(numbers: Numbers) -> Iterator[Family]:
    """Every metric of the contract with its series, in the contract's order."""
    series: dict[str, list[tuple[tuple[str, ...], tuple[float, ...]]]] = defaultdict(list)
    for (name, labels), cells in numbers.items():
        series[name].append((labels, cells))
    for metric in METRICS.values():
        yield _family(metric, sorted(series[metric.name]))


def _family(metric: Metric, series: Sequence[tuple[tuple[str, ...], tuple[float, ...]]]) -> Family:
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, cells in series:
            buckets = list(zip(_BOUNDS, accumulate(cells[:SUM]), strict=True))
            histogram.add_metric(labels, buckets, sum_value=cells[SUM])
        return histogram
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, (value,) in series:
        family.add_metric(labels, value)
    return family


def _of_workers(servers: Sequence[Server]) -> dict[Key, float]:
    numbers: dict[Key, float] = {}
    for server in servers:
        numbers["testbed_worker_restarts_total", (server.profile,)] = server.restarts
        numbers["testbed_workers", (server.profile,)] = len(server.workers)
    return numbers


def _stalled(books: Sequence[Book], now_s: float) -> dict[Key, float]:
    """How long the heartbeat of each loop is overdue, by the clock that all processes share."""
    return {
        ("testbed_event_loop_stalled_seconds", labels): max(0.0, now_s - due_s)
        for book in books
        for (_, labels), due_s in book.gauges("testbed_event_loop_due_seconds")
        # Before its first beat a loop has nothing due.
        if due_s
    }

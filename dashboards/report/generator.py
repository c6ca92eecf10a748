"""The load generator's own figures: how punctual it was, and what waiting in it would have hidden.

Rule: a share is written as 100 % only where it is the whole.
"""

from __future__ import annotations

from collections.abc import Callable

from dashboards.report.columns import Column
from dashboards.report.format import share
from loadtests.analysis.summary import Latency, Trial


def _percent(value: Callable[[Trial], float | None]) -> Callable[[Trial], float | None]:
    def read(trial: Trial) -> float | None:
        found = value(trial)
        return None if found is None else 100 * found

    return read


def _due(trial: Trial) -> Latency:
    return trial.latency_ms


def _sent(trial: Trial) -> Latency:
    return trial.latency_from_send_ms


LATENESS = Column(
    "lateness p99",
    "ms",
    lambda t: t.lateness_p99_ms,
    "99 requests in a hundred were sent at most this long after they were due.",
)
PUNCTUAL = Column(
    "sent in time",
    "%",
    _percent(lambda t: t.punctual),
    "Of the requests that were due in the window, those that were sent before it ended.",
    share,
)
BUSY = Column(
    "generator CPU",
    "%",
    _percent(lambda t: t.generator_cpu),
    "Share of a processor that the busiest process of the load generator used.",
    optional=True,
)
DELAY = Column(
    "waiting for a processor",
    "%",
    _percent(lambda t: t.generator_delay),
    "Share of the time that this process was ready to run, and waited for a processor.",
    optional=True,
)
P50_SENT = Column(
    "p50 sent",
    "ms",
    lambda t: t.latency_from_send_ms.p50,
    "The median, counted from the moment at which a request was really sent.",
    part_of=_sent,
)
P50_DUE = Column(
    "p50 due",
    "ms",
    lambda t: t.latency_ms.p50,
    "The median of the tables above, counted from the moment at which a request was due.",
    part_of=_due,
)
P99_SENT = Column(
    "p99 sent",
    "ms",
    lambda t: t.latency_from_send_ms.p99,
    "99 requests in a hundred took at most this long, counted from when they were really sent.",
    part_of=_sent,
)
P99_DUE = Column(
    "p99 due",
    "ms",
    lambda t: t.latency_ms.p99,
    "99 requests in a hundred took at most this long, counted from when they were due.",
    part_of=_due,
)

GENERATOR = (LATENESS, PUNCTUAL, BUSY, DELAY, P50_DUE, P50_SENT, P99_DUE, P99_SENT)

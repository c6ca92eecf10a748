"""The figures of a trial that tables show, each with its heading, its unit and its meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboards.report.cells import Row, bystander
from dashboards.report.format import count, figure
from loadtests.analysis.summary import Latency, Trial


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `value` reads a trial, `show` writes the number, `meaning` is for the reader.

    An `optional` column is left out of a run in which no trial has its figure. `part_of` is the
    latency that the value belongs to, which knows from where on it is a lower bound; `floor` says
    of other values whether they are one. Else `sign` stands before the number.
    """

    heading: str
    unit: str
    value: Callable[[Trial], float | None]
    meaning: str
    show: Callable[[float | None], str] = figure
    optional: bool = False
    part_of: Callable[[Trial], Latency | None] = lambda _trial: None
    floor: Callable[[Trial], bool] = lambda _trial: False
    sign: str = ""

    def of_row(self, row: Row) -> str:
        """The median over the row's valid trials as it is shown."""
        return self._marked(row.valid, row.median(self.value))

    def of_trial(self, trial: Trial) -> str:
        """One trial's figure as it is shown."""
        return self._marked((trial,), self.value(trial))

    def _marked(self, trials: Sequence[Trial], value: float | None) -> str:
        if value is None:
            return self.show(value)
        bounded = any(self._is_bound(trial) for trial in trials)
        return ("≥" if bounded else self.sign) + self.show(value)

    def _is_bound(self, trial: Trial) -> bool:
        if self.floor(trial):
            return True
        found, value = self.part_of(trial), self.value(trial)
        since = None if found is None else found.lower_bound_from_ms
        return since is not None and value is not None and value >= since


def _latency(trial: Trial) -> Latency:
    return trial.latency_ms


def _of_bystander(trial: Trial) -> Latency | None:
    return None if trial.bystander is None else trial.bystander.latency_ms


def _of(
    stream: Callable[[Trial], Latency | None], value: Callable[[Latency], float | None]
) -> Callable[[Trial], float | None]:
    def read(trial: Trial) -> float | None:
        found = stream(trial)
        return None if found is None else value(found)

    return read


OFFERED = Column(
    "offered",
    "requests/s",
    lambda t: t.offered_rps,
    "Requests that were due per second. The schedule is made in advance and waits for nobody.",
)
ACHIEVED = Column(
    "achieved",
    "requests/s",
    lambda t: t.achieved_rps,
    "Successful answers per second. Below the offered rate, the rest waits, fails or is given up.",
)
P50 = Column(
    "p50",
    "ms",
    lambda t: t.latency_ms.p50,
    "Half of the requests were answered within this time (the median).",
    part_of=_latency,
)
P90 = Column(
    "p90",
    "ms",
    lambda t: t.latency_ms.p90,
    "Nine requests in ten were answered within this time.",
    part_of=_latency,
)
P99 = Column(
    "p99",
    "ms",
    lambda t: t.latency_ms.p99,
    "99 requests in a hundred were answered within this time. – where there were too few.",
    part_of=_latency,
)
MAX = Column(
    "max",
    "ms",
    lambda t: t.latency_ms.max,
    "The longest that any request took. One single event: it varies most between trials.",
    part_of=_latency,
)
LOST = Column(
    "not answered",
    "requests",
    lambda t: t.requests.scheduled - t.requests.completed,
    "Requests without a successful answer: failed (an error), dropped (never sent), censored "
    "(still waiting when the trial ended) and gone (their client had lost patience).",
    count,
)
BYSTANDER = Column(
    "bystander p90",
    "ms",
    bystander(lambda s: s.latency_ms.p90),
    "Nine in ten of the cheap requests sent now and then beside the load were answered "
    "within this time: what the load does to everybody else.",
    optional=True,
    part_of=_of_bystander,
)
QUEUE = Column(
    "queue p90",
    "ms",
    _of(lambda t: t.queue_ms, lambda q: q.p90),
    "Waiting for a worker: from being sent until the first line of the service runs.",
    optional=True,
)
HOLD = Column(
    "hold p50",
    "ms",
    _of(lambda t: t.hold_ms, lambda h: h.p50),
    "How long the application keeps its worker, or the event loop, from serving anyone else "
    "for a request, until its answer begins.",
    optional=True,
)
CPU = Column(
    "CPU",
    "s",
    lambda t: t.cpu_s,
    "Processor seconds that all server processes used in the measurement window.",
)
RSS = Column(
    "memory",
    "MiB",
    lambda t: t.rss_mb,
    "Peak resident memory of the server processes.",
)

FIGURES = (OFFERED, ACHIEVED, P50, P90, P99, MAX, BYSTANDER, QUEUE, HOLD, CPU, RSS)

FATES = (
    Column(
        "scheduled",
        "requests",
        lambda t: t.requests.scheduled,
        "Every request that was due in the window. The others add up to it.",
        count,
    ),
    Column(
        "completed", "requests", lambda t: t.requests.completed, "Answered with success.", count
    ),
    Column("failed", "requests", lambda t: t.requests.failed, "Answered with an error.", count),
    Column(
        "dropped",
        "requests",
        lambda t: t.requests.dropped,
        "Never sent, because the load generator could not send it.",
        count,
    ),
    Column(
        "censored",
        "requests",
        lambda t: t.requests.censored,
        "Sent, and still without an answer when the trial ended.",
        count,
    ),
    Column(
        "gone",
        "requests",
        lambda t: t.requests.gone if t.bad_day else None,
        "Given up by a client whose patience had ended.",
        count,
        optional=True,
    ),
)


def measured(trials: Sequence[Trial], columns: Sequence[Column] = FIGURES) -> tuple[Column, ...]:
    """The columns that the run has figures for."""
    return tuple(
        column
        for column in columns
        if not column.optional or any(column.value(trial) is not None for trial in trials)
    )

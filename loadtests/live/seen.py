"""What is known of a request, alike whether it was answered just now or in a recorded run.

Times are milliseconds from the session's beginning, by the clock of the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from loadtests.matrix import BYSTANDER
from loadtests.plan import Target
from loadtests.samples import NEVER, Outcome

ONCE = "once"
"""The stream of requests that stand out: they are shown, and no figure counts them."""


class Seen(NamedTuple):
    """A request whose fate is known.

    `began_ms` and `ended_ms` are of its time in the application, None where no worker told them;
    `hold_ms` is for how long it kept its worker, thread or loop from others, `step_ms` the longest
    piece of that. `ok` is whether it was answered in full, with a status below 400. `counts` is
    whether it is part of the load or of the bystander, and not a request that stands out.
    """

    intended_ms: float
    sent_ms: float
    began_ms: float | None
    ended_ms: float | None
    done_ms: float
    cpu_ms: float
    hold_ms: float
    step_ms: float
    worker: int
    path: str
    aside: bool
    ok: bool
    counts: bool = True

    @property
    def latency_ms(self) -> float:
        """From the intended time: what waited to be sent has waited too."""
        return self.done_ms - self.intended_ms

    @property
    def holds(self) -> bool:
        """Whether it kept what served it from others for nearly all the time it took."""
        if self.began_ms is None or self.ended_ms is None:
            return False
        return self.hold_ms >= 0.9 * (self.ended_ms - self.began_ms)

    @property
    def runs(self) -> bool:
        """Whether it computed for most of the time that it took."""
        if self.began_ms is None or self.ended_ms is None:
            return False
        return 2.0 * self.cpu_ms >= self.ended_ms - self.began_ms


class Waiting(NamedTuple):
    """A request that has no fate yet."""

    intended_ms: float
    aside: bool
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Server:
    """What only the server's side knows: how many requests the application has in hand, the seconds
    of a processor that it has used since it began, and how many wait for a place in a pool."""

    active: int = 0
    cpu_s: float | None = None
    pool: str = ""
    pool_waiting: int = 0


def seen_of(rows: Any, targets: list[Target], begun_ns: int, origin_ns: int) -> Iterator[Seen]:
    """The rows of an engine, whose times count from `begun_ns`, as times from `origin_ns`.

    A request that was dropped was never anywhere, and is left out.
    """
    shift_ns = begun_ns - origin_ns
    sent = rows[(rows["sent_ns"] != NEVER) & (rows["outcome"] != Outcome.DROPPED)]
    for row in sent:
        target = targets[row["target"]]
        intended_ms, sent_ms, done_ms = (
            (int(row[name]) + shift_ns) / 1e6 for name in ("intended_ns", "sent_ns", "done_ns")
        )
        # A column of the split is one more than its microseconds, and 0 where there is none.
        told = bool(row["queue_us"])
        queue, cpu, wait, hold, step = (
            max(int(row[f"{name}_us"]) - 1, 0) / 1e3
            for name in ("queue", "cpu", "wait", "hold", "step")
        )
        began_ms = sent_ms + queue if told else None
        yield Seen(
            intended_ms=intended_ms,
            sent_ms=sent_ms,
            began_ms=began_ms,
            ended_ms=None if began_ms is None else began_ms + cpu + wait,
            done_ms=done_ms,
            cpu_ms=cpu,
            hold_ms=hold,
            step_ms=step,
            worker=int(row["worker"]),
            path=target.path,
            aside=target.stream == BYSTANDER,
            ok=row["outcome"] == Outcome.COMPLETED,
            counts=target.stream != ONCE,
        )


def quantile_ms(values: Iterable[float], q: float) -> float | None:
    """The q-quantile of however few latencies, as a page shows it that is looked at in passing."""
    ascending = np.fromiter(values, dtype=np.float64)
    return float(np.quantile(ascending, q, method="median_unbiased")) if len(ascending) else None

"""What a reader should know of a trial that is valid all the same: named warnings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from loadtests.analysis.instruments import Course, ServerSide, WorkerShare
from loadtests.analysis.split import measured, return_ns
from loadtests.analysis.summary import Reason
from loadtests.samples import Samples

UNEQUAL = 1.5
"""60 to 40: how many times of one worker's part another may have."""
BY_CHANCE = 2.326
"""The quantile of the normal distribution that chance exceeds once in a hundred times."""
LEAST_OCCUPIED = 0.2
"""Below it no worker has much to do, and which of them does it matters little."""
CLOCK_MS = -0.1
EARLY_MS = 1.0
COUNTED = 0.9


def warnings_of(
    main: Samples,
    workers: Sequence[WorkerShare],
    server_side: ServerSide | None,
    courses: Sequence[Course],
    *,
    standing: bool = False,
) -> tuple[Reason, ...]:
    """Every warning of a trial, by its main stream in the window and by its instruments.

    `standing`: its server was not started for it.
    """
    return (
        *_standing(standing=standing),
        *_imbalance(workers),
        *_clock(main),
        *_order(courses),
        *_stall(server_side),
    )


def _standing(*, standing: bool) -> Iterator[Reason]:
    if standing:
        text = "the server ran before the trial, beside others and on no processors of its own"
        hint = "show it, and quote numbers of a run that starts its servers (make run)"
        yield Reason("standing", text, hint)


def _imbalance(workers: Sequence[WorkerShare]) -> Iterator[Reason]:
    if len(workers) < 2:
        return
    found = []
    least, most = _extremes(workers, lambda worker: worker.requests)
    if most.requests > UNEQUAL * least.requests and not _by_chance([w.requests for w in workers]):
        found.append(
            f"worker {most.worker} of {len(workers)} answered {most.share:.0%} of the requests, "
            f"worker {least.worker} only {least.share:.0%}"
        )
    least, most = _extremes(workers, lambda worker: worker.occupancy)
    if most.occupancy > max(UNEQUAL * least.occupancy, LEAST_OCCUPIED):
        found.append(
            f"worker {most.worker} of {len(workers)} was occupied for {most.occupancy:.0%} of the "
            f"window, worker {least.worker} only for {least.occupancy:.0%}"
        )
    if found:
        hint = (
            "read the latency as that of the busiest worker, and repeat with one worker or with "
            "more connections"
        )
        yield Reason("imbalance", "; ".join(found), hint)


def _extremes(
    workers: Sequence[WorkerShare], value: Callable[[WorkerShare], float]
) -> tuple[WorkerShare, WorkerShare]:
    ordered = sorted(workers, key=value)
    return ordered[0], ordered[-1]


def _by_chance(counts: Sequence[int]) -> bool:
    """Whether an equal spread would look as unequal as this, one time in a hundred or more often.

    Pearson's chi-square test with the quantile after Wilson and Hilferty.
    """
    mean, freedom = sum(counts) / len(counts), len(counts) - 1
    if not mean:
        return True
    chi_square = sum((number - mean) ** 2 for number in counts) / mean
    ninth = 2 / (9 * freedom)
    return chi_square <= freedom * (1 - ninth + BY_CHANCE * math.sqrt(ninth)) ** 3


def _clock(main: Samples) -> Iterator[Reason]:
    found = measured(main)
    if len(found.done_ns):
        median_ms = float(np.median(return_ns(found))) / 1e6
        if median_ms < CLOCK_MS:
            text = f"answers were here {-median_ms:.2f} ms before they were sent, by their clocks"
            hint = "do not rely on queue and return: the time of day was set during the trial"
            yield Reason("clock", text, hint)


def _order(courses: Sequence[Course]) -> Iterator[Reason]:
    """Of captured requests all times are of one clock, whatever the time of day does.

    What ends a request on the server may run when its answer is here already: where threads share
    a processor or a lock, long after. The beginning of the answer may not.
    """
    early = [c.answered_ms - c.done_ms for c in courses if c.answered_ms is not None]
    early += [c.sent_ms - c.began_ms for c in courses if c.began_ms is not None]
    worst_ms = max(early, default=0.0)
    if worst_ms > EARLY_MS:
        text = (
            f"a captured request was begun or answered {worst_ms:.2f} ms before that was possible, "
            "by the monotonic clock"
        )
        hint = "report this: do not rely on the parts of the latency, or on the swimlane"
        yield Reason("clock", text, hint)


def _stall(server_side: ServerSide | None) -> Iterator[Reason]:
    stall = server_side.stall if server_side is not None else None
    if stall is not None and stall.counted < COUNTED:
        text = f"the heartbeats of the event loops tell of only {stall.counted:.0%} of the window"
        hint = "read the stall as that of this part, and repeat with a longer warm-up (warmup_s)"
        yield Reason("stall", text, hint)

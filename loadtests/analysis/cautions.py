"""What a reader should know of a trial that is valid all the same: named warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from loadtests.analysis.instruments import WorkerShare
from loadtests.analysis.split import measured, return_ns
from loadtests.analysis.summary import Reason
from loadtests.samples import Samples

UNEQUAL = 1.5
"""60 to 40: how many times the requests of one worker another may have."""
LEAST_EACH = 50
"""Requests that each worker would have of an equal spread: with fewer, chance alone is unequal."""
CLOCK_MS = -0.1


def warnings_of(main: Samples, workers: Sequence[WorkerShare]) -> tuple[Reason, ...]:
    """Every warning of a trial, by its main stream in the window and its workers."""
    return (*_imbalance(workers), *_clock(main))


def _imbalance(workers: Sequence[WorkerShare]) -> Iterator[Reason]:
    total = sum(worker.requests for worker in workers)
    if len(workers) < 2 or total < LEAST_EACH * len(workers):
        return
    ordered = sorted(workers, key=lambda worker: worker.requests)
    least, most = ordered[0], ordered[-1]
    if most.requests > UNEQUAL * least.requests:
        text = (
            f"worker {most.worker} of {len(workers)} answered {most.share:.0%} of the requests, "
            f"worker {least.worker} only {least.share:.0%}"
        )
        hint = (
            "read the latency as that of the busiest worker, and repeat with one worker or with "
            "more connections"
        )
        yield Reason("imbalance", text, hint)


def _clock(main: Samples) -> Iterator[Reason]:
    found = measured(main)
    if len(found.done_ns):
        median_ms = float(np.median(return_ns(found))) / 1e6
        if median_ms < CLOCK_MS:
            text = f"answers were here {-median_ms:.2f} ms before they were sent, by their clocks"
            hint = "do not rely on queue and return: the time of day was set during the trial"
            yield Reason("clock", text, hint)

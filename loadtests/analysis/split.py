"""Where the time of requests went: parts that add up to the latency, request by request."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from loadtests.analysis.instruments import Parts, Split
from loadtests.samples import NEVER, Outcome, Samples

SLOWEST = 100
"""One request in so many is among the slowest."""
LEAST_SLOWEST = 10

Nanoseconds = npt.NDArray[np.int64]


def completed(samples: Samples) -> Samples:
    """The requests that were answered with success."""
    return samples.where(samples.outcome == Outcome.COMPLETED)


def measured(samples: Samples) -> Samples:
    """Of the completed requests those whose answer told queue, cpu and wait."""
    told = (samples.queue_ns != NEVER) & (samples.cpu_ns != NEVER) & (samples.wait_ns != NEVER)
    return samples.where(told & (samples.outcome == Outcome.COMPLETED))


def split_of(samples: Samples) -> Split | None:
    """The split of a stream; None where none of its requests was measured."""
    found = measured(samples)
    latency_ns = found.done_ns - found.intended_ns
    if not len(latency_ns):
        return None
    slowest = len(latency_ns) // SLOWEST
    slow = _highest(latency_ns, slowest) if slowest >= LEAST_SLOWEST else None
    answered = int(np.count_nonzero(samples.outcome == Outcome.COMPLETED))
    return Split(
        stamped=round(len(latency_ns) / answered, 4),
        all=parts_of(found),
        slowest=None if slow is None else parts_of(found.where(slow)),
    )


def _highest(values: Nanoseconds, count: int) -> npt.NDArray[np.bool_]:
    """Which values are the `count` highest; of equal ones the last."""
    least = np.partition(values, len(values) - count)[len(values) - count]
    found: npt.NDArray[np.bool_] = values > least
    equal = np.flatnonzero(values == least)
    found[equal[len(equal) - (count - np.count_nonzero(found)) :]] = True
    return found


def return_ns(samples: Samples) -> Nanoseconds:
    """From the application's answer until it was here; below zero where two clocks disagree."""
    answered_ns: Nanoseconds = samples.done_ns - samples.sent_ns
    return answered_ns - samples.queue_ns - samples.cpu_ns - samples.wait_ns


def parts_of(samples: Samples) -> Parts:
    """The mean parts of measured requests, of which there must be one."""
    count = len(samples.done_ns)
    total_ns = int((samples.done_ns - samples.intended_ns).sum())
    # One after another: each is a column, and there may be millions of rows.
    parts: dict[str, Callable[[], Nanoseconds]] = {
        "lateness_ms": lambda: samples.sent_ns - samples.intended_ns - samples.connect_ns,
        "connect_ms": lambda: samples.connect_ns,
        "queue_ms": lambda: samples.queue_ns,
        "cpu_ms": lambda: samples.cpu_ns,
        "wait_ms": lambda: samples.wait_ns,
        "return_ms": lambda: return_ns(samples),
    }

    def mean_ms(sum_ns: int) -> float:
        # One division of whole numbers: the same on every machine, to the last bit.
        return sum_ns / (count * 1_000_000)

    sums = {name: _sums(part()) for name, part in parts.items()}
    return Parts(
        requests=count,
        latency_ms=mean_ms(total_ns),
        **{name: mean_ms(above) for name, (above, _) in sums.items()},
        remainder_ms=mean_ms(sum(below for _, below in sums.values())),
    )


def _sums(part: Nanoseconds) -> tuple[int, int]:
    """The sum of what is above zero, and of what is below."""
    above = int(part.clip(min=0).sum())
    return above, int(part.sum()) - above

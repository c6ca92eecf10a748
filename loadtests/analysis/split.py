"""Where the time of requests went: parts that add up to the latency, request by request."""

from __future__ import annotations

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
    slow = np.zeros(len(latency_ns), dtype=bool)
    slow[np.argsort(latency_ns, kind="stable")[len(latency_ns) - slowest :]] = True
    return Split(
        stamped=round(len(latency_ns) / len(completed(samples).done_ns), 4),
        all=parts_of(found),
        slowest=parts_of(found.where(slow)) if slowest >= LEAST_SLOWEST else None,
    )


def return_ns(samples: Samples) -> Nanoseconds:
    """From the application's answer until it was here; below zero where two clocks disagree."""
    answered_ns: Nanoseconds = samples.done_ns - samples.sent_ns
    return answered_ns - samples.queue_ns - samples.cpu_ns - samples.wait_ns


def parts_of(samples: Samples) -> Parts:
    """The mean parts of measured requests, of which there must be one."""
    count = len(samples.done_ns)
    parts = {
        "lateness_ms": samples.sent_ns - samples.intended_ns - samples.connect_ns,
        "connect_ms": samples.connect_ns,
        "queue_ms": samples.queue_ns,
        "cpu_ms": samples.cpu_ns,
        "wait_ms": samples.wait_ns,
        "return_ms": return_ns(samples),
    }

    def mean_ms(total_ns: int) -> float:
        # One division of whole numbers: the same on every machine, to the last bit.
        return total_ns / (count * 1_000_000)

    return Parts(
        requests=count,
        latency_ms=mean_ms(int((samples.done_ns - samples.intended_ns).sum())),
        **{name: mean_ms(int(part.clip(min=0).sum())) for name, part in parts.items()},
        remainder_ms=mean_ms(sum(int(part.clip(max=0).sum()) for part in parts.values())),
    )

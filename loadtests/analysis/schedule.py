"""The schedule as the samples tell it, to be held against the one that was planned."""

from __future__ import annotations

from array import array

import numpy as np

from loadtests.engine.schedule import digest
from loadtests.plan import GeneratorPlan
from loadtests.samples import Samples

TARGETS = 2**16
"""More targets than a schedule can have; times of weeks leave room for them beside."""


def digest_of(samples: Samples, plan: GeneratorPlan) -> str:
    """The digest of all open streams' requests, by their intended times and targets."""
    numbers = np.full((len(samples.streams), len(samples.urls)), -1, dtype=np.int64)
    for stream in plan.arrivals:
        for target in stream.targets:
            if target.stream in samples.streams and target.url in samples.urls:
                at = samples.streams.index(target.stream), samples.urls.index(target.url)
                numbers[at] = target.number
    targets = numbers[samples.stream, samples.url] if numbers.size else np.array([], dtype=np.int64)
    mine = targets >= 0
    # One number for both, which is sorted in a fraction of the time that two columns take.
    both = samples.intended_ns[mine] * TARGETS + targets[mine]
    both.sort()
    return digest(
        plan.arrivals,
        array("q", (both // TARGETS).tobytes()),
        array("H", (both % TARGETS).astype(np.uint16).tobytes()),
    )

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
    streams, kinds, urls = (
        {word: code for code, word in enumerate(words)}
        for words in (samples.streams, samples.kinds, samples.urls)
    )
    numbers = np.full((len(streams), len(kinds), len(urls)), -1, dtype=np.int64)
    for stream in plan.arrivals:
        for one in stream.targets:
            if one.stream in streams and one.line in kinds and one.url in urls:
                numbers[streams[one.stream], kinds[one.line], urls[one.url]] = one.number
    targets = np.array([], dtype=np.int64)
    if numbers.size:
        targets = numbers[samples.stream, samples.kind, samples.url]
    mine = targets >= 0
    # One number for both, which is sorted in a fraction of the time that two columns take.
    both = samples.intended_ns[mine] * TARGETS + targets[mine]
    both.sort()
    return digest(
        plan.arrivals,
        array("q", (both // TARGETS).tobytes()),
        array("H", (both % TARGETS).astype(np.uint16).tobytes()),
    )

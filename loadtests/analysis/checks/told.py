"""What the client's answers told of a window, as far as the laws of operation ask for it.

An answer tells what came before it began. From there to a request's end it is the workers' word,
on average: where threads want one processor, or one lock, that can be the greater part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loadtests.analysis.checks import outside
from loadtests.analysis.checks.outside import PERIOD_S
from loadtests.analysis.saved import SavedTrial
from loadtests.samples import NEVER, Outcome, Samples

EDGE_S = 0.05
"""How far apart the windows of the two sides may begin and end: a scrape takes a while."""
ADDED = 0.9
"""Of the measured requests so many must have been added up by the workers."""
SECOND = 1e9

Nanoseconds = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sum:
    """Times in seconds, added up, and so their squares."""

    total: float
    squares: float

    @classmethod
    def of(cls, times_ns: Nanoseconds) -> Sum:
        """Of nanoseconds."""
        seconds = times_ns / SECOND
        return cls(float(seconds.sum()), float(np.dot(seconds, seconds)))


@dataclass(frozen=True, slots=True)
class Told:
    """What the client's answers told of the window between the first scrape and the last.

    `inside` is what of their stays in the application lies in the window, and by `sampling_s2`
    errs who samples that; `stay` and `hold` are of the `requests` that ended in it. Each stands for
    `scale` requests, and `after_s` is how long the application still had a request whose answer had
    begun. Of at most `unknown` requests no answer told.
    """

    window_s: float
    requests: int
    scale: float
    after_s: float
    stay: Sum
    hold: Sum
    inside: Sum
    sampling_s2: float
    unknown: float


def told_of(trial: SavedTrial) -> Told | None:
    """None where no answer told anything, or the scrapes lack what the workers measured.

    So do those of runs that were saved when only a loop itself added up, and one was overloaded.
    """
    scrapes, samples = trial.scrapes, trial.samples
    low, high = (scrapes[n].at_ns - trial.plan.origin_ns for n in (0, -1))
    added, service_s = outside.services(scrapes)
    known = _knowing(samples)
    in_time = (samples.done_ns >= low) & (samples.done_ns < high)
    ended = (known.done_ns >= low) & (known.done_ns < high)
    requests = int(np.count_nonzero(ended))
    if not requests or added < ADDED * requests:
        return None
    begun_ns, stay_ns = known.sent_ns + known.queue_ns, known.cpu_ns + known.wait_ns
    ended_ns = begun_ns + stay_ns
    scale = max(int(np.count_nonzero(in_time & _answered(samples))) / requests, 1.0)
    soon_ns = high + 2 * EDGE_S * SECOND
    in_hand = int(np.count_nonzero((begun_ns < soon_ns) & (ended_ns >= high)))
    inside_ns = np.minimum(ended_ns, high) - np.maximum(begun_ns, low)
    inside_ns = inside_ns[inside_ns > 0]
    stay = Sum.of(stay_ns[ended])
    return Told(
        window_s=(high - low) / SECOND,
        requests=requests,
        scale=scale,
        after_s=max(service_s / added - stay.total / requests, 0.0),
        stay=stay,
        hold=Sum.of(known.hold_ns[ended]),
        inside=Sum.of(inside_ns),
        sampling_s2=_sampling_s2(inside_ns),
        unknown=_unknown(trial, high, scale * in_hand),
    )


def _knowing(samples: Samples) -> Samples:
    """The requests whose answer told how long they were in the application."""
    told = samples.hold_ns != NEVER
    for column in (samples.queue_ns, samples.cpu_ns, samples.wait_ns):
        told &= column != NEVER
    return samples.where(told)


def _sampling_s2(stays_ns: Nanoseconds) -> float:
    """The variance, in square seconds, of what samples at random moments make of those stays.

    One that is shorter than the time between samples is met or not; of a longer one its two ends
    are uncertain.
    """
    short_ns = stays_ns[stays_ns < PERIOD_S / 3 * SECOND]
    longer = len(stays_ns) - len(short_ns)
    return PERIOD_S * float(short_ns.sum()) / SECOND + longer * PERIOD_S**2 / 3


def _answered(samples: Samples) -> Rows:
    """Answered with anything, for a refusal was in the application too."""
    found: Rows = (samples.outcome == Outcome.COMPLETED) | (samples.status > 0)
    return found


def _unknown(trial: SavedTrial, high_ns: int, in_hand: float) -> float:
    """The most requests in the application at the window's end of which no answer told."""
    samples = trial.samples
    sent = (samples.sent_ns != NEVER) & (samples.sent_ns < high_ns)
    silent = int(np.count_nonzero(sent & ~_answered(samples)))
    return min(float(silent), max(outside.active_at_end(trial.scrapes) - in_hand, 0.0))

"""Whether a server answered as much as it was offered, as everything judges it that is no search.

A search has an objective of its own: see `objective`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from loadtests.analysis.summary import Trial
from loadtests.gates import KEPT_UP

MOST_BY_CHANCE = 0.05


def kept_up(trial: Trial) -> bool:
    """Whether a trial's server answered what it was offered, and nothing failed.

    Answers in the window must reach 99 % of what was offered in it, but for what chance puts across
    its edges. In a steady state the requests in hand at either edge vary alike, by at most the root
    of their number (Poisson, where none waits for another), which is rate × latency by Little's law
    (Little, "A proof for the queuing formula L = λW", 1961): two standard deviations of the
    difference are allowed, and never more than 5 % of the requests.
    """
    requests = trial.requests
    lost = requests.failed or requests.dropped or requests.gone
    if lost or not requests.scheduled or not trial.offered_rps:
        return False
    short = requests.scheduled * (1.0 - trial.achieved_rps / trial.offered_rps)
    in_hand = trial.achieved_rps * (trial.latency_ms.p50 or 0.0) / 1000.0
    by_chance = min(2.0 * math.sqrt(2.0 * in_hand), MOST_BY_CHANCE * requests.scheduled)
    return short <= max((1.0 - KEPT_UP) * requests.scheduled, by_chance)


def keeps_up(trials: Sequence[Trial]) -> bool:
    """Whether most of these trials, which are of one profile and load, kept up."""
    return 2 * sum(map(kept_up, trials)) > len(trials)

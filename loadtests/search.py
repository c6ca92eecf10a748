"""The highest rate that meets an objective: which rate to try next, and what the trials so far say.

Pure: a function of the probes alone, so that a search that was interrupted goes on where it was.

Near its capacity a server meets the objective in one trial and misses it in the next. The search
therefore keeps a probability for every capacity, and each probe, met or not, shifts it by Bayes'
rule; the rates tried are the quartiles of what is left, below and above in turn, so that both ends
of the bracket are tested again and again. This is probabilistic bisection (Horstein, "Sequential
transmission using noiseless feedback", 1963; Waeber, Frazier and Henderson, "Bisection search with
noisy responses", SIAM J. Control Optim. 51(3), 2013) with a psychometric function in place of a
fixed error rate, as in Watson and Pelli, "QUEST: A Bayesian adaptive psychometric method", 1983.
How steeply the chance falls around the capacity is unknown, and found from the probes as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

LOWEST_RPS, HIGHEST_RPS = 0.5, 50_000.0
STEP = 0.005
"""The grid of capacities, in natural logarithms: half a percent."""
NOISES = ((0.015, 0.3), (0.04, 0.3), (0.1, 0.25), (0.2, 0.15))
"""How wide the transition may be from met to not met, in natural logarithms, and how likely."""
LAPSE = 0.03
"""A trial may go wrong for a reason that has nothing to do with its rate."""
CONFIDENCE = 0.95
GUESSES = ((0.12, 0.5), (0.5, 0.3), (1.5, 0.15))
"""How far a prediction may be off, in natural logarithms, and how likely; the rest is anywhere."""
STRIDE = 3.0
"""No probe goes further beyond what was tried: far above its capacity a server only drops."""
LEAST_PROBES, MOST_PROBES = 5, 24


@dataclass(frozen=True, slots=True)
class Tried:
    """One probe: a rate, whether it met the objective, and how many seconds it measured."""

    rate_rps: float
    met: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a capacity: the likeliest, and the 95 % interval of what it may be.

    `done` where the interval is as narrow as was asked; `at_edge` where it reaches the highest or
    the lowest rate that a search asks for.
    """

    rate_rps: float
    low_rps: float
    high_rps: float
    done: bool
    at_edge: bool


_GRID = np.arange(np.log(LOWEST_RPS), np.log(HIGHEST_RPS) + STEP, STEP)


def next_rate(
    tried: Sequence[Tried], precision: float, seconds: float, guess_rps: float | None = None
) -> float | None:
    """The rate to try next in requests/s, to three digits; None where the search is over.

    It is over when the interval is within ± `precision` after a few probes, or when `seconds` of
    measurement are spent (half as many again while the interval is far too wide).
    """
    known = found(tried, precision, guess_rps)
    spent_s = sum(probe.seconds for probe in tried)
    if known.done or len(tried) >= MOST_PROBES:
        return None
    far_off = np.log(known.high_rps / known.low_rps) > 4 * np.log1p(precision)
    if spent_s >= seconds * (1.5 if far_off else 1.0):
        return None
    belief = _belief(tried, guess_rps).sum(axis=0)
    if not tried:
        return _rounded(_quantile(belief, 0.5))
    wanted = _quantile(belief, 0.25 if len(tried) % 2 == 1 else 0.75)
    rates = [probe.rate_rps for probe in tried]
    return _rounded(min(max(wanted, min(rates) / STRIDE), max(rates) * STRIDE))


def found(tried: Sequence[Tried], precision: float, guess_rps: float | None = None) -> Found:
    """What the probes say, with a prediction to begin with where there is one."""
    belief = _belief(tried, guess_rps).sum(axis=0)
    tail = (1.0 - CONFIDENCE) / 2.0
    low, middle, high = (_quantile(belief, q) for q in (tail, 0.5, 1.0 - tail))
    narrow = bool(high / middle <= 1.0 + precision and low / middle >= 1.0 / (1.0 + precision))
    both = {probe.met for probe in tried} == {True, False}
    edge = bool(low < LOWEST_RPS * 1.01 or high > HIGHEST_RPS / 1.01)
    done = narrow and both and len(tried) >= LEAST_PROBES
    return Found(_rounded(middle), _rounded(low), _rounded(high), done, edge)


def _belief(tried: Sequence[Tried], guess_rps: float | None) -> npt.NDArray[np.float64]:
    """The probability of each noise (rows) and capacity (columns)."""
    prior = np.full(len(_GRID), 1.0 / len(_GRID))
    if guess_rps is not None and LOWEST_RPS <= guess_rps <= HIGHEST_RPS:
        prior *= 1.0 - sum(share for _, share in GUESSES)
        for spread, share in GUESSES:
            near = np.exp(-0.5 * ((_GRID - np.log(guess_rps)) / spread) ** 2)
            prior += share * near / near.sum()
    noise, likely = (np.array(column)[:, None] for column in zip(*NOISES, strict=True))
    belief: npt.NDArray[np.float64] = likely * prior
    for probe in tried:
        met = ndtr((_GRID[None, :] - np.log(probe.rate_rps)) / noise)
        met = LAPSE + (1.0 - 2.0 * LAPSE) * met
        belief *= met if probe.met else 1.0 - met
        belief /= belief.sum()
    return belief


def _quantile(belief: npt.NDArray[np.float64], q: float) -> float:
    total = np.cumsum(belief)
    return float(np.exp(np.interp(q * total[-1], total, _GRID)))


def _rounded(rate_rps: float) -> float:
    return float(f"{rate_rps:.3g}")

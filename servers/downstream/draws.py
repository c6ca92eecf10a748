"""What is drawn for each call: how long it takes, and whether it fails.

Rule: the n-th draw follows from the seed and n alone. Who asks, when, and for what mean changes
nothing of it, and so whatever is compared meets the same downstream.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

Distribution = Literal["fixed", "exponential", "lognormal"]

MAX_SIGMA = 3.0
_STANDARD = NormalDist()
# SplitMix64, a generator whose n-th number needs none of those before it: G. L. Steele, D. Lea and
# C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
_GAMMA = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_LATENCY, _FAILURE = 0, 1


@dataclass(frozen=True, slots=True)
class Draws:
    """Latencies with the mean that a call asks for, and failures; the first n is 0.

    `sigma` is the standard deviation of a lognormal latency's logarithm: with 1.0 the 99th of a
    hundred calls takes six times the mean. `failures` is the share of calls that fail.
    """

    seed: int = 0
    distribution: Distribution = "fixed"
    sigma: float = 1.0
    failures: float = 0.0

    def latency_s(self, number: int, mean_s: float) -> float:
        """How long this call takes, in seconds."""
        if self.distribution == "fixed":
            return mean_s
        chance = self._chance(number, _LATENCY)
        if self.distribution == "exponential":
            return -mean_s * math.log1p(-chance)
        normal = _STANDARD.inv_cdf(chance)
        return mean_s * math.exp(self.sigma * normal - self.sigma**2 / 2)

    def fails(self, number: int) -> bool:
        """Whether this call is answered with 500."""
        return self._chance(number, _FAILURE) < self.failures

    def _chance(self, number: int, of: int) -> float:
        """A number between 0 and 1, equally likely everywhere, and never either of them."""
        bits = _mixed(_mixed(self.seed) + _GAMMA * (2 * number + of + 1))
        return ((bits >> 11) + 0.5) / 2**53


def _mixed(state: int) -> int:
    bits = state & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)

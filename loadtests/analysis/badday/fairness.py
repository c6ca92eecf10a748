"""Whether all got their share: Jain's index.

(Σx)² / (n Σx²) of n shares x: R. Jain, D. Chiu and W. Hawe, "A Quantitative Measure of Fairness
and Discrimination for Resource Allocation in Shared Computer Systems", DEC TR-301, 1984.
"""

from __future__ import annotations

from collections.abc import Sequence


def jain(shares: Sequence[float]) -> float | None:
    """From 1/n, where one has everything, to 1; None where nobody has anything, or is alone."""
    squares = sum(share * share for share in shares)
    if len(shares) < 2 or not squares:
        return None
    return sum(shares) ** 2 / (len(shares) * squares)

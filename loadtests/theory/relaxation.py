"""How long a queue remembers, and so how long a trial must last to say something about it.

Requests that follow one another wait for much the same reasons; what a trial sees is independent
only over times well beyond the relaxation time. Near the capacity that is longer than most trials:
with a service of 10 ms and a utilisation of 95 % it is 16 s for one server.
"""

from __future__ import annotations

import math

from loadtests.theory.intervals import least_samples
from loadtests.theory.queues import load_of

# Over a window of t the mean of a reversible Markov chain, such as M/M/c, has a standard error of
# at most √(2·relaxation/t) of its standard deviation: a seventh at 100 relaxation times.
RELAXATIONS = 100.0


def relaxation_s(service_s: float, utilisation: float, servers: int = 1) -> float:
    """The relaxation time of M/M/c in seconds; infinite from a utilisation of 1 on.

    For one server, service / (1 - √ρ)²: J. Abate and W. Whitt, "Transient behavior of the M/M/1
    queue: starting at the origin", Queueing Systems 2, 1987. For c servers, service / (c·(1 - √ρ)²)
    while the queue is what takes longest to settle, and the service itself otherwise: E. A. van
    Doorn, "Conditions for exponential ergodicity and bounds for the decay parameter of a
    birth-death process", Advances in Applied Probability 17, 1985. The greater of the two is within
    2 % of the exact value. A constant service time settles sooner.
    """
    if not 0.0 <= utilisation < math.inf:
        raise ValueError(f"utilisation is {utilisation}: give a finite number, 0 or above")
    load_of(0.0, service_s, servers)
    if utilisation >= 1.0:
        return math.inf
    return max(service_s, service_s / (servers * (1.0 - math.sqrt(utilisation)) ** 2))


def least_window_s(
    service_s: float, utilisation: float, servers: int = 1, quantile: float | None = None
) -> float:
    """The shortest window in seconds that may be measured at a utilisation; infinite from 1 on.

    It lasts 100 relaxation times and, where a quantile is to be stated, long enough for as many
    requests as bound it from both sides if they were independent, such as 368 for 0.99.
    """
    settled = RELAXATIONS * relaxation_s(service_s, utilisation, servers)
    if quantile is None:
        return settled
    if utilisation == 0.0:
        return math.inf
    return max(settled, least_samples(quantile) * service_s / (servers * utilisation))

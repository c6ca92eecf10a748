"""Queues with closed formulas: M/M/c, M/G/1, and the approximation of Allen and Cunneen for G/G/c.

`load` is the offered load in erlangs, rate × service time; the utilisation is load / servers. Of a
queue that is offered as much as it can serve, or more, the wait has no end: it is infinite.
Servers below 1 and quantities that are negative or not numbers are a `ValueError`.
"""

from __future__ import annotations

import math


def load_of(rate_rps: float, service_s: float, servers: int) -> float:
    """The offered load in erlangs, of arguments that were checked."""
    if servers < 1:
        raise ValueError(f"servers is {servers}: a queue needs at least 1")
    for name, value in (("rate_rps", rate_rps), ("service_s", service_s)):
        if not 0.0 <= value < math.inf:
            raise ValueError(f"{name} is {value}: give a finite number, 0 or above")
    return rate_rps * service_s


def checked_quantile(q: float) -> float:
    """A quantile of a distribution without an upper end: at least 0 and below 1."""
    if not 0.0 <= q < 1.0:
        raise ValueError(f"q is {q}: give a share from 0 to below 1, such as 0.99")
    return q


def erlang_b(servers: int, load: float) -> float:
    """The probability that all servers of M/G/c/c are busy: requests find no place, none waits.

    A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in
    automatic telephone exchanges", 1917, by the recursion B(n) = load·B(n-1) / (n + load·B(n-1)),
    which is stable for any number of servers (R. B. Cooper, "Introduction to Queueing Theory",
    2nd edition, 1981, chapter 3). B(0) = 1.
    """
    if servers < 0:
        raise ValueError(f"servers is {servers}: give 0 or more")
    load_of(load, 1.0, 1)
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """The probability that a request of M/M/c must wait; 1 at and beyond the capacity.

    Erlang 1917, from Erlang's B: C = B / (1 - (load/servers)·(1 - B)) (Cooper 1981, chapter 3).
    """
    load_of(load, 1.0, servers)
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return blocked / (1.0 - load / servers * (1.0 - blocked))


def mean_wait_mmc(rate_rps: float, service_s: float, servers: int) -> float:
    """The mean wait in the queue of M/M/c in seconds: C·service / (servers - load).

    Erlang 1917; L. Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, section 3.5.
    """
    load = load_of(rate_rps, service_s, servers)
    if load >= servers:
        return math.inf
    return erlang_c(servers, load) * service_s / (servers - load)


def wait_quantile_mmc(q: float, rate_rps: float, service_s: float, servers: int) -> float:
    """The q-quantile of the wait in the queue of M/M/c in seconds, first come first served.

    P(wait > t) = C·exp(-(servers - load)·t / service) (Cooper 1981, chapter 3); 0 for the share
    of requests that do not wait.
    """
    load = load_of(rate_rps, service_s, servers)
    checked_quantile(q)
    if load >= servers:
        return math.inf
    must_wait = erlang_c(servers, load)
    if must_wait <= 1.0 - q:
        return 0.0
    return service_s / (servers - load) * math.log(must_wait / (1.0 - q))


def mean_wait_mg1(rate_rps: float, service_s: float, cs2: float) -> float:
    """The mean wait in the queue of M/G/1 in seconds: load·service·(1 + cs2) / (2·(1 - load)).

    `cs2` is the squared coefficient of variation of the service time: 0 constant, 1 exponential.
    The formula of Pollaczek (1930) and Khinchine (1932); Kleinrock 1975, chapter 5.
    """
    load = load_of(rate_rps, service_s, 1)
    _check_variation(cs2=cs2)
    if load >= 1.0:
        return math.inf
    return load * service_s * (1.0 + cs2) / (2.0 * (1.0 - load))


def mean_wait_ggc(rate_rps: float, service_s: float, servers: int, ca2: float, cs2: float) -> float:
    """The mean wait in the queue of G/G/c in seconds, approximately: M/M/c's × (ca2 + cs2) / 2.

    `ca2` and `cs2` are the squared coefficients of variation of the times between arrivals and of
    the service times. The approximation of Allen and Cunneen: A. O. Allen, "Probability,
    Statistics, and Queueing Theory with Computer Science Applications", 2nd edition, 1990. It is
    exact for M/M/c and for M/G/1.
    """
    _check_variation(ca2=ca2, cs2=cs2)
    return mean_wait_mmc(rate_rps, service_s, servers) * (ca2 + cs2) / 2.0


def _check_variation(**squares: float) -> None:
    for name, value in squares.items():
        if not 0.0 <= value < math.inf:
            raise ValueError(f"{name} is {value}: a squared coefficient of variation is 0 or above")

"""A schedule of arrivals played through a model of a server, request by request.

What comes out is one wait or latency for each arrival, in its order: any quantile can be taken of
it, where the formulas for queues give little more than means, and only of Poisson arrivals.
All times are seconds; arrivals ascend; whatever happens at one instant happens in this order:
arrivals, then what was waited for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush, heapreplace

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]


def waits(arrivals_s: npt.ArrayLike, services_s: npt.ArrayLike, servers: int) -> Times:
    """How long each request waits for one of `servers` servers, first come first served.

    The recursion of J. Kiefer and J. Wolfowitz, "On the theory of queues with many servers",
    Transactions of the AMS 78, 1955: a request begins when it has arrived and the first server is
    free. `services_s` is one time for all, or one for each request.
    """
    arrivals = _arrivals(arrivals_s)
    begun = _servers(servers)
    services = _for_each("services_s", services_s, len(arrivals))
    starts = [begun(at, time) for at, time in zip(arrivals.tolist(), services, strict=True)]
    return np.asarray(starts, dtype=np.float64) - arrivals


def loop_latencies(
    arrivals_s: npt.ArrayLike,
    before_s: npt.ArrayLike,
    wait_s: npt.ArrayLike,
    after_s: npt.ArrayLike,
) -> Times:
    """From arrival to end, where one event loop serves all requests: first ready, first served.

    Each request holds the loop for `before_s`, then waits `wait_s` outside of it together with any
    number of others, then must have the loop again for `after_s`; each is one time for all requests
    or one for each. Where the wait is 0 the request does not give up the loop in between, so that
    this is one server with the service time `before_s + after_s`.
    """
    arrivals = _arrivals(arrivals_s)
    outside = _for_each("wait_s", wait_s, len(arrivals))
    return _loop(arrivals, before_s, after_s, lambda request, now: now + outside[request])


def pooled_latencies(
    arrivals_s: npt.ArrayLike,
    before_s: npt.ArrayLike,
    service_s: npt.ArrayLike,
    after_s: npt.ArrayLike,
    servers: int,
) -> Times:
    """From arrival to end, where an event loop hands the middle part to a pool of threads.

    As `loop_latencies`, but the middle part needs one of `servers` threads for `service_s`, and
    waits for it first come first served. The threads and the loop do not take processor time from
    one another: that is true where the middle part sleeps or waits for others.
    """
    arrivals = _arrivals(arrivals_s)
    services = _for_each("service_s", service_s, len(arrivals))
    begun = _servers(servers)

    def served(request: int, now: float) -> float:
        return begun(now, services[request]) + services[request]

    return _loop(arrivals, before_s, after_s, served)


def _servers(servers: int) -> Callable[[float, float], float]:
    """Servers that are all free: told when a request asks and its service, they say its start."""
    if servers < 1:
        raise ValueError(f"servers is {servers}: a queue needs at least 1")
    free = [-math.inf] * servers

    def begun(asked: float, service: float) -> float:
        start = max(asked, free[0])
        heapreplace(free, start + service)
        return start

    return begun


def _loop(
    arrivals: Times,
    before_s: npt.ArrayLike,
    after_s: npt.ArrayLike,
    resumed: Callable[[int, float], float],
) -> Times:
    """`resumed` says when a request is ready again that gave up the loop at a given time.

    The first part of a request is ready at its arrival, and nothing that is not yet known can be
    ready before the loop is free: so the earliest of the next arrival and of those that resume is
    always the next to be served.
    """
    due = arrivals.tolist()
    before = _for_each("before_s", before_s, len(due))
    after = _for_each("after_s", after_s, len(due))
    ends = [0.0] * len(due)
    ready: list[tuple[float, int]] = []
    free = -math.inf
    for request, at in enumerate(due):
        while ready and ready[0][0] < at:
            again, earlier = heappop(ready)
            ends[earlier] = free = max(free, again) + after[earlier]
        free = max(free, at) + before[request]
        again = resumed(request, free)
        if again > free:
            heappush(ready, (again, request))
        else:
            ends[request] = free = free + after[request]
    while ready:
        again, earlier = heappop(ready)
        ends[earlier] = free = max(free, again) + after[earlier]
    return np.asarray(ends, dtype=np.float64) - arrivals


def _arrivals(arrivals_s: npt.ArrayLike) -> Times:
    arrivals = np.asarray(arrivals_s, dtype=np.float64)
    if not np.all(np.isfinite(arrivals)) or np.any(np.diff(arrivals) < 0.0):
        raise ValueError("arrivals_s must be finite and ascend: sort them first")
    return arrivals


def _for_each(name: str, durations_s: npt.ArrayLike, count: int) -> list[float]:
    durations = np.asarray(durations_s, dtype=np.float64)
    if not np.all(np.isfinite(durations)) or np.any(durations < 0.0):
        raise ValueError(f"{name} has a duration that is negative or not finite")
    found: list[float] = np.broadcast_to(durations, (count,)).tolist()
    return found

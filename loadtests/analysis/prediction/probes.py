"""The capacity that a search with short probes finds.

A probe begins with an empty server and is over before its queue has settled, and its p99 rests on a
few hundred requests: half of the probes meet an objective at a rate at which p99 in the long run
does not, by a tenth and more. So that a prediction can be held against a search, the probes are
played through the model: many of them, with seeded Poisson arrivals, at one rate after another.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from loadtests.analysis.prediction.stations import Station

SEED = 20261123
LATE_SHARE = 0.01
"""p99 meets its limit where at most this share of the requests is later."""
ARRIVALS, LEAST_PROBES, MOST_PROBES = 400_000, 20, 400
"""Arrivals that are played at one rate, and into how many probes they are divided."""
CLOSE = 0.002
"""How closely the rate is found, as a share of itself."""


def probed_rps(
    station: Station, wait_ms: float, probe_s: Callable[[float], float], warmup_s: float
) -> float:
    """The rate at which half of the probes have at most 1 % of waits longer than `wait_ms`.

    `probe_s` is the length of a probe's window at a rate, in seconds, and `warmup_s` goes before
    it. At most the capacity of the station, whose service is taken as constant.
    """
    low, high = 0.0, station.capacity_rps
    if met_share(station, wait_ms, high, probe_s(high), warmup_s) >= 0.5:
        return high
    while high - low > CLOSE * high:
        rate = (low + high) / 2.0
        met = met_share(station, wait_ms, rate, probe_s(rate), warmup_s) >= 0.5
        low, high = (rate, high) if met else (low, rate)
    return low


def met_share(
    station: Station, wait_ms: float, rate_rps: float, measure_s: float, warmup_s: float
) -> float:
    """The share of probes in which at most 1 % of the waits are longer than `wait_ms`.

    Of c servers with a constant service each takes every c-th request in turn, so that each is a
    single queue: its request k begins at max(a_j + (k - j)·service) over all j ≤ k (D. V. Lindley,
    "The theory of queues with a single server", 1952, for constant services).
    """
    service_s, servers = station.service_ms / 1000.0, station.servers
    rate, length_s = rate_rps + station.aside_rps, warmup_s + measure_s
    if rate <= 0.0:
        return 1.0
    expected = rate * length_s
    turns = math.ceil((expected + 6.0 * math.sqrt(expected) + 10.0) / servers)
    probes = min(max(ARRIVALS // (turns * servers), LEAST_PROBES), MOST_PROBES)
    gaps = np.random.default_rng(SEED).exponential(1.0 / rate, (probes, turns * servers))
    arrivals = np.cumsum(gaps, axis=1).reshape(probes, turns, servers)
    earliest = arrivals - service_s * np.arange(turns)[:, None]
    waits = np.maximum.accumulate(earliest, axis=1) - earliest
    inside = (arrivals >= warmup_s) & (arrivals < length_s)
    late = np.count_nonzero(inside & (waits > wait_ms / 1000.0), axis=(1, 2))
    found: float = np.mean(late <= LATE_SHARE * np.count_nonzero(inside, axis=(1, 2)))
    return float(found)

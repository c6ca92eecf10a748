"""Latency against rate: what a request takes alone, and its wait at the station that is the limit.

Arrivals are Poisson. Where all requests are alike their service is constant and the wait is that of
M/D/c, exact in its mean and in every quantile. Where they are of several kinds it is M/G/c: the
mean by Allen and Cunneen, and the distribution exponential for those who wait, with that mean, as
it is in heavy traffic (J. Köllerström, "Heavy traffic theory for queues with several servers",
Journal of Applied Probability 11, 1974).
What a loop does for a request before and after it waits is taken as done at once: two shorter turns
wait somewhat less, by a fraction of a service that is short itself.
"""

from __future__ import annotations

import math

from loadtests.analysis.predicted import Calibration
from loadtests.analysis.prediction.stations import Station, alone_ms, kinds_of
from loadtests.theory.constant import mean_wait_mdc, wait_quantile_mdc
from loadtests.theory.queues import erlang_c, mean_wait_ggc


def mean_wait_ms(station: Station, rate_rps: float) -> float:
    """The mean wait at a station in milliseconds; infinite at and beyond its capacity."""
    rate, service_s = rate_rps + station.aside_rps, station.service_ms / 1000.0
    if station.cs2 == 0.0:
        return 1000.0 * mean_wait_mdc(rate, service_s, station.servers)
    return 1000.0 * mean_wait_ggc(rate, service_s, station.servers, 1.0, station.cs2)


def mean_ms(calibration: Calibration, station: Station, rate_rps: float) -> float:
    """The mean latency in milliseconds; infinite at and beyond the capacity."""
    return calibration.latency_ms + mean_wait_ms(station, rate_rps)


def quantile_ms(calibration: Calibration, station: Station, q: float, rate_rps: float) -> float:
    """The q-quantile of the latency in milliseconds; infinite at and beyond the capacity."""
    if rate_rps >= station.capacity_rps:
        return math.inf
    if not calibration.kinds:
        rate, service_s = rate_rps + station.aside_rps, station.service_ms / 1000.0
        wait_s = wait_quantile_mdc(q, rate, service_s, station.servers)
        return calibration.latency_ms + 1000.0 * wait_s
    return _mixed_quantile_ms(calibration, station, q, rate_rps)


def _mixed_quantile_ms(
    calibration: Calibration, station: Station, q: float, rate_rps: float
) -> float:
    """Of the latencies of several kinds of requests, all of which wait alike."""
    from scipy.optimize import brentq

    each = [(kind.share, alone_ms(calibration, kind)) for kind in kinds_of(calibration)]
    load = (rate_rps + station.aside_rps) * station.service_ms / 1000.0
    waiting = erlang_c(station.servers, load)
    # The mean of those who wait; at least a nanosecond, so that it can be divided by.
    waited_ms = max(mean_wait_ms(station, rate_rps) / waiting, 1e-6) if waiting else 1e-6

    def excess(latency_ms: float) -> float:
        over = 0.0
        for share, alone in each:
            beyond_ms = latency_ms - alone
            over += share * (waiting * math.exp(-beyond_ms / waited_ms) if beyond_ms >= 0.0 else 1)
        return over - (1.0 - q)

    shortest, longest = min(alone for _, alone in each), max(alone for _, alone in each)
    return float(brentq(excess, shortest - 1.0, longest - waited_ms * math.log1p(-q) + 1.0))

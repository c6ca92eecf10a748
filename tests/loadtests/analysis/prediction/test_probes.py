"""The capacity that short probes find: as if played request by request, and in the long run."""

from __future__ import annotations

import numpy as np
import pytest

from loadtests.analysis.prediction.probes import met_share, probed_rps
from loadtests.analysis.prediction.stations import Station
from loadtests.theory.constant import wait_quantile_mdc
from loadtests.theory.replay import waits

SLOTS = Station("slots", 4, 100.0, 0.0, aside_rps=0.0)
WAIT_MS = 150.0


def played(rate: float, measure_s: float, warmup_s: float, probes: int) -> float:
    draws = np.random.default_rng(4)
    met = 0
    for _ in range(probes):
        number = draws.poisson(rate * (warmup_s + measure_s))
        at = np.sort(draws.uniform(-warmup_s, measure_s, number))
        waited = waits(at, 0.1, 4)[at >= 0.0]
        met += int(np.count_nonzero(waited > WAIT_MS / 1000.0) <= 0.01 * len(waited))
    return met / probes


@pytest.mark.parametrize(
    ("rate", "measure_s", "warmup_s"),
    [(25.0, 12.0, 1.0), (30.0, 12.0, 1.0), (36.0, 12.0, 1.0), (30.0, 2.0, 30.0)],
)
def test_as_many_probes_meet_it_as_of_those_played_request_by_request(
    rate: float, measure_s: float, warmup_s: float
) -> None:
    found = met_share(SLOTS, WAIT_MS, rate, measure_s, warmup_s)

    # 400 probes of each: three standard deviations of the difference of two shares.
    expected = played(rate, measure_s, warmup_s, 400)
    assert found == pytest.approx(expected, abs=3 * (0.5 / 400) ** 0.5)


def test_the_rate_is_where_half_of_the_probes_meet_it() -> None:
    rate = probed_rps(SLOTS, WAIT_MS, lambda _: 12.0, 1.0)

    assert met_share(SLOTS, WAIT_MS, 0.97 * rate, 12.0, 1.0) > 0.5
    assert met_share(SLOTS, WAIT_MS, 1.03 * rate, 12.0, 1.0) < 0.5


def test_short_probes_find_more_than_there_is_in_the_long_run() -> None:
    short = probed_rps(SLOTS, WAIT_MS, lambda _: 10.0, 1.0)
    long = probed_rps(SLOTS, WAIT_MS, lambda _: 1000.0, 1.0)

    assert wait_quantile_mdc(0.99, long, 0.1, 4) == pytest.approx(WAIT_MS / 1000.0, rel=0.03)
    assert 1.05 < short / long < 1.2


def test_the_capacity_is_the_end_however_short_a_probe_is() -> None:
    """1000 requests/s of 1 ms: a wait of a second comes only long after a probe of 3 s."""
    loop = Station("loop", 1, 1.0, 0.0, aside_rps=0.0)

    assert probed_rps(loop, 1000.0, lambda _: 3.0, 1.0) == loop.capacity_rps


def test_the_bystander_is_played_as_well() -> None:
    beside = Station("slots", 4, 100.0, 0.0, aside_rps=5.0)

    assert met_share(beside, WAIT_MS, 25.0, 12.0, 1.0) == met_share(SLOTS, WAIT_MS, 30.0, 12.0, 1.0)

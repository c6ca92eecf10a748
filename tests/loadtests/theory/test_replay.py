"""Replays worked by hand, against each other, and against the formulas for Poisson arrivals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from loadtests.theory import constant, queues, replay


def poisson(rate_rps: float, count: int, seed: int) -> npt.NDArray[np.float64]:
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate_rps, count))


def test_two_servers_by_hand() -> None:
    """The third finds both busy until 3 and 4; the fourth, long after, finds them free."""
    waits = replay.waits([0.0, 1.0, 2.0, 2.0, 9.0], [3.0, 3.0, 5.0, 1.0, 1.0], 2)

    assert waits.tolist() == [0.0, 0.0, 1.0, 2.0, 0.0]


def test_one_server_is_the_recursion_of_lindley() -> None:
    """D. V. Lindley 1952: the next wait is max(wait + service - time between arrivals, 0)."""
    arrivals, rng = poisson(0.9, 3000, 1), np.random.default_rng(2)
    services = rng.exponential(1.0, 3000)
    expected, wait = [], 0.0
    for service, gap in zip(services, np.append(np.diff(arrivals), 0.0), strict=True):
        expected.append(wait)
        wait = max(wait + service - gap, 0.0)

    assert replay.waits(arrivals, services, 1) == pytest.approx(np.array(expected), abs=1e-9)


def test_as_many_servers_as_requests_never_let_one_wait() -> None:
    assert not np.any(replay.waits(np.zeros(50), 2.0, 50))
    assert np.max(replay.waits(np.zeros(50), 2.0, 49)) == 2.0


@pytest.mark.parametrize(("servers", "utilisation"), [(1, 0.7), (8, 0.8)])
def test_constant_services_wait_as_m_d_c_does(servers: int, utilisation: float) -> None:
    load = utilisation * servers
    waits = replay.waits(poisson(load, 500_000, 5), 1.0, servers)

    assert np.mean(waits) == pytest.approx(constant.mean_wait_mdc(load, 1.0, servers), rel=0.03)
    quantile = constant.wait_quantile_mdc(0.99, load, 1.0, servers)
    assert np.quantile(waits, 0.99) == pytest.approx(quantile, rel=0.03)


def test_exponential_services_wait_as_m_m_2_does() -> None:
    services = np.random.default_rng(7).exponential(1.0, 500_000)
    waits = replay.waits(poisson(1.4, 500_000, 8), services, 2)

    assert np.mean(waits) == pytest.approx(queues.mean_wait_mmc(1.4, 1.0, 2), rel=0.03)
    assert np.mean(waits > 0) == pytest.approx(queues.erlang_c(2, 1.4), rel=0.01)
    quantile = queues.wait_quantile_mmc(0.99, 1.4, 1.0, 2)
    assert np.quantile(waits, 0.99) == pytest.approx(quantile, rel=0.03)


def test_mixed_services_wait_as_m_g_1_does() -> None:
    """Nine of ten take 0.5, one takes 5: mean 0.95, squared coefficient of variation 2.0194."""
    services = np.where(np.random.default_rng(3).random(500_000) < 0.9, 0.5, 5.0)
    waits = replay.waits(poisson(0.6, 500_000, 4), services, 1)

    expected = queues.mean_wait_mg1(0.6, 0.95, (0.9 * 0.25 + 0.1 * 25) / 0.95**2 - 1)
    assert np.mean(waits) == pytest.approx(expected, rel=0.04)


def test_a_loop_by_hand() -> None:
    """Two at once: 0–1 and 1–2 for their first parts, back at 3 and 4, done at 4 and 5."""
    assert replay.loop_latencies([0.0, 0.0], 1.0, 2.0, 1.0).tolist() == [4.0, 5.0]


def test_a_loop_serves_whoever_was_ready_first() -> None:
    """The first is ready at 3 again, the second holds the loop until 3.5 and is back at 5.5."""
    assert replay.loop_latencies([0.0, 2.5], 1.0, 2.0, 1.0).tolist() == [4.5, 4.0]
    # Arriving at 3 itself is in front of what is ready again at 3.
    assert replay.loop_latencies([0.0, 3.0], 1.0, 2.0, 1.0).tolist() == [5.0, 4.0]


def test_a_request_that_blocks_the_loop_delays_the_ends_of_all_others() -> None:
    """The second holds the loop from 1 to 6.5 without waiting; the first was ready at 2."""
    latencies = replay.loop_latencies([0.0, 1.0, 1.5], [0.5, 5.0, 0.5], [1.5, 0.0, 1.0], 0.5)

    # the third, ready at 1.5, begins before the first can end: 6.5–7, then 7–7.5, then 8–8.5
    assert latencies.tolist() == [7.5, 5.5, 7.0]


def test_a_loop_that_nobody_leaves_is_one_server() -> None:
    arrivals = poisson(0.8, 20_000, 9)
    expected = replay.waits(arrivals, 1.0, 1) + 1.0

    assert replay.loop_latencies(arrivals, 0.75, 0.0, 0.25) == pytest.approx(expected, abs=1e-9)


def test_waiting_together_costs_a_loop_nothing() -> None:
    """1,000 at once that hold it 1 ms in all and wait 500 ms: the last is out after 1.5 s."""
    latencies = replay.loop_latencies(np.zeros(1000), 0.001, 0.5, 0.0)

    assert latencies[0] == pytest.approx(1.0)  # ready at 0.501, in turn when all have begun
    assert latencies[-1] == pytest.approx(1.5)


def test_a_pool_by_hand() -> None:
    """One thread: 1–3 and 3–5; the loop ends them at 4 and 6. Two threads: 1–3 and 2–4."""
    assert replay.pooled_latencies([0.0, 0.0], 1.0, 2.0, 1.0, 1).tolist() == [4.0, 6.0]
    assert replay.pooled_latencies([0.0, 0.0], 1.0, 2.0, 1.0, 2).tolist() == [4.0, 5.0]


def test_a_pool_behind_a_loop_that_costs_nothing_is_a_queue() -> None:
    services = np.random.default_rng(6).exponential(1.0, 20_000)
    arrivals = poisson(3.4, 20_000, 10)
    expected = replay.waits(arrivals, services, 4) + services

    found = replay.pooled_latencies(arrivals, 0.0, services, 0.0, 4)
    assert found == pytest.approx(expected, abs=1e-9)


def test_a_pool_without_end_is_a_loop() -> None:
    arrivals = poisson(40.0, 5000, 12)
    loop = replay.loop_latencies(arrivals, 0.008, 0.3, 0.004)

    assert replay.pooled_latencies(arrivals, 0.008, 0.3, 0.004, 5000).tolist() == loop.tolist()
    assert np.mean(replay.pooled_latencies(arrivals, 0.008, 0.3, 0.004, 13)) > 1.1 * np.mean(loop)


def test_nothing_is_lost_and_nobody_overtakes_time() -> None:
    """Whatever the loop does, a request takes at least its own parts; the last end is the work."""
    rng = np.random.default_rng(13)
    arrivals = np.sort(rng.random(2000) * 10)
    before, wait, after = (rng.random((3, 2000)).T * [0.002, 0.5, 0.004]).T
    latencies = replay.loop_latencies(arrivals, before, wait, after)

    assert np.all(latencies >= before + wait + after - 1e-9)
    busy = replay.loop_latencies(np.zeros(2000), before, 0.0, after)
    assert np.max(busy) == pytest.approx(np.sum(before + after))


def test_of_no_arrivals_there_is_nothing() -> None:
    assert len(replay.waits([], 1.0, 1)) == 0
    assert len(replay.loop_latencies([], 1.0, 1.0, 1.0)) == 0


def test_what_cannot_be_replayed_is_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        replay.waits([1.0, 0.5], 1.0, 1)
    with pytest.raises(ValueError, match="services_s"):
        replay.waits([0.0], -1.0, 1)
    with pytest.raises(ValueError, match="servers is 0"):
        replay.pooled_latencies([0.0], 0.0, 1.0, 0.0, 0)
    with pytest.raises(ValueError, match="after_s"):
        replay.loop_latencies([0.0], 0.0, 1.0, np.nan)
    with pytest.raises(ValueError, match="broadcast"):
        replay.waits([0.0, 1.0], [1.0, 1.0, 1.0], 1)

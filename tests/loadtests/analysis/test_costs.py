"""What requests cost: the arithmetic, and which trials it is taken from."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from loadtests.analysis.costs import costs_of, cpu_ms_per_request, memory_mb
from loadtests.analysis.decisions import Capacity, Probe
from loadtests.analysis.instruments import Parts, ServerSide, Split
from loadtests.analysis.summary import Trial
from loadtests.deciding import Price
from tests.loadtests.analysis.claims.built import WINDOW_S, Case, trial

PRICE = Price(currency="EUR", per_cpu_hour=0.04, per_gb_hour=0.005)


def of(rate: float, number: int = 1, role: str = "sweep", **more: Any) -> Trial:
    """A trial of `sync` and `wait`."""
    return dataclasses.replace(trial(Case("sync", "wait", rate, **more), number), role=role)


def with_memory(made: Trial, pss_mb: float | None, connections: int | None = None) -> Trial:
    side = ServerSide(None, None, {}, None, None, None, None, pss_mb, connections, None, {})
    return dataclasses.replace(made, server_side=side)


def with_handler(made: Trial, cpu_ms: float) -> Trial:
    parts = Parts(1, 1.0, 0.0, 0.0, 0.0, cpu_ms, 0.0, 0.0, 0.0)
    return dataclasses.replace(made, split=Split(1.0, parts, None))


def test_a_request_costs_what_the_processes_used_for_it() -> None:
    # 300 requests, 0.6 s of processor time.
    assert cpu_ms_per_request(of(30.0, cpu_ms=2.0)) == pytest.approx(2.0)


def test_a_bystander_is_no_part_of_it() -> None:
    # 100 requests that compute 10 ms, 250 that do nothing, and 0.4 ms of server for each of all.
    used_s = (100 * 10.0 + 350 * 0.4) / 1000.0
    made = dataclasses.replace(of(10.0, aside=2.0), cpu_s=used_s)

    assert cpu_ms_per_request(with_handler(made, 10.0)) == pytest.approx(10.4)


def test_a_bystander_costs_no_more_than_its_latency() -> None:
    # Without a split nobody knows who used it; but one that took 0.5 ms did not use 4 ms.
    made = dataclasses.replace(of(10.0, aside=1.0), cpu_s=(100 * 10.4 + 250 * 0.5) / 1000.0)

    assert cpu_ms_per_request(made) == pytest.approx(10.4)


def test_nothing_is_known_without_processor_time_or_answers() -> None:
    assert cpu_ms_per_request(of(10.0, cpu_ms=None)) is None
    assert cpu_ms_per_request(of(10.0, answered=0.0)) is None


def test_memory_that_processes_share_is_counted_once_where_known() -> None:
    assert memory_mb(with_memory(of(10.0, mb=150.0), 60.0)) == 60.0
    assert memory_mb(with_memory(of(10.0, mb=150.0), None)) == 150.0
    assert memory_mb(of(10.0, mb=150.0)) == 150.0


def test_the_figures_of_a_cost() -> None:
    (cost,) = costs_of([of(100.0, cpu_ms=0.9, mb=512.0)], (), PRICE)

    assert (cost.rate_rps, cost.trials) == (100.0, (1,))
    assert cost.cpu_s_per_1000 == 0.9
    assert (cost.memory_mb, cost.mb_per_1000_rps) == (512.0, 5120.0)
    # 1e6 × 0.9 ms are 0.25 h of a processor; 1e6 / 100 s are 2.7778 h of half a GB.
    assert cost.money_per_million == pytest.approx(0.25 * 0.04 + 2.77778 * 0.5 * 0.005, abs=1e-4)
    assert cost.currency == PRICE.currency
    assert cost.mb_per_idle_connection is None


def test_no_money_without_a_price() -> None:
    (cost,) = costs_of([of(100.0)], (), None)

    assert cost.money_per_million is None


def test_at_the_capacity_the_nearest_probes_that_met_it() -> None:
    trials = [
        of(30.0, 1),
        of(36.0, 2, "probe", cpu_ms=0.7),
        of(39.0, 3, "probe", cpu_ms=0.8),
        of(39.0, 4, "probe", cpu_ms=1.0),
        of(41.0, 5, "probe", cpu_ms=3.0),
        of(50.0, 7, "probe", cpu_ms=4.0),
        dataclasses.replace(of(39.9, 6, "probe", cpu_ms=9.0), valid=False),
    ]
    met = ((2, 36.0), (3, 39.0), (4, 39.0), (6, 39.9), (7, 50.0))
    probes = (*(Probe(n, rate, True, ()) for n, rate in met), Probe(5, 41.0, False, ("p99",)))

    (cost,) = costs_of(trials, (Capacity("sync", "wait", 40.0, 38.0, 42.0, "", probes),), None)

    assert (cost.rate_rps, cost.trials) == (40.0, (3, 4))
    assert cost.cpu_s_per_1000 == pytest.approx(0.9)
    assert cost.mb_per_1000_rps == 1250.0


def test_without_a_met_probe_the_highest_load_of_the_sweep_that_was_kept_up_with() -> None:
    trials = [
        of(10.0, 1),
        of(30.0, 2, cpu_ms=0.6),
        of(100.0, 3, answered=39.0),
        of(35.0, 4, "probe"),
    ]
    unmet = Capacity("sync", "wait", 40.0, 38.0, 42.0, "", (Probe(4, 35.0, False, ("p99",)),))

    (cost,) = costs_of(trials, (unmet,), None)

    assert (cost.rate_rps, cost.trials, cost.cpu_s_per_1000) == (30.0, (2,), 0.6)


def test_a_load_is_kept_up_with_where_most_of_its_trials_did() -> None:
    full = [of(60.0, n, answered=39.0) for n in (2, 3)]

    (cost,) = costs_of([of(30.0, 1), *full, of(60.0, 4)], (), None)
    (most,) = costs_of([of(30.0, 1), full[0], of(60.0, 4), of(60.0, 5)], (), None)

    assert cost.trials == (1,)
    assert most.trials == (4, 5)


def test_nothing_costs_what_nobody_kept_up_with() -> None:
    assert costs_of([of(100.0, answered=39.0)], (), None) == ()


def test_second_arms_and_invalid_trials_are_left_out() -> None:
    trials = [
        of(10.0, 1),
        dataclasses.replace(of(30.0, 2), arm=2),
        dataclasses.replace(of(40.0, 3), valid=False),
    ]

    (cost,) = costs_of(trials, (), None)

    assert cost.trials == (1,)


def test_an_idle_connection_costs_what_memory_grows_by() -> None:
    def idle(number: int, connections: int, mb: float) -> Trial:
        return with_memory(trial(Case("asgi", "idle", 10.0 + number), number), mb, connections)

    trials = [idle(1, 10, 50.0), idle(2, 5010, 100.0), idle(3, 10, 52.0), idle(4, 5010, 98.0)]

    (cost,) = costs_of(trials, (), None)
    (alone,) = costs_of(trials[:1], (), None)

    # 99 - 51 MiB for 5,000 connections.
    assert cost.mb_per_idle_connection == 0.0096
    assert alone.mb_per_idle_connection is None


def test_the_window_is_what_the_figures_are_of() -> None:
    assert of(30.0).requests.scheduled == 30.0 * WINDOW_S

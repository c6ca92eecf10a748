"""The search for a capacity, against servers whose capacity is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from loadtests import search
from loadtests.search import Tried

PROBE_S = 5.0


def searched(
    capacity: float, noise: float, seed: int, guess: float | None = None
) -> tuple[list[Tried], search.Found]:
    """A server that meets its objective with a chance that falls around its capacity."""
    chance = np.random.default_rng(seed)
    tried: list[Tried] = []
    while (rate := search.next_rate(tried, 0.1, 60.0, guess)) is not None:
        meets = float(ndtr(np.log(capacity / rate) / noise))
        tried.append(Tried(rate, bool(chance.random() < meets), PROBE_S))
    return tried, search.found(tried, 0.1, guess)


@pytest.mark.parametrize("noise", [0.01, 0.05])
@pytest.mark.parametrize("guessed", [None, 0.3])
def test_a_known_capacity_lies_in_the_interval_in_at_least_95_of_100_searches(
    noise: float, guessed: float | None
) -> None:
    hits, widths, spent = 0, [], []
    for seed in range(100):
        chance = np.random.default_rng(10_000 + seed)
        capacity = float(np.exp(chance.uniform(np.log(5.0), np.log(5000.0))))
        guess = None if guessed is None else capacity * float(np.exp(chance.normal(0.0, guessed)))
        tried, found = searched(capacity, noise, seed, guess)
        hits += found.low_rps <= capacity <= found.high_rps
        widths.append(found.high_rps / found.low_rps)
        spent.append(sum(probe.seconds for probe in tried))

    assert hits >= 95
    # ±10 % is a factor of 1.21 from end to end; without any prediction the time is over sooner.
    assert np.median(widths) < (1.21 if guessed else 1.35)
    assert max(spent) <= 1.5 * 60.0 + PROBE_S


def test_both_ends_of_the_bracket_are_tried_again() -> None:
    tried, found = searched(100.0, 0.03, seed=4)
    met = [probe.rate_rps for probe in tried if probe.met]
    missed = [probe.rate_rps for probe in tried if not probe.met]

    assert len([rate for rate in met if rate > 0.85 * found.rate_rps]) >= 2
    assert len([rate for rate in missed if rate < 1.18 * found.rate_rps]) >= 2


def test_one_trial_that_went_wrong_does_not_mislead_a_search() -> None:
    """The first probe is missed for another reason, at a tenth of the capacity."""
    tried = [Tried(100.0, False, PROBE_S)]
    while (rate := search.next_rate(tried, 0.1, 120.0, 1000.0)) is not None:
        tried.append(Tried(rate, rate < 1000.0, PROBE_S))

    found = search.found(tried, 0.1, 1000.0)
    assert found.low_rps <= 1000.0 <= found.high_rps


def test_a_prediction_is_where_a_search_begins_and_saves_probes() -> None:
    assert search.next_rate([], 0.1, 60.0, 40.0) == pytest.approx(40.0, rel=0.1)
    with_guess = [len(searched(321.0, 0.02, seed, 300.0)[0]) for seed in range(20)]
    without = [len(searched(321.0, 0.02, seed)[0]) for seed in range(20)]
    assert np.median(with_guess) < np.median(without)


def test_a_search_is_a_function_of_its_probes() -> None:
    tried = [Tried(40.0, True, 5.0), Tried(48.0, False, 5.0)]
    assert search.next_rate(tried, 0.1, 60.0) == search.next_rate(list(tried), 0.1, 60.0)


def test_a_server_that_never_fails_is_searched_to_the_highest_rate_and_no_further() -> None:
    tried, found = searched(1e9, 0.01, seed=1)

    assert all(probe.met for probe in tried)
    assert max(probe.rate_rps for probe in tried) <= search.HIGHEST_RPS
    assert not found.done


def test_a_host_that_disagrees_with_itself_gets_a_wider_interval() -> None:
    quiet = searched(100.0, 0.01, seed=3)[1]
    noisy = [searched(100.0, 0.15, seed=seed)[1] for seed in range(20)]
    assert np.median([one.high_rps / one.low_rps for one in noisy]) > (
        quiet.high_rps / quiet.low_rps
    )

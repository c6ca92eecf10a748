"""The drift of latencies: found where there is one, and not by chance."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from loadtests.analysis.checks.drift import ENOUGH, Values, drift_of
from loadtests.gates import DRIFT
from loadtests.theory.relaxation import least_window_s

CHANCE = np.random.default_rng


def fires(at_s: Values, latency_ms: Values, window_s: float) -> bool:
    """Whether a gate would close that asks for a drift beyond doubt."""
    found = drift_of(at_s, latency_ms, window_s)
    return found is not None and (found.low > DRIFT or found.high < 1 / DRIFT)


def queued(
    trials: int, servers: int, load: float, service_s: float, window_s: float, kind: str
) -> tuple[Values, Values]:
    """When requests came and how long they took, trial by trial: M/G/c, first come first served.

    `kind` is the service: constant, exponential, or short for nine in ten and long for the tenth.
    A second of warm-up, as in any trial, is left out.
    """
    chance = CHANCE(int(1e6 * load * service_s) + servers)
    rate = servers * load / service_s
    warm, count = int(rate) + 20, int(rate * window_s)
    shape = (trials, warm + count)
    came = np.cumsum(chance.exponential(1 / rate, shape), axis=1)
    needs = {
        "constant": np.full(shape, service_s),
        "exponential": chance.exponential(service_s, shape),
        "mixed": service_s * np.where(chance.random(shape) < 0.9, 0.5, 5.5),
    }[kind]
    free, took = np.zeros((trials, servers)), np.empty(shape)
    rows = np.arange(trials)
    for number in range(warm + count):
        first = free.argmin(axis=1)
        begun = np.maximum(came[:, number], free[rows, first])
        free[rows, first] = begun + needs[:, number]
        took[:, number] = free[rows, first] - came[:, number]
    return came[:, warm:] - came[:, warm - 1 : warm], took[:, warm:]


# The shortest windows that theory allows, where halves differ most by chance, and longer ones.
STEADY = [
    (1, 0.3, 0.01, 10.0), (1, 0.5, 0.01, 12.0), (1, 0.6, 0.002, 4.5), (1, 0.7, 0.002, 10.0),
    (4, 0.3, 0.02, 4.5), (4, 0.5, 0.01, 4.5), (4, 0.7, 0.01, 10.0), (4, 0.25, 0.1, 30.0),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["constant", "exponential", "mixed"])
def test_a_server_in_its_steady_state_is_not_found_to_drift(kind: str) -> None:
    """Of 2,400 trials for each kind of service fewer than one in a thousand may be.

    Latencies are measured with some noise too, of 3 %.
    """
    found = told = 0
    for servers, load, service_s, window_s in STEADY:
        assert least_window_s(service_s, load, servers) <= window_s
        came, took = queued(300, servers, load, service_s, window_s, kind)
        took *= np.exp(CHANCE(3).normal(0.0, 0.03, took.shape))
        for at_s, latency in zip(came, took, strict=True):
            found += fires(at_s, latency, window_s)
            told += drift_of(at_s, latency, window_s) is not None

    assert found <= 2
    assert told > 700


def trial(course: Callable[[Values], Values], noise: float, seed: int) -> tuple[Values, Values]:
    """A hundred requests a second for ten seconds, as long as `course` makes them by their time."""
    chance = CHANCE(seed)
    at_s = np.sort(chance.uniform(0.0, 10.0, 1_000))
    return at_s, 5.0 * course(at_s) * np.exp(chance.normal(0.0, noise, len(at_s)))


@pytest.mark.parametrize(
    ("course", "noise", "expected"),
    [
        (lambda at: np.where(at < 5.0, 1.5, 1.0), 0.1, 1 / 1.5),
        (lambda at: np.where(at < 5.0, 1.0, 1.3), 0.05, 1.3),
        (lambda at: 1.0 + 1.0 * np.exp(-at / 3.0), 0.05, 0.75),
        (lambda at: 1.6 - 0.06 * at, 0.05, 1.15 / 1.45),
    ],
    ids=["faster", "slower", "settling", "faster and faster"],
)
def test_a_drift_is_found_with_its_size(
    course: Callable[[Values], Values], noise: float, expected: float
) -> None:
    for seed in range(20):
        at_s, latency = trial(course, noise, seed)
        found = drift_of(at_s, latency, 10.0)

        assert found is not None
        assert found.ratio == pytest.approx(expected, rel=0.08)
        assert found.low < found.ratio < found.high
        assert fires(at_s, latency, 10.0)


def test_of_no_drift_the_interval_holds_one_and_shrinks_with_the_requests() -> None:
    at_s, latency = trial(np.ones_like, 0.2, 1)
    whole, part = drift_of(at_s, latency, 10.0), drift_of(at_s[::9], latency[::9], 10.0)

    assert whole is not None
    assert part is not None
    assert part.low < whole.low < 1.0 < whole.high < part.high


def test_requests_that_depend_on_one_another_count_as_fewer() -> None:
    """Each latency ten times in succession: a tenth as many say something."""
    at_s, latency = trial(np.ones_like, 0.2, 2)
    again = np.repeat(latency[::10], 10)
    alone, together = drift_of(at_s, latency, 10.0), drift_of(at_s, again, 10.0)

    assert alone is not None
    assert together is None or together.high / together.low > (alone.high / alone.low) ** 1.5


def test_where_it_cannot_be_told_nothing_is_said() -> None:
    at_s, latency = trial(np.ones_like, 0.1, 3)
    walk = np.exp(np.cumsum(CHANCE(3).normal(0.0, 0.1, 1_000)))

    assert drift_of(at_s[:99], latency[:99], at_s[99]) is None
    assert drift_of(at_s, walk, 10.0) is None
    assert drift_of(np.array([]), np.array([]), 10.0) is None


def test_many_requests_are_told_in_no_time_and_their_autocorrelation_by_the_last_of_them() -> None:
    chance = CHANCE(5)
    count = 10 * ENOUGH
    at_s = np.linspace(0.0, 100.0, count, endpoint=False)
    found = drift_of(at_s, chance.lognormal(0.0, 0.1, count), 100.0)

    assert found is not None
    assert found.ratio == pytest.approx(1.0, abs=0.01)
    assert math.log(found.high / found.low) < 0.05

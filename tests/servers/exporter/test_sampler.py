"""The most that a reading has been since it was last taken, and when it is read."""

from __future__ import annotations

import threading

import pytest

from servers.exporter.book import Key
from servers.exporter.costly import Costly
from servers.exporter.sampler import PERIOD_S, Sampler

DEPTH: Key = ("testbed_accept_queue_connections", ("sync",))
OTHER: Key = ("testbed_accept_queue_connections", ("uvloop",))


def test_the_most_is_since_the_last_scrape_and_counts_the_present() -> None:
    reading = {DEPTH: 0.0}
    sampler = Sampler(lambda: dict(reading))
    for depth in (1, 5, 2):
        reading[DEPTH] = depth
        sampler.sample()

    assert sampler.take() == ({DEPTH: 2}, {DEPTH: 5})
    assert sampler.take() == ({DEPTH: 2}, {DEPTH: 2})
    reading[DEPTH] = 9
    assert sampler.take() == ({DEPTH: 9}, {DEPTH: 9})
    reading[DEPTH] = 0
    assert sampler.take() == ({DEPTH: 0}, {DEPTH: 0})


def test_each_reading_has_its_own_most_also_when_it_comes_late_or_goes() -> None:
    script = iter([{DEPTH: 3.0}, {DEPTH: 1.0, OTHER: 4.0}, {OTHER: 2.0}])
    sampler = Sampler(lambda: next(script))
    sampler.sample()
    sampler.sample()

    assert sampler.take() == ({OTHER: 2}, {DEPTH: 3, OTHER: 4})


def test_no_peak_is_lost_or_told_twice_when_scrapes_and_samples_meet() -> None:
    """Every reading is larger than all before it, so each scrape's must be, too."""
    counter = iter(range(10**9))
    sampler = Sampler(lambda: {DEPTH: float(next(counter))})
    over = threading.Event()

    def sample() -> None:
        while not over.is_set():
            sampler.sample()

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        taken = [sampler.take() for _ in range(2_000)]
    finally:
        over.set()
        thread.join()

    assert all(now == most for now, most in taken)
    values = [most[DEPTH] for _, most in taken]
    assert values == sorted(set(values))


def taken_at(moments: list[float], takes: list[float]) -> list[float]:
    """The periods in which samples were taken that take so many periods, one after the other.

    `moments` are the parts of a period that chance chooses.
    """
    read_at: list[float] = []
    chances, left = iter(moments), iter(takes)
    now = 100.0

    def read() -> dict[Key, float]:
        nonlocal now
        read_at.append(now)
        try:
            now += next(left) * PERIOD_S
        except StopIteration:
            raise KeyboardInterrupt from None
        return {}

    def sleep(seconds: float) -> None:
        nonlocal now
        # A sleep is a little too long: the schedule must not drift by it.
        now += seconds + 0.01 * PERIOD_S

    with pytest.raises(KeyboardInterrupt):
        Sampler(read, clock=lambda: now).run(sleep, lambda: next(chances))
    return [(at - 100) / PERIOD_S for at in read_at]


def test_samples_are_taken_at_multiples_of_the_period_and_missed_ones_left_out() -> None:
    periods = taken_at([0.0] * 7, takes=[0.0, 0.4, 1.0, 2.3, 0.0, 0.0])

    assert periods == pytest.approx([0.01, 1.01, 2.01, 4.01, 7.01, 8.01, 9.01])


def test_each_sample_is_at_a_moment_of_its_period_that_chance_chooses() -> None:
    periods = taken_at([0.5, 0.1, 0.9, 0.0, 0.3], takes=[0.0] * 4)

    assert periods == pytest.approx([0.51, 1.11, 2.91, 3.01, 4.31])


def test_areas_are_of_the_samples_and_not_of_the_scrapes() -> None:
    """What is as regular as the scrapes must not be met at the same stage again and again."""
    now = 0.0
    count = {DEPTH: 2.0}
    sampler = Sampler(dict, lambda: dict(count), lambda: now)
    sampler.sample()
    now, count[DEPTH] = 0.5, 4.0
    sampler.sample()
    now, count[DEPTH] = 0.8, 100.0
    sampler.take()

    assert sampler.areas() == {DEPTH: 1.5}


def test_the_period_is_at_most_a_twenty_fifth_of_a_second() -> None:
    assert PERIOD_S <= 1 / 25


def test_a_costly_reading_is_kept_a_hundred_times_as_long_as_it_took() -> None:
    now = 0.0
    readings = iter("ab")

    def read() -> str:
        nonlocal now
        now += 2.0
        return next(readings)

    costly = Costly(read, lambda: now)
    assert costly() == "a"
    now = 201.9
    assert costly() == "a"
    now = 202.1
    assert costly() == "b"

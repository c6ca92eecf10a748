"""The area under what is read now and then, and that it errs by chance only."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from servers.exporter.areas import LONGEST_S, Areas
from servers.exporter.book import Key
from servers.exporter.sampler import PERIOD_S

A: Key = ("testbed_active_request_seconds_total", ("sync",))
B: Key = ("testbed_active_request_seconds_total", ("uvloop",))


def test_the_area_is_that_of_trapezoids() -> None:
    areas = Areas()
    for at_s, value in ((10.0, 0.0), (10.5, 4.0), (11.5, 4.0), (11.75, 0.0)):
        areas.add(at_s, {A: value})

    assert areas.known({}) == {A: 1.0 + 4.0 + 0.5}


def test_a_reading_that_is_not_to_be_had_is_bridged() -> None:
    areas = Areas()
    areas.add(0.0, {A: 2.0, B: 1.0})
    areas.add(0.5, {B: 1.0})
    areas.add(1.0, {A: 4.0, B: 1.0})

    assert areas.known({}) == {A: 3.0, B: 1.0}


def test_what_had_gone_is_not_taken_to_have_been_there() -> None:
    areas = Areas()
    areas.add(0.0, {A: 5.0})
    areas.add(1.0, {A: 5.0})
    areas.add(1.0 + LONGEST_S + 0.1, {A: 5.0})
    areas.add(2.0 + LONGEST_S + 0.1, {A: 5.0})

    assert areas.known({}) == {A: pytest.approx(10.0)}


def test_what_has_only_now_begun_is_zero() -> None:
    areas = Areas()
    areas.add(0.0, {A: 5.0})

    assert areas.known({A: 5.0, B: 7.0}) == {A: 0.0, B: 0.0}


@pytest.mark.parametrize("chance", [random.Random(7).random, lambda: 0.0])
def test_what_is_as_regular_as_the_samples_is_seen_as_it_is_only_by_chance(
    chance: Callable[[], float],
) -> None:
    """Ten milliseconds of work, forty times a second: at fixed moments it would never be seen."""
    areas, seconds = Areas(), 500.0
    for period in range(round(seconds / PERIOD_S)):
        at_s = (period + chance()) * PERIOD_S
        areas.add(at_s, {A: 1.0 if 0.012 <= at_s % PERIOD_S < 0.022 else 0.0})

    mean = areas.known({})[A] / seconds
    assert mean == (0.0 if chance() == 0.0 else pytest.approx(0.4, abs=0.02))

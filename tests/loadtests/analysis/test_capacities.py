"""What a search is said to have found, and what limits it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadtests import matrix
from loadtests.agenda import Ended
from loadtests.analysis.capacities import capacities_of
from loadtests.analysis.decisions import Capacity
from loadtests.deciding import Objective
from loadtests.experiment import parse
from loadtests.search import Tried
from tests.loadtests.analysis.saved import TEXT

SPEC = replace(matrix.trials(parse(TEXT))[0], role="probe")
OBJECTIVE = Objective()


def capacity(*outcomes: tuple[float, bool]) -> Capacity:
    probes = [
        (
            Ended(replace(SPEC, number=n), valid=True, tried=Tried(rate, met, 5.0)),
            () if met else ("p99 > 250 ms",),
        )
        for n, (rate, met) in enumerate(outcomes, 7)
    ]
    (found,) = capacities_of(probes, OBJECTIVE, {})
    return found


def test_a_capacity_stands_between_the_rates_that_bound_it_with_its_probes() -> None:
    outcomes = [(30.0, True), (50.0, False), (39.0, True), (42.0, False)]
    outcomes += [(39.5, True), (41.5, False)] * 4
    found = capacity(*outcomes)

    assert 39.0 < found.low_rps < found.rate_rps < found.high_rps < 42.0
    assert found.note == ""
    assert (found.probes[1].trial, found.probes[1].rate_rps) == (8, 50.0)
    assert (found.probes[1].met, found.probes[1].failed) == (False, ("p99 > 250 ms",))
    assert found.objective == "p99 ≤ 250 ms, errors ≤ 0.1 %, answered ≥ 99 %"


@pytest.mark.parametrize(
    ("outcomes", "note"),
    [
        ([(30.0, True), (50.0, False)], "wider than the ±10% that were asked for"),
        ([(30.0, True), (60.0, True)], "at least the highest of them"),
        ([(30.0, False), (15.0, False)], "at most the lowest of them"),
    ],
)
def test_what_is_not_known_well_is_said(outcomes: list[tuple[float, bool]], note: str) -> None:
    assert note in capacity(*outcomes).note


def test_probes_that_were_spoiled_are_no_probes() -> None:
    spoiled = [(Ended(SPEC, valid=False), ())]
    assert capacities_of(spoiled, OBJECTIVE, {}) == ()
    assert capacities_of([], None, {}) == ()

"""The digest of samples is that of the schedule that was planned, in whatever order they came."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from loadtests.analysis.schedule import digest_of
from loadtests.engine.generator import planned
from loadtests.matrix import BYSTANDER
from tests.loadtests.analysis.saved import Row, full_rows, samples_of, trial_of

PLAN = trial_of([]).plan
ROWS = full_rows(PLAN)


def test_the_order_of_the_answers_does_not_matter() -> None:
    """With requests of both streams at the same nanosecond among them."""
    both = [Row(at=at, stream=stream) for at in (-1.5, 2.5) for stream in ("load", BYSTANDER)]
    rows = [*ROWS, *both]
    shuffled = random.Random(5).sample(rows, len(rows))

    assert digest_of(samples_of(ROWS), PLAN) == trial_of(ROWS).generators[0].schedule_digest
    assert digest_of(samples_of(shuffled), PLAN) == digest_of(samples_of(rows), PLAN)


@pytest.mark.parametrize(
    "changed",
    [
        ROWS[1:],
        [replace(ROWS[0], at=ROWS[0].at + 0.001), *ROWS[1:]],
        [replace(ROWS[0], stream=BYSTANDER), *ROWS[1:]],
    ],
    ids=["missing", "a microsecond later", "another target"],
)
def test_any_other_schedule_has_another_digest(changed: list[Row]) -> None:
    assert ROWS[0].stream == "load"
    assert digest_of(samples_of(changed), PLAN) != digest_of(samples_of(ROWS), PLAN)


def test_the_digest_is_the_one_that_the_generator_makes_in_advance() -> None:
    """Before anything is sent, warm-up included, from the plan alone."""
    assert digest_of(samples_of(ROWS), PLAN) == planned(PLAN).digest

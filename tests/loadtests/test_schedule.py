"""Schedules: seeded, merged, and as random as they claim to be."""

from __future__ import annotations

import itertools
import math
import statistics

from loadtests.engine.schedule import make
from loadtests.plan import ArrivalStream, Target


def stream(kind: str, rate: float, name: str = "load", first: int = 0) -> ArrivalStream:
    targets = (
        Target(number=first, stream=name, path="/wait", url="/wait?ms=1", weight=3.0),
        Target(number=first + 1, stream=name, path="/hello", url="/hello", weight=1.0),
    )
    return ArrivalStream(name=name, arrivals=kind, rate=rate, targets=targets)


def test_the_same_seed_gives_the_same_schedule_and_another_seed_another() -> None:
    one, same = (make((stream("poisson", 100.0),), 1, -1.0, 5.0) for _ in range(2))
    other = make((stream("poisson", 100.0),), 2, -1.0, 5.0)

    assert one == same
    assert one.digest != other.digest


def test_the_digest_of_a_known_schedule_never_changes() -> None:
    schedule = make(
        (stream("poisson", 100.0), stream("constant", 10.0, "bystander", 2)), 7, 0.0, 2.0
    )

    assert len(schedule.intended_ns) == len(schedule.targets)
    assert schedule.digest == "aa63aba77ad12bc0"


def test_poisson_arrivals_have_the_rate_and_the_variation_of_a_poisson_process() -> None:
    times = make((stream("poisson", 200.0),), 3, 0.0, 100.0).intended_ns
    gaps = [(b - a) / 1e9 for a, b in itertools.pairwise(times)]

    # The count has standard deviation sqrt(n); the gaps' coefficient of variation is 1.
    assert abs(len(times) - 20_000) < 4 * math.sqrt(20_000)
    assert abs(statistics.stdev(gaps) / statistics.fmean(gaps) - 1.0) < 0.03


def test_constant_arrivals_are_equally_spaced() -> None:
    times = make((stream("constant", 50.0),), 3, -0.5, 1.5).intended_ns

    assert len(times) == 100
    assert {round((b - a) / 1e6, 3) for a, b in itertools.pairwise(times)} == {20.0}


def test_a_second_stream_leaves_the_first_as_it_was() -> None:
    alone = make((stream("poisson", 100.0),), 1, 0.0, 5.0)
    both = make((stream("poisson", 100.0), stream("poisson", 20.0, "bystander", 2)), 1, 0.0, 5.0)

    kept = [at for at, target in zip(both.intended_ns, both.targets, strict=True) if target < 2]
    assert kept == list(alone.intended_ns)
    assert list(both.intended_ns) == sorted(both.intended_ns)


def test_targets_are_drawn_by_weight() -> None:
    targets = make((stream("poisson", 500.0),), 1, 0.0, 20.0).targets
    share = sum(1 for target in targets if target == 0) / len(targets)

    assert abs(share - 0.75) < 4 * math.sqrt(0.75 * 0.25 / len(targets))

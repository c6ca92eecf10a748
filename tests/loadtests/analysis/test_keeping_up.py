"""When a server kept up with what it was offered."""

from __future__ import annotations

import dataclasses
from typing import Any

from loadtests.analysis.keeping_up import keeps_up, kept_up
from loadtests.analysis.summary import Requests, Trial
from tests.loadtests.analysis.claims.built import Case, trial


def of(rate: float, **more: Any) -> Trial:
    """A trial of `sync` and `wait`."""
    return trial(Case("sync", "wait", rate, **more))


def test_keeping_up_is_99_of_100_and_what_chance_puts_across_the_edges() -> None:
    assert kept_up(of(100.0, p50=1.0, answered=99.0))
    assert not kept_up(of(100.0, p50=1.0, answered=98.5))
    # Of 1,000 requests at 98.1/s 49 are in hand: 2 × root(2 × 49) = 19.8 may be astray.
    assert kept_up(of(100.0, p50=500.0, answered=98.1))
    assert not kept_up(of(100.0, p50=500.0, answered=97.9))
    # However many are in hand: more than 5 % are too many.
    assert kept_up(of(100.0, p50=5000.0, answered=95.1))
    assert not kept_up(of(100.0, p50=5000.0, answered=94.9))


def test_a_failed_or_dropped_request_is_not_kept_up_with() -> None:
    made = of(100.0)
    failed = dataclasses.replace(made, requests=Requests(1000, 999, 1, 0, 0))
    dropped = dataclasses.replace(made, requests=Requests(1000, 999, 0, 1, 0))

    assert not kept_up(failed)
    assert not kept_up(dropped)
    assert keeps_up([made, made, failed])
    assert not keeps_up([made, failed])

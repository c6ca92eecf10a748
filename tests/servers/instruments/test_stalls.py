"""The heartbeat against blockages whose effect on a random arrival is known."""

from __future__ import annotations

import numpy as np
import pytest

from servers.instruments.stalls import IDLE_BEATS, INTERVAL_NS, PATIENCE, Beats

MS = 1_000_000
LATE_MS = 0.2


def settled(late_ms: float = LATE_MS) -> Beats:
    """A heartbeat whose baseline is known: its idle beats were this late."""
    beats = Beats(0)
    for _ in range(IDLE_BEATS):
        assert beats.beat(beats.due_ns + round(late_ms * MS), idle=True) == []
    return beats


def waits_ms(
    blocked_ms: int, period_ms: int, periods: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What is counted where the loop is blocked for the first part of every period."""
    beats = settled()
    start_ns = beats.due_ns
    found: list[int] = []
    while beats.due_ns < start_ns + periods * period_ms * MS:
        within = (beats.due_ns - start_ns) % (period_ms * MS)
        free_ns = max(beats.due_ns, beats.due_ns - within + blocked_ms * MS)
        found += beats.beat(free_ns + round(LATE_MS * MS), idle=False)
    return np.array(found) / MS


def test_a_stall_counts_for_every_moment_in_it() -> None:
    """500 ms of every second: a random arrival waits 125 ms on average, and 400 ms at p90."""
    found = waits_ms(blocked_ms=500, period_ms=1000, periods=20)

    assert len(found) == 20 * 1000 // 10
    assert found.mean() == pytest.approx(125, abs=INTERVAL_NS / MS / 2)
    assert np.quantile(found, 0.9) == pytest.approx(400, abs=10)
    assert found.max() == pytest.approx(500)


def test_what_beats_alone_would_say_is_far_less() -> None:
    """Without the moments that it slept through, the same heartbeat sees one stall of fifty."""
    beats = settled()
    naive = [490, *[0] * 50]

    found = beats.beat(beats.due_ns + 500 * MS, idle=False)

    assert sum(found) / MS > 20 * sum(naive) / len(naive)


def test_an_idle_loop_has_no_stall() -> None:
    found = waits_ms(blocked_ms=0, period_ms=100, periods=10)

    assert len(found) == 100
    assert found.max() == 0


def test_the_baseline_is_the_median_of_idle_beats() -> None:
    beats = Beats(0)
    for late in [5, 1, 9] * IDLE_BEATS:
        if beats.baseline_ns is None:
            beats.beat(beats.due_ns + late, idle=True)
            beats.beat(beats.due_ns + 3 * MS, idle=False)

    assert beats.baseline_ns == 5


def test_a_loop_that_is_early_has_a_negative_baseline_and_no_negative_wait() -> None:
    beats = settled(-0.5)

    assert beats.baseline_ns == -MS // 2
    assert beats.beat(beats.due_ns - MS, idle=True) == [0]
    assert beats.beat(beats.due_ns + MS, idle=True) == [3 * MS // 2]


def test_a_loop_that_is_never_idle_takes_the_least_lateness() -> None:
    beats = Beats(0)
    for number in range(PATIENCE):
        beats.beat(beats.due_ns + (7 if number == 40 else 50), idle=False)

    assert beats.baseline_ns == 7


def test_the_schedule_is_not_shifted_by_lateness() -> None:
    beats = settled()
    before_ns = beats.due_ns

    beats.beat(before_ns + 34 * MS, idle=False)

    assert beats.due_ns == before_ns + 40 * MS

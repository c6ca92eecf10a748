"""The stall of a window against loops whose blockages are known, also across the window's edges."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.analysis.checks.cautions import warnings_of
from loadtests.analysis.instruments import ServerSide, Stall
from loadtests.analysis.scrapes import Scrape
from loadtests.analysis.stalls import BASELINE, DUE, INTERVAL_S, STALL, stall_of
from servers.instruments.stalls import IDLE_BEATS, INTERVAL_NS, Beats
from servers.metrics import BUCKETS
from tests.loadtests.analysis.saved import samples_of, scrape

BOUNDS = (*BUCKETS, math.inf)
SCRAPES_S = (10.0, 11.0, 12.0)
"""The window is from 10 s to 12 s: 200 moments of a loop."""
Blocked = Sequence[tuple[float, float]]


def freed(at_s: float, blocked: Blocked) -> float:
    """When a loop comes to what is due at a time: at once, or after the blockage."""
    return next((end for begin, end in blocked if begin <= at_s < end), at_s)


def loop(blocked: Blocked, worker: int = 7) -> list[dict[str, float]]:
    """What a worker with those blockages, in seconds, has counted at each of SCRAPES_S."""
    beats, labels = Beats(round(8.0013e9)), f'profile="uvloop",worker="{worker}"'
    waits: list[float] = []
    found = []
    for at_s in SCRAPES_S:
        while (now_s := freed(beats.due_ns / 1e9, blocked)) <= at_s:
            waits += [wait / 1e9 for wait in beats.beat(round(now_s * 1e9), idle=True)]
        below = [sum(bisect_left(BUCKETS, w) <= n for w in waits) for n in range(len(BOUNDS))]
        series = {
            f'{STALL}_bucket{{{labels},le="{bound}"}}': float(number)
            for bound, number in zip(BOUNDS, below, strict=True)
        }
        series[f"{STALL}_sum{{{labels}}}"] = sum(waits)
        series[f"{DUE}{{{labels}}}"] = beats.due_ns / 1e9
        series[f"{BASELINE}{{{labels}}}"] = (beats.baseline_ns or 0) / 1e9
        found.append(series)
    return found


def scraped(*loops: Sequence[Mapping[str, float]]) -> list[Scrape]:
    return [
        scrape(at_s, {name: value for series in each for name, value in series.items()})
        for at_s, each in zip(SCRAPES_S, zip(*loops, strict=True), strict=True)
    ]


def stalled(*blocked: tuple[float, float]) -> Stall:
    found = stall_of(scraped(loop(blocked)))
    assert found is not None
    return found


def true_mean_ms(*blocked: tuple[float, float]) -> float:
    """The mean wait of arrivals in the window, as far as it had passed when the window ended."""
    first_s, last_s = SCRAPES_S[0], SCRAPES_S[-1]
    steps = 20_000
    moments = (first_s + (last_s - first_s) * (n + 0.5) / steps for n in range(steps))
    return 1000 * sum(min(freed(at, blocked), last_s) - at for at in moments) / steps


def test_the_moments_are_as_far_apart_as_the_beats_of_the_servers() -> None:
    assert round(INTERVAL_S * 1e9) == INTERVAL_NS
    # The loops of these tests know their baseline when the window begins.
    settled_s = 8.1 + IDLE_BEATS * INTERVAL_S
    assert settled_s < SCRAPES_S[0]


def test_an_idle_loop_has_no_stall_and_all_of_its_window_counts() -> None:
    assert stalled() == Stall(0.0, 0.25, 0.25, 0.0, counted=1.0, at_least=False)


def test_a_stall_within_the_window_counts_in_full() -> None:
    """Half a second of two: a quarter of the arrivals wait, a quarter of a second on average."""
    found = stalled((10.5, 11.0))

    assert found.mean_ms == pytest.approx(62.5, abs=2.5)
    assert (found.counted, found.at_least) == (1.0, False)
    # One in ten waits for longer than 0.3 s: the upper bound of the bucket of that.
    assert found.p90_ms == pytest.approx(369.5, abs=0.1)


def test_a_stall_that_has_not_ended_counts_as_long_as_it_was_and_is_a_lower_bound() -> None:
    """Nothing of its second is in a histogram yet."""
    found = stalled((11.0, 99.0))

    assert found.mean_ms == pytest.approx(250.0, abs=5.0)
    assert found.at_least
    assert found.counted == pytest.approx(1.0, abs=0.01)
    # One in ten waits for longer than 0.8 s, one in a hundred for longer than 0.98 s.
    assert 800.0 / 1.5 <= (found.p90_ms or 0.0) <= 800.0
    assert 980.0 / 1.5 <= (found.p99_ms or 0.0) <= 980.0


def test_what_a_stall_began_before_the_window_is_not_the_windows() -> None:
    """120 moments are counted at once when it ends, of which 40 lie in the window."""
    found = stalled((9.2, 10.4))

    assert found.mean_ms == pytest.approx(true_mean_ms((9.2, 10.4)), abs=3.0)
    assert found.mean_ms == pytest.approx(40.0, abs=5.0)
    assert found.counted == 1.0
    assert (found.p99_ms or 0.0) < 600.0


def test_a_loop_blocked_all_the_time_is_known_by_what_is_due_alone() -> None:
    found = stalled((9.0, 99.0))

    assert found.mean_ms == pytest.approx(1000.0, abs=10.0)
    assert found.counted == pytest.approx(1.0, abs=0.01)
    assert found.at_least


@given(
    st.lists(st.tuples(st.floats(0.05, 0.5), st.floats(0.0, 0.9)), max_size=6),
    st.floats(9.0, 9.9),
)
def test_the_stall_is_near_the_truth_wherever_the_blockages_lie(
    pairs: list[tuple[float, float]], start: float
) -> None:
    blocked, at = [], start
    for free_s, blocked_s in pairs:
        blocked.append((at + free_s, at + free_s + blocked_s))
        at += free_s + blocked_s

    if any(begin < SCRAPES_S[0] < end for begin, end in blocked):
        # It is told from others that are counted with it by its length only: see below.
        blocked = [one for one in blocked if not SCRAPES_S[0] < one[0] < SCRAPES_S[1]]
    found = stalled(*blocked)

    assert found.counted == pytest.approx(1.0, abs=0.02)
    assert found.mean_ms == pytest.approx(true_mean_ms(*blocked), abs=6.0, rel=0.05)


def test_of_two_stalls_that_were_counted_together_the_longer_counts_as_the_earlier() -> None:
    """What the first of them began before the window is taken from the second: about right."""
    both = (9.6, 10.1), (10.3, 10.9)

    assert stalled(*both).mean_ms == pytest.approx(true_mean_ms(*both), rel=0.4)


def test_the_stalls_of_several_loops_are_those_of_all_their_moments() -> None:
    both = stall_of(scraped(loop([(10.5, 11.0)]), loop([], worker=8)))

    assert both is not None
    assert both.mean_ms == pytest.approx(31.25, abs=1.5)
    assert both.counted == 1.0


def test_a_loop_that_never_beat_has_nothing_due() -> None:
    """The gauge of a worker that has only begun is 0, which is no time."""
    series = loop([])
    for one in series:
        one[f'{DUE}{{profile="uvloop",worker="7"}}'] = 0.0

    assert stall_of(scraped(series)) == Stall(0.0, 0.25, 0.25, 0.0, counted=1.0, at_least=False)


def side(stall: Stall | None) -> ServerSide:
    return ServerSide(None, None, {}, stall, None, None, None, None, None, None, {})


def test_a_window_of_which_little_was_counted_is_a_warning() -> None:
    stall = Stall(1.0, 1.0, 1.0, 0.0, counted=0.62)
    more = Stall(1.0, 1.0, 1.0, 0.0, counted=0.95)

    (found,) = warnings_of(samples_of([]), (), side(stall), ())

    assert found.code == "stall"
    assert found.text == "the heartbeats of the event loops tell of only 62% of the window"
    assert warnings_of(samples_of([]), (), side(more), ()) == ()
    assert warnings_of(samples_of([]), (), side(None), ()) == ()

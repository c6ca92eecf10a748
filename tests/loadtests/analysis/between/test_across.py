"""Two simulated runs: what was planted is found, and what was not is not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from loadtests.analysis.between.across import across
from loadtests.analysis.between.difference import Across, Difference
from loadtests.analysis.decisions import Capacity, Decisions, Estimate, NoiseFloor, Probe
from loadtests.analysis.summary import Reason, Summary, Trial
from loadtests.theory.unpaired import welch
from tests.loadtests.analysis.simulated import FIGURES, run

SEEDS = range(100)
PLANTED = {"latency_p50_ms": 1.1, "achieved_rps": 1 / 1.1}


def one(result: Across, metric: str, profile: str = "uvloop", load: str = "rate-100") -> Difference:
    cell = (profile, load, metric)
    (found,) = (d for d in result.differences if (d.profile, d.load, d.metric) == cell)
    return found


def changed(summary: Summary, **changes: Any) -> Summary:
    """The run with changes to every trial of uvloop at rate-100."""
    trials = tuple(
        dataclasses.replace(t, **changes) if (t.profile, t.load) == ("uvloop", "rate-100") else t
        for t in summary.trials
    )
    return dataclasses.replace(summary, trials=trials)


def test_a_planted_tenth_is_found() -> None:
    """In at least 95 of 100 seeded repetitions, whichever of the metrics it is looked for in."""
    results = [across(run(seed), run(1000 + seed, PLANTED)) for seed in SEEDS]

    for metric in PLANTED:
        assert sum(one(result, metric).verdict == "worse" for result in results) >= 95
    others = [d for r in results for d in r.of("worse") if d.metric not in PLANTED]
    assert len(others) <= 5


def test_an_improvement_by_a_tenth_is_found() -> None:
    better = {metric: 1 / factor for metric, factor in PLANTED.items()}
    results = [across(run(seed), run(1000 + seed, better)) for seed in SEEDS]

    for metric in PLANTED:
        assert sum(one(result, metric).verdict == "better" for result in results) >= 95
    assert sum(bool(result.of("worse")) for result in results) <= 5


@pytest.mark.parametrize("band", [1.05, 1.000001])
def test_a_planted_zero_is_not_found(band: float) -> None:
    """Neither worse nor better, in any of 24 differences; nor without a band, by Holm alone."""
    results = [across(run(seed), run(1000 + seed), band) for seed in SEEDS]

    assert {len(result.differences) for result in results} == {24}
    assert sum(not result.of("worse") and not result.of("better") for result in results) >= 95


def test_equal_things_are_called_so_where_the_interval_is_narrow_enough() -> None:
    result = across(run(1), run(2))

    assert one(result, "rss_mb").verdict == "no visible difference"
    assert one(result, "achieved_rps").verdict == "no visible difference"
    assert one(result, "bystander_p90_ms").verdict == "undecided"


def test_a_difference_has_both_medians_their_ratio_and_its_interval() -> None:
    a, b = run(1), run(2, {"latency_p50_ms": 2.0}, repetitions=5)

    found = one(across(a, b), "latency_p50_ms")

    values = [
        [
            t.latency_ms.p50 or 0.0
            for t in side.trials
            if (t.profile, t.load) == ("uvloop", "rate-100")
        ]
        for side in (a, b)
    ]
    interval = welch(*values)
    assert interval is not None
    assert (found.a, found.b) == (sorted(values[0])[3], sorted(values[1])[2])
    assert found.ratio == pytest.approx(found.b / found.a)
    assert (found.low, found.high) == (interval.low, interval.high)
    assert (found.n_a, found.n_b, found.verdict) == (7, 5, "worse")
    assert found.p is not None
    assert found.p >= interval.p


@pytest.mark.parametrize(("repetitions", "judged"), [(2, 0), (3, 24)])
def test_three_trials_a_side_are_needed(repetitions: int, judged: int) -> None:
    result = across(run(1), run(2, {"latency_p50_ms": 9.0}, repetitions=repetitions))

    assert result.judged == judged
    assert (one(result, "latency_p50_ms").verdict == "worse") is bool(judged)


def test_which_direction_is_worse_is_known_of_each_metric() -> None:
    for metric in FIGURES:
        more = one(across(run(1), run(2, {metric: 9.0})), metric).verdict
        less = one(across(run(1), run(2, {metric: 1 / 9.0})), metric).verdict
        assert (more, less) == (
            ("better", "worse") if metric == "achieved_rps" else ("worse", "better")
        )


def test_invalid_trials_second_arms_probes_and_early_attempts_take_no_part() -> None:
    a, b = run(1), run(2)
    far = dataclasses.replace(a.trials[3], achieved_rps=1.0)
    others: list[Trial] = [
        dataclasses.replace(far, repetition=8, valid=False),
        dataclasses.replace(far, arm=2),
        dataclasses.replace(far, role="probe"),
        dataclasses.replace(far, attempt=0),
    ]

    more = dataclasses.replace(b, trials=(*b.trials, *others))

    assert across(a, more).differences == across(a, b).differences


def bounded(summary: Summary) -> Summary:
    at = [t.latency_ms for t in summary.trials]
    trials = tuple(
        dataclasses.replace(t, latency_ms=dataclasses.replace(ms, lower_bound_from_ms=1.0))
        for t, ms in zip(summary.trials, at, strict=True)
    )
    return dataclasses.replace(summary, trials=trials)


def test_a_lower_bound_supports_only_what_it_can() -> None:
    a, slow, fast = run(1), run(2, {"latency_p50_ms": 2.0}), run(2, {"latency_p50_ms": 0.5})

    def verdict(a: Summary, b: Summary) -> tuple[str, str]:
        found = one(across(a, b), "latency_p50_ms")
        return found.lower_bound, found.verdict

    assert verdict(a, bounded(slow)) == ("B", "worse")
    assert verdict(a, bounded(fast)) == ("B", "undecided")
    assert verdict(bounded(a), fast) == ("A", "better")
    assert verdict(bounded(a), slow) == ("A", "undecided")
    assert verdict(bounded(a), bounded(slow)) == ("AB", "undecided")
    assert verdict(a, bounded(run(2))) == ("B", "undecided")


def test_the_noise_floor_of_either_run_widens_the_band() -> None:
    a, b = run(1), run(2, PLANTED)
    nothing = Estimate(1.0, None, None, 1)
    floor = NoiseFloor("uvloop", "wait", "rate-100", "latency_p50_ms", nothing, 1.3)
    noisy = dataclasses.replace(b, decisions=Decisions(noise=(floor,)))

    found = one(across(a, noisy), "latency_p50_ms")

    assert (found.band, found.verdict) == (1.3, "no visible difference")
    assert one(across(noisy, a), "latency_p50_ms").band == 1.3
    assert one(across(a, noisy), "latency_p50_ms", "sync").band == 1.05


def test_what_b_ran_without_a_valid_trial_or_figure_is_lost() -> None:
    a, b = run(1), run(2)
    reason = (Reason("failures", "all failed", "see the log"),)

    invalid = across(a, changed(b, valid=False, reasons=reason))
    silent = across(a, changed(b, achieved_rps=0.0, cpu_s=None))

    assert invalid.lost == ("uvloop, wait at rate-100: no valid trial in B",)
    assert silent.lost == (
        "uvloop, wait at rate-100: answered, requests/s is not stated, or 0, in B",
        "uvloop, wait at rate-100: CPU, s per 1000 requests is not stated, or 0, in B",
    )
    assert across(changed(a, cpu_s=None), b).lost == ()


def test_one_trial_without_a_figure_is_not_left_out_of_a_median() -> None:
    b = run(2)
    hung = dataclasses.replace(b.trials[3], achieved_rps=0.0)

    result = across(run(1), dataclasses.replace(b, trials=(*b.trials[:3], hung, *b.trials[4:])))

    assert (hung.profile, hung.load) == ("uvloop", "rate-100")
    assert result.lost == (
        "uvloop, wait at rate-100: answered, requests/s is not stated, or 0, in B",
    )
    assert len(result.differences) == 23


def test_what_b_did_not_run_is_only_absent() -> None:
    b = run(2)
    some = tuple(trial for trial in b.trials if trial.profile == "sync")

    result = across(run(1), dataclasses.replace(b, trials=some))

    assert result.absent == (
        "uvloop, wait at rate-20: not run in B",
        "uvloop, wait at rate-100: not run in B",
    )
    assert result.lost == ()
    assert {found.profile for found in result.differences} == {"sync"}


def capacity(low: float, rate: float, high: float) -> tuple[Capacity]:
    probes = tuple(Probe(n, rate, True, ()) for n in range(1, 7))
    return (Capacity("sync", "wait", rate, low, high, "p99 ≤ 250 ms", probes),)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ((95.0, 100.0, 105.0), (80.0, 85.0, 90.0), "worse"),
        ((95.0, 100.0, 105.0), (110.0, 120.0, 130.0), "better"),
        ((95.0, 100.0, 105.0), (90.0, 93.0, 96.0), "undecided"),
        ((99.0, 100.0, 101.0), (99.5, 100.0, 100.5), "no visible difference"),
        ((0.0, 100.0, 105.0), (80.0, 85.0, 90.0), "undecided"),
    ],
)
def test_capacities_are_told_apart_where_their_brackets_do_not_overlap(
    before: tuple[float, float, float], after: tuple[float, float, float], verdict: str
) -> None:
    a = dataclasses.replace(run(1), capacities=capacity(*before))
    b = dataclasses.replace(run(2), capacities=capacity(*after))

    (found,) = (d for d in across(a, b).differences if d.metric == "capacity_rps")

    assert (found.a, found.b, found.verdict) == (before[1], after[1], verdict)
    if found.low is not None:
        assert (found.low, found.high) == (after[0] / before[2], after[2] / before[0])


def test_a_capacity_that_b_no_longer_has_is_lost() -> None:
    a = dataclasses.replace(run(1), capacities=capacity(95.0, 100.0, 105.0))

    assert across(a, run(2)).lost == ("sync, wait: no capacity in B",)

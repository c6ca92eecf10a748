"""The report tells of deferred jobs where there are any, and is as it was where there are none."""

from __future__ import annotations

import dataclasses

from dashboards.report import page
from dashboards.report.deferred import DEFERRED
from loadtests.analysis.deferred import Deferred
from tests.dashboards import summaries

CAPTION = "What became of the deferred jobs"
FOUND = Deferred(
    accepted=540, refused=7, done=421, failed=2, left=117, wait_p50_ms=812.0, wait_p99_ms=None,
    delivery_p50_ms=1_234.0, delivery_p90_ms=2_345.0, delivery_p99_ms=None,
    delivery_max_ms=3_456.0, at_least_ms=2_000.0,
)  # fmt: skip


def test_a_run_without_jobs_has_nothing_of_them() -> None:
    assert CAPTION not in page.render(summaries.tour())


def test_the_figures_of_jobs_stand_below_those_of_their_requests_only() -> None:
    run = summaries.tour()
    here = run.trials[0]
    trials = tuple(
        dataclasses.replace(trial, deferred=FOUND)
        if (trial.workload, trial.load) == (here.workload, here.load)
        else trial
        for trial in run.trials
    )
    made = page.render(dataclasses.replace(run, trials=trials))

    assert made.count(CAPTION) == 1
    assert "<td>540</td>" in made
    assert "<td>117</td>" in made


def test_jobs_without_a_record_are_told_and_what_they_hide_is_not_stated() -> None:
    run = summaries.tour()
    short = dataclasses.replace(
        FOUND, accepted=None, done=None, delivery_p50_ms=None, at_least_ms=None, forgotten=9_000
    )
    whole, hidden = (
        {
            column.heading: column.of_trial(dataclasses.replace(run.trials[0], deferred=found))
            for column in DEFERRED
        }
        for found in (FOUND, short)
    )

    assert whole["without a record"] == "–"
    assert (hidden["accepted"], hidden["done"], hidden["delivery p50"]) == ("–", "–", "–")
    assert (hidden["left"], hidden["without a record"]) == ("117", "9000")
    trials = tuple(dataclasses.replace(trial, deferred=FOUND) for trial in run.trials)
    assert "without a record" not in page.render(dataclasses.replace(run, trials=trials))
    trials = tuple(dataclasses.replace(trial, deferred=short) for trial in run.trials)
    assert "without a record" in page.render(dataclasses.replace(run, trials=trials))


def test_a_delivery_beyond_the_age_of_what_was_left_is_a_lower_bound() -> None:
    trial = dataclasses.replace(summaries.tour().trials[0], deferred=FOUND)
    shown = {column.heading: column.of_trial(trial) for column in DEFERRED}

    assert shown["done"] == "421"
    assert not shown["delivery p50"].startswith("≥")
    assert shown["delivery p90"].startswith("≥")
    assert shown["delivery max"].startswith("≥")
    assert not shown["wait p50"].startswith("≥")
    assert shown["delivery p99"] == "–"

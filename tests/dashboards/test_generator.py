"""The load generator's table: its shares, its medians, and latency from due beside from sending."""

import dataclasses

from dashboards.report import page
from dashboards.report.columns import measured
from dashboards.report.generator import GENERATOR
from dashboards.report.sections import sections
from loadtests.analysis.summary import Latency, Trial
from tests.dashboards import summaries
from tests.dashboards.summaries import Case, invalid, summary, trial
from tests.dashboards.test_page import Reader


def make(number: int, late: float, **over: object) -> Trial:
    case = Case(100.0, 100.0, 400.0)
    made = trial(number, "sync", "wait", "rate-100", case, repetition=number)
    own = {
        "lateness_p99_ms": late, "punctual": 0.9996, "generator_cpu": 0.21,
        "generator_delay": 0.015, "latency_ms": Latency(100, 150, 200 + late, 300),
        "latency_from_send_ms": Latency(99.5, 149, 200, 290, (), 199.0),
    }  # fmt: skip
    return dataclasses.replace(made, **(own | over))  # type: ignore[arg-type]


def test_a_row_is_the_medians_of_the_valid_trials_and_an_invalid_one_stays_as_it_was() -> None:
    made = summary([make(1, 2.0), make(2, 4.0), invalid(3, make(3, 90.0, punctual=0.5))])
    rows = Reader(page.render(made)).rows

    # lateness p99, sent in time, CPU, waiting; then p50 and p99, each from due and from sending
    medians = ["3.00", "99.9", "21.0", "1.50", "100", "99.5", "203", "≥200"]
    late = ["90.0", "50.0", "21.0", "1.50", "100", "99.5", "290", "≥200"]
    assert ["sync", "2 of 3", *medians] in rows
    assert ["trial 3", "INVALID", *late] in rows


def test_a_share_of_one_is_100_percent() -> None:
    lines = sections(summary([make(1, 0.4, punctual=1.0)]))[0].loads[0].lines

    assert lines[0].generator[1] == "100"


def test_what_no_trial_measured_has_no_column() -> None:
    bare = [make(1, 2.0, generator_cpu=None, generator_delay=None)]
    headings = [column.heading for column in measured(bare, GENERATOR)]

    assert headings[:3] == ["lateness p99", "sent in time", "p50 due"]
    assert len(sections(summary(bare))[0].loads[0].lines[0].generator) == len(headings) == 6


def test_every_load_has_the_table_and_the_sentence_folded() -> None:
    made = summaries.tour()
    html = page.render(made)
    loads = sum(len(section.loads) for section in sections(made))

    assert html.count("<summary>The load generator</summary>") == loads == 4
    assert html.count("What coordinated omission would have hidden") == loads
    for column in GENERATOR:
        assert f"<dd>{column.meaning}</dd>" in html

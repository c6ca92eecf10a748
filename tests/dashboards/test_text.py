"""The terminal's table: its figures, its width, and nothing that a terminal would obey."""

import dataclasses
import statistics

import pytest

from dashboards.report import decisions_text, text
from loadtests.analysis.subjects import LeftOut
from loadtests.analysis.summary import Requests, Summary
from tests.dashboards import decided, summaries

ALL = [
    summaries.tour, summaries.awkward, summaries.empty, summaries.repeated, summaries.everyone,
    summaries.closed, decided.decided,
]  # fmt: skip


def line_of(rendered: str, start: str) -> list[str]:
    return next(line.split() for line in rendered.splitlines() if line.startswith(start))


@pytest.mark.parametrize("make", ALL)
def test_no_line_is_wider_than_the_terminal(make: object) -> None:
    made = make()  # type: ignore[operator]

    assert max(len(line) for line in text.render(made).splitlines()) <= decisions_text.WIDTH


def test_the_row_of_a_profile_holds_its_figures() -> None:
    rendered = text.render(summaries.tour(("sync",)))
    row = line_of(rendered.split("100 requests/s")[1], "sync")

    assert row == [
        "sync",
        "1/1",
        "100",
        "39.6",
        "≥6142",
        "≥12066",
        "≥12976",
        "1208",
        "9667",
        "0.754",
        "127",
    ]


def test_a_figure_is_the_median_over_the_valid_trials() -> None:
    made = summaries.repeated()
    valid = [t for t in made.trials if t.profile == "uvloop" and t.load == "rate-80" and t.valid]
    row = line_of(text.render(made).split("80 requests/s")[1], "uvloop")

    assert float(row[9]) == statistics.median(t.cpu_s or 0 for t in valid)


def test_an_invalid_trial_is_shown_with_its_reason_and_never_averaged() -> None:
    rendered = text.render(summaries.awkward())

    assert line_of(rendered, "sync")[1:5] == ["2/3", "100", "40.0", "≥6102"]
    assert line_of(rendered, "  trial 3")[:5] == ["trial", "3", "INVALID", "100", "3.00"]
    assert line_of(rendered, "gevent")[1:] == ["0/1", *["–"] * 9]
    assert "generator-late: the load generator sent" in rendered


def test_a_trial_without_answers_has_counts_and_no_latency() -> None:
    row = line_of(text.render(summaries.awkward()), "asgi")

    assert row[1:] == ["1/1", "100", "0", "–", "–", "–", "2000", "–", "–", "–"]


def test_not_answered_is_failed_dropped_and_censored() -> None:
    made = summaries.tour(("sync",))
    fates = Requests(scheduled=2000, completed=1400, failed=10, dropped=500, censored=90)
    lost = dataclasses.replace(made.trials[1], requests=fates)
    rendered = text.render(dataclasses.replace(made, trials=(made.trials[0], lost)))
    table = rendered.split("100 requests/s")[1]

    assert line_of(table, "sync")[7] == "600"
    assert "answered" in line_of(table, "        ")


def test_a_partial_run_says_so() -> None:
    assert "Partial run: 7 of 24 planned trials" in text.render(summaries.awkward())
    assert "Partial run" not in text.render(summaries.tour())


def test_a_workload_that_could_not_run_is_named_with_the_remedy() -> None:
    left = (LeftOut("rows", "no PostgreSQL is to be found on this machine: install it"),)
    shown = text.render(dataclasses.replace(summaries.tour(), left_out=left))

    words = " ".join(shown.split())
    assert "Not measured: workload rows, for no PostgreSQL is to be found on this machine" in words
    assert "Not measured: workload" not in text.render(summaries.tour())


def test_every_finding_follows_the_tables() -> None:
    made = summaries.tour()
    after = " ".join(text.render(made).split("\nFindings\n")[1].split())

    for finding in made.findings:
        assert f"{finding.verdict}: {finding.text}" in after


def test_control_characters_of_names_do_not_reach_the_terminal() -> None:
    made: Summary = dataclasses.replace(summaries.awkward(), question="a\x1b[2Jb\rc")

    assert not {c for c in text.render(made) if ord(c) < 32} - {"\n"}


def test_verdicts_follow_the_tables_and_those_without_one_are_in_one_line() -> None:
    after = " ".join(text.render(decided.decided()).split("\nVerdicts\n")[1].split())

    for claim in decided.CLAIMS[:5]:
        assert f"· {claim.id}: {claim.verdict}: {claim.text}" in after
    # What follows a finding is for the report.
    assert not [c.id for c in decided.CLAIMS if c.detail and c.detail in after]
    assert "with a pool. Where it turns: from 4 blocking calls at once" in after
    assert "· Not measured here: hybrid, stability, deferral Findings" in after


def test_a_capacity_is_one_line_with_bounds_and_prediction() -> None:
    rendered = text.render(decided.decided())
    lines = rendered.split("\nCapacity at the objective: ")[1].splitlines()

    assert lines[0] == decided.OBJECTIVE
    assert lines[1].split() == [
        "wait", "sync", "38.8", "requests/s", "(37.2–40.4),", "predicted", "39.6",
    ]  # fmt: skip
    assert [line.split()[1] for line in lines[1:5]] == list(decided.SLOTS)
    assert lines[5] == ""


def test_a_run_that_decides_nothing_prints_nothing_of_it() -> None:
    rendered = text.render(summaries.tour())

    assert "Verdicts" not in rendered
    assert "Capacity" not in rendered
    assert text.render(summaries.empty()).endswith("Findings: –\n")


def test_probes_have_no_table_of_their_own() -> None:
    rendered = text.render(decided.decided())

    assert rendered.count("profile  ") == 9
    assert "Partial run" not in rendered

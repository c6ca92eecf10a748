"""What a run decides, on the page: verdicts first, each with its figures, and nothing invented."""

import dataclasses
import re

import pytest

from dashboards.report import abandoned, anchors, checks, facts, page, trials, verdicts
from dashboards.report.format import figure
from dashboards.report.sections import sections
from loadtests.analysis.decisions import Claim, Decisions, Estimate, LawCheck
from loadtests.analysis.instruments import Abandoned
from loadtests.analysis.summary import Summary
from tests.dashboards import decided, summaries
from tests.dashboards.test_page import Reader

MADE = decided.decided()
HTML = page.render(MADE)
READ = Reader(HTML)
TEXT = " ".join(READ.text.replace("\u00a0", " ").split())


def with_decisions(made: Summary, **over: object) -> Summary:
    decisions = dataclasses.replace(made.decisions, **over)  # type: ignore[arg-type]
    return dataclasses.replace(made, decisions=decisions)


def claim(**over: str) -> Claim:
    return dataclasses.replace(decided.CLAIMS[1], **over)  # type: ignore[arg-type]


def test_the_page_goes_from_verdicts_over_capacity_and_advice_to_the_workloads() -> None:
    headings = [
        "Verdicts", "Capacity at the service-level objective", "What to choose", "Findings",
        "What was compared, and how", "Workloadwait", "Workloadhold", "How many at once",
        "What it costs", "Validity", "Environment", "How to read this page",
    ]  # fmt: skip
    found = [re.sub("<.*?>", "", one) for one in re.findall(r"<h2.*?</h2>", HTML)]

    assert [one for one in found if one in headings] == headings


def test_every_verdict_is_a_word_with_its_sentence_interval_and_crossover() -> None:
    for one in decided.CLAIMS[:5]:
        assert f"{one.verdict} {one.id} {one.statement}" in TEXT
        assert one.text in TEXT
    assert "estimate 77.5, 95 % interval 74.1–81.0 (n = 6)" in TEXT
    assert "estimate 2.10 (n = 3, too few for an interval)" in TEXT
    assert "Where it turns: from 4 blocking calls at once" in TEXT
    assert {f"claim-{one.id}" for one in decided.CLAIMS[:5]} <= set(READ.ids)


def test_a_claim_without_a_verdict_is_in_one_line_and_has_none() -> None:
    assert "Not measured here: hybrid, stability, deferral." in TEXT
    assert "this run has no jobs" in TEXT.lower()
    assert not {"claim-hybrid", "claim-stability", "claim-deferral"} & set(READ.ids)


def test_a_claim_links_to_its_chart_only_where_the_page_has_it() -> None:
    links = re.findall(r'<a href="#([^"]+)">Chart of (\w+)</a>', HTML)

    assert {claim_id: target for target, claim_id in links} == {
        "immediacy": "wait-1-rate-20-2-quantiles",
        "concurrency": "capacity-wait",
        "scalability": "scale-hold",
        "cost": "cost-wait",
    }


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("wait-1-rate-20-2-quantiles", "wait-1-rate-20-2-quantiles"),
        ("wait-rate-20-quantiles", "wait-1-rate-20-2-quantiles"),
        # Of several loads the heaviest.
        ("wait-bystander", "wait-1-rate-100-4-bystander"),
        ("wait-sweep-p99", "wait-1-sweep-p99"),
        ("wait-achieved", "wait-1-sweep-achieved"),
        ("predicted-wait", "predicted-wait"),
        ("usl-hold", "usl-hold"),
        ("usl-wait", ""),
        ("wait", ""),
        ("", ""),
    ],
)
def test_an_anchor_is_an_id_or_the_names_that_it_was_made_of(wanted: str, found: str) -> None:
    assert anchors.target(wanted, anchors.ids(HTML), anchors.aliases(sections(MADE))) == found


def test_capacities_stand_with_bounds_prediction_error_and_note() -> None:
    assert ["sync", "38.8", "37.2", "40.4", "39.6", "+2 %"] in [
        [cell.replace("\u00a0", " ") for cell in row] for row in READ.rows
    ]
    assert f"({decided.OBJECTIVE})" in TEXT
    assert "asgi: wider than ±10 %: the host was noisy." in TEXT


def test_probes_are_rows_of_their_search_and_no_load_of_their_own() -> None:
    assert ["sync", "met", "", "19.4", "39"] in READ.rows
    assert ["sync", "not met", "p99 > 250 ms and answered < 99 %", "54.3", "40"] in READ.rows
    assert "54.32" in {t.load for t in MADE.trials}
    assert not [h for h in re.findall(r"<h3.*?</h3>", HTML) if "54.3" in h]


def test_the_card_says_what_to_choose_how_sure_that_is_and_how_to_ask_again() -> None:
    card = TEXT[TEXT.index("What to choose") :]

    assert card.index("For wait, measured: async") < card.index("For blocking, predicted: hybrid")
    assert "Where it turns: below 40 requests/s any of them does" in card
    assert "sync: 38.8 requests/s threads: 155 requests/s async: 1843 requests/s" in card
    assert "make advise" in card


def test_a_diagnosis_stands_at_its_load_or_at_the_head_of_its_workload() -> None:
    head, at_load = (decided.DIAGNOSES[n].text for n in (2, 0))

    assert TEXT.index("Workload wait".replace(" ", "")) < TEXT.index(head)
    assert TEXT.index(head) < TEXT.index("open, 10 requests/s: predictions rest on it")
    assert TEXT.index("open, 100 requests/s", TEXT.index(head)) < TEXT.index(at_load)
    assert "occupancy: 98.0 %" in TEXT


def test_calibration_and_the_steps_of_the_scale_are_folded_and_a_sweep_is_not() -> None:
    found = {load.cell.load.name: load for section in sections(MADE) for load in section.loads}

    assert [name for name, load in found.items() if not load.folded] == ["rate-30", "rate-100"]
    assert found["rate-30"].inside.swimlane is not None
    assert found["users-1000"].inside.swimlane is None
    assert HTML.count('<details class="load">') == 7


def test_predictions_show_what_they_rest_on_and_their_error_trial_by_trial() -> None:
    rows = [[cell.replace("\u00a0", " ") for cell in row] for row in READ.rows]

    assert ["asgi", "infinite server before one loop", "its event loop", "2046", "1843",
            "+11 %"] in rows  # fmt: skip
    assert ["sync", "101", "100", "99.4", "0.920", "0.610", "4", "1, 5"] in rows
    assert ["asgi", "101", "0.710", "99.4", "0.920", "0.610", "no limit", "3, 7"] in rows
    assert ["uvloop", "12", "99 %", "112 ms", "110 ms", "+2 %"] in rows


def test_fits_scale_and_costs_have_their_figures() -> None:
    rows = [[cell.replace("\u00a0", " ") for cell in row] for row in READ.rows]

    assert ["sync", "1.00", "0.960 to 1.04", "4.0 × 10⁻³", "1.0 × 10⁻³ to 7.0 × 10⁻³",
            "4.0 × 10⁻⁴", "2.0 × 10⁻⁴ to 8.0 × 10⁻⁴", "50"] in rows  # fmt: skip
    assert ["gthread, 1000", "158", "160", "6.25 s", "99.2", "3.28", "8 %", "slots"] in rows
    assert ["sync", "38.8", "1.90", "118", "3041", "–", "0.024", "1, 5"] in rows
    assert "gthread: slots at 1000 requests at once: 160 requests can be in hand" in TEXT


def test_without_a_price_and_idle_connections_their_columns_are_left_out() -> None:
    cost = dataclasses.replace(
        decided.decisions(list(MADE.trials)).costs[1],
        money_per_million=None,
        mb_per_idle_connection=None,
    )
    html = page.render(with_decisions(MADE, costs=(cost,)))

    assert "money per million" in HTML
    assert "money per million" not in html
    assert "MiB per idle connection" not in html


def test_memory_of_a_connection_is_a_column_where_it_is_known() -> None:
    cost = dataclasses.replace(
        decided.decisions(list(MADE.trials)).costs[1], kb_per_connection=18.9
    )
    html = page.render(with_decisions(MADE, costs=(cost,)))

    assert "KiB per open connection" in html
    assert ">18.9<" in html
    assert "KiB per open connection" not in HTML


def test_what_was_done_for_clients_that_had_left_is_shown_where_there_were_any() -> None:
    first = next(trial for trial in MADE.trials if trial.valid and trial.arm == 1)
    cell = first.profile, first.workload, first.load
    trials = [
        dataclasses.replace(trial, abandoned=Abandoned(1_500, 300.0))
        if (trial.profile, trial.workload, trial.load) == cell and trial.valid
        else trial
        for trial in MADE.trials
    ]
    times = sum(trial.abandoned is not None for trial in trials)
    made = dataclasses.replace(MADE, trials=tuple(trials))
    html = page.render(made)

    assert "For clients that had left" not in HTML
    assert "For clients that had left" in html
    [row] = abandoned.rows(made)
    assert row[:5] == (*cell, f"{1_500 * times:,}", figure(300.0 * times))
    assert row[5] == figure(0.2)
    assert f"<td>{row[3]}</td>" in html


def test_who_was_tried_again_keeps_its_place_among_those_with_clients_that_left() -> None:
    one, other = MADE.trials[0], MADE.trials[1]
    wasted = Abandoned(7, 6.8)
    first = dataclasses.replace(one, number=1, profile="sync", valid=False, arm=1)
    second = dataclasses.replace(
        other, number=2, profile="uvloop", valid=True, arm=1, abandoned=wasted
    )
    again = dataclasses.replace(first, number=3, valid=True, abandoned=wasted)
    made = dataclasses.replace(MADE, trials=(first, second, again))

    assert [(row[0], row[-1]) for row in abandoned.rows(made)] == [("sync", "3"), ("uvloop", "2")]


def test_laws_and_noise_floor_are_in_the_section_on_validity() -> None:
    validity = TEXT[TEXT.index("Validity") :]

    assert (
        "Little’s law holds in all 17 trials; utilisation law holds in 0 of 17 trials" in validity
    )
    assert ["1, sync, wait, rate-10", "utilisation law", "1.00", "0.930", "−7\u00a0%", "±5\u00a0%",
            "does not hold"] in READ.rows  # fmt: skip
    assert (
        "differed by at most a factor of 1.04 in one pair (sync, wait, latency_p50_ms)" in validity
    )
    assert ["sync", "wait", "rate-30", "latency_p50_ms", "1.00", "0.987–1.02", "1.04", "6"] in (
        READ.rows
    )


def test_a_law_of_one_trial_is_not_called_all() -> None:
    law = LawCheck("little", 1.0, 1.0, 0.0, 0.1, "")
    one = dataclasses.replace(MADE.trials[0], laws=(law,))
    said = checks.laws(dataclasses.replace(MADE, trials=(one,)))

    assert said is not None
    assert said.said == "Little’s law holds in 1 of 1 trial"


def test_an_invalid_trial_says_which_attempt_it_was_and_what_came_of_the_next() -> None:
    assert "Trial 37, sync, wait, rate-30, repetition 1 generator-late" in TEXT
    assert "Tried again: attempt 2, trial 38, is valid." in TEXT
    assert "sync, wait, probe of a search at 40.35" in TEXT

    both = [dataclasses.replace(t, valid=False) if t.number == 38 else t for t in MADE.trials]
    first = next(t for t in both if t.number == 37)
    assert trials.again(first, both) == "Tried again: attempt 2, trial 38, is INVALID too."
    assert trials.again(next(t for t in both if t.number == 38), both) == ""


def test_trials_that_the_experiment_names_are_counted_once_and_probes_beside_them() -> None:
    assert "36 of 36 planned, 1 repetition of each cell; 25 probes of searches; " in TEXT
    assert "2 trials tried again" in TEXT
    assert "Partial run" not in TEXT


def test_ratios_have_their_interval_and_a_word() -> None:
    words = {row[7]: row[1:7] for row in READ.rows if len(row) == 9}
    found = {row[8]: row[6] for row in READ.rows if len(row) == 9 and row[0] == "uvloop / sync"}

    assert words
    assert found == {
        "uvloop is 2.53 times sync (2.44–2.62)": "2.44–2.62",
        "no visible difference": "0.960–1.02",
        "undecided": "0.550–1.20",
        "observation": "–",
    }


def test_a_run_that_decides_nothing_has_none_of_it() -> None:
    html = page.render(summaries.tour())
    parts = ("verdicts", "capacity", "advice", "scale", "cliffs", "cost", "noise", "laws")
    sentences = (">Verdicts<", "What to choose", "Predicted and measured", "95 % interval</th>",
                 "A verdict is of a claim", "A prediction is made from")  # fmt: skip

    assert not {*parts} & set(Reader(html).ids)
    assert [one for one in sentences if one in html] == []
    assert 'href="#findings">Skip' in html


def test_a_run_with_claims_only_has_the_list_and_else_stays_as_it_was() -> None:
    made = with_decisions(summaries.tour(), claims=decided.CLAIMS[5:])
    text = Reader(page.render(made)).text

    assert "No verdict: what was saved does not support one." in text
    assert text.index("Verdicts") < text.index("Findings") < text.index("What was compared")


def test_a_search_without_a_sweep_has_its_predictions_still() -> None:
    only = tuple(t for t in MADE.trials if t.role == "probe")
    read = Reader(page.render(dataclasses.replace(MADE, trials=only)))

    assert "predicted-wait" in read.ids
    assert "Each profile has" not in read.text


def test_names_from_files_are_text_in_claims_advice_and_diagnoses() -> None:
    evil = summaries.HOSTILE
    made = with_decisions(
        MADE,
        claims=(claim(id=evil, text=evil, statement=evil, crossover=evil, anchor=evil),),
        advice=(dataclasses.replace(decided.ADVICE[0], text=evil, workload=evil),),
        diagnoses=(dataclasses.replace(decided.DIAGNOSES[0], text=evil, profile=evil),),
        noise=(dataclasses.replace(decided.NOISE[0], profile=evil),),
        scale=tuple(dataclasses.replace(p, workload=evil) for p in MADE.decisions.scale),
        cliffs=tuple(
            dataclasses.replace(c, workload=evil, limit=evil, text=evil)
            for c in MADE.decisions.cliffs
        ),
    )
    html = page.render(made)

    assert "<img" not in html.split("<script>")[0]
    assert "\x1b" not in html
    assert Reader(html).stack == []


def test_claims_are_decided_or_absent_and_never_both() -> None:
    found = verdicts.verdicts(MADE)

    assert [c.id for c in found.decided] == [c.id for c in decided.CLAIMS[:5]]
    assert [(w, [c.id for c in cs]) for w, cs in found.absent] == [
        ("not measured here", ["hybrid", "stability", "deferral"]),
    ]
    assert verdicts.verdicts(dataclasses.replace(MADE, decisions=Decisions())).absent == ()


def test_an_estimate_is_stated_with_its_interval_or_without_one() -> None:
    assert verdicts.estimated(None) == ""
    assert verdicts.estimated(Estimate(15.0, None, None, 5)) == "estimate 15.0 (n = 5)"
    assert verdicts.estimated(Estimate(22.5, 20.36, 24.87, 2, searched=True)) == (
        "estimate 22.5, 20.4–24.9 by the 95 % intervals of 2 searches"
    )
    assert verdicts.estimated(Estimate(2.0, 1.5, 2.5, 7)) == (
        "estimate 2.00, 95 % interval 1.50–2.50 (n = 7)"
    )


def test_what_follows_a_finding_is_folded_where_it_is_long() -> None:
    short, long = (decided.CLAIMS[n].detail for n in (2, 3))
    plain = HTML.replace("\u00a0", " ")

    assert f'<p class="detail">{short}</p>' in plain
    assert f'<summary>Scalability in detail</summary>\n<p class="detail">{long}</p>' in plain
    assert "Blocking in detail" not in plain
    assert HTML.count('class="detail"') == 2


def test_evidence_tells_the_profiles_of_a_figure_together() -> None:
    assert "memory: 95.5 MiB on sync, ≥ 29.3 MiB on uvloop trials: 1, 2" in TEXT
    assert verdicts.by_figure({"where": "at 40 requests/s", "on": "x"}) == {
        "where": "at 40 requests/s", "on": "x",
    }  # fmt: skip


def test_a_figure_of_the_evidence_has_its_unit_and_no_name_of_a_variable() -> None:
    told = {
        "occupancy": 0.202, "application_cpu": 0.013, "offered_rps": 43.9, "at_a_time_ms": 20.7,
        "accept_queue": 205.0, "metric": "bystander_p90_ms", "medians": {"uvloop": 0.835},
    }  # fmt: skip

    assert facts.evidence(told) == {
        "occupancy": "20.2 %", "application CPU": "1.30 %", "offered": "43.9 requests/s",
        "at a time": "20.7 ms", "accept queue": "205", "metric": "bystander p90, ms",
        "medians": "uvloop 0.835",
    }  # fmt: skip


def test_a_number_stays_with_its_unit() -> None:
    tied = verdicts.tied("≥ 2.3 s on sync, 40 requests/s of 4 slots (4 / 100 ms)")

    assert tied.replace("\u00a0", "_") == ("≥_2.3_s on sync, 40_requests/s of 4 slots (4_/_100_ms)")


def test_only_what_is_predicted_is_rounded_to_two_digits() -> None:
    assert [verdicts.rounded(rate, "predicted") for rate in (3020.5, 39.31, 7.5)] == [
        "about 3000", "about 39", "about 7.5",
    ]  # fmt: skip
    assert verdicts.rounded(39.31, "measured") == "39.3"

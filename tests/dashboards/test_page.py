"""The report as HTML: self-contained, well-formed, complete, and safe with names from files."""

import dataclasses
import json
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from dashboards.report import page
from dashboards.report.sections import sections
from loadtests.analysis.subjects import LeftOut
from loadtests.analysis.summary import Summary
from tests.dashboards import decided, summaries

VOID = {"meta", "br", "img", "link", "input", "hr"}
ALL = [
    summaries.tour, summaries.awkward, summaries.empty, summaries.repeated, summaries.everyone,
    summaries.closed, summaries.instruments, summaries.plain, decided.decided,
]  # fmt: skip


class Reader(HTMLParser):
    """Reads a page: its open elements, its references, its text, and its JSON islands."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.islands: dict[str, str] = {}
        self.text = ""
        self.rows: list[list[str]] = []
        self._island = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in VOID:
            self.stack.append(tag)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.references += [found[k] or "" for k in ("src", "href", "srcset", "data") if k in found]
        if found.get("type") == "application/json":
            self._island = found["id"] or ""
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag, f"</{tag}> closes another element"
        self._island = ""

    def handle_data(self, data: str) -> None:
        if self._island:
            self.islands[self._island] = self.islands.get(self._island, "") + data
        elif self.stack and self.stack[-1] not in ("script", "style"):
            self.text += data
            if ("td" in self.stack or "th" in self.stack) and self.rows and self.rows[-1]:
                self.rows[-1][-1] += data.strip()


@pytest.mark.parametrize("make", ALL)
def test_the_page_is_well_formed_small_and_refers_to_nothing_outside(
    make: Callable[[], Summary],
) -> None:
    html = page.render(make())
    read = Reader(html)

    assert read.stack == []
    assert len(set(read.ids)) == len(read.ids)
    assert all(ref.startswith("#") and ref[1:] in read.ids for ref in read.references)
    assert len(html.encode()) < (1_500_000 if make is decided.decided else 1_300_000)
    assert "default-src 'none'" in html


@pytest.mark.parametrize("make", ALL)
def test_the_islands_decode_to_the_charts(make: Callable[[], Summary]) -> None:
    made = make()
    read = Reader(page.render(made))
    drawn = [
        chart
        for section in sections(made)
        for chart in (*(c for load in section.loads for c in load.charts), *section.sweep)
    ]

    assert set(read.islands) == {f"{chart.id}-data" for chart in drawn}
    for chart in drawn:
        island = json.loads(read.islands[f"{chart.id}-data"])
        assert island == {"option": chart.option, "x": chart.x, "y": chart.y, "title": chart.title}
        assert chart.title in read.text


def test_names_from_files_are_text_and_never_markup() -> None:
    html = page.render(summaries.awkward())
    read = Reader(html)

    assert "<img" not in html.split("<script>")[0]
    assert "\x1b" not in html
    assert summaries.HOSTILE.replace("\x1b", " ") in read.text


def test_the_table_holds_the_medians_and_the_invalid_trial_beside_them() -> None:
    rows = Reader(page.render(summaries.awkward())).rows

    assert ["sync", "2 of 3", "100", "40.0", "≥6102"] in [row[:5] for row in rows]
    assert ["trial 3", "INVALID", "100", "3.00", "≥6102"] in [row[:5] for row in rows]
    assert ["asgi", "1 of 1", "2000", "0", "2000", "0", "0"] in rows


def test_every_invalid_trial_is_listed_with_code_text_and_hint() -> None:
    text = " ".join(Reader(page.render(summaries.awkward())).text.split())
    late = summaries.LATE

    assert "2 of 7 trials INVALID" in text
    assert f"{late.code} {late.text}. What to do: {late.hint}." in text
    assert "All 16 trials valid" in Reader(page.render(summaries.tour())).text


def test_what_was_not_measured_or_repeated_is_said() -> None:
    assert "7 of 24 planned trials were saved" in Reader(page.render(summaries.awkward())).text
    assert "No trial was saved." in Reader(page.render(summaries.empty())).text


def test_a_workload_that_could_not_run_is_named_with_the_remedy() -> None:
    left = (LeftOut("rows", "no PostgreSQL is to be found: install <it>"),)
    shown = page.render(dataclasses.replace(summaries.tour(), left_out=left))

    said = " ".join(Reader(shown).text.split())
    assert "Not measured: workload rows, for no PostgreSQL is to be found: install <it>." in said
    assert "Not measured: workload" not in Reader(page.render(summaries.tour())).text


def test_the_findings_come_first_in_full() -> None:
    made = summaries.tour()
    text = Reader(page.render(made)).text

    places = [text.index(part) for part in (made.question, *(f.text for f in made.findings))]
    assert sorted(places) == places
    assert places[-1] < text.index("What was compared")


def test_what_was_compared_names_every_factor_from_the_facts() -> None:
    read = Reader(page.render(summaries.tour()))
    words = summaries.MODELS["hybrid"]

    assert ["hybrid", words, "uvicorn 0.54", "httptools", "uvloop", "1", "4"] in read.rows
    sync = ["sync", summaries.MODELS["sync"], "gunicorn 27.0", "python", "–", "4", "1"]
    assert sync in read.rows
    assert "gunicorn --workers 4 sync" in read.text


def test_unequal_schedules_are_named() -> None:
    made = summaries.tour(("sync", "uvloop"))
    odd = dataclasses.replace(made.trials[1], schedule_digest="0000")
    changed = dataclasses.replace(made, trials=(made.trials[0], odd, *made.trials[2:]))

    assert "Unequal schedules" in Reader(page.render(changed)).text
    assert "Unequal schedules" not in Reader(page.render(made)).text


@pytest.mark.parametrize(
    ("repetitions", "said"),
    [
        (1, "Each profile has 0 to 1 valid trials under each load."),
        (5, "Each profile has 4 to 5 valid trials under each load."),
    ],
)
def test_with_fewer_pairs_than_a_finding_needs_the_page_says_observation(
    repetitions: int, said: str
) -> None:
    made = summaries.repeated(repetitions)
    bad = dataclasses.replace(made.trials[0], valid=False, reasons=(summaries.LATE,))
    read = Reader(page.render(dataclasses.replace(made, trials=(bad, *made.trials[1:]))))

    assert said in read.text
    assert "fewer than 5 pairs of trials a difference has no interval" in read.text


def test_with_pairs_enough_in_each_cell_there_is_no_such_note() -> None:
    made = summaries.repeated(6)
    healed = tuple(dataclasses.replace(t, valid=True, reasons=()) for t in made.trials)
    text = Reader(page.render(dataclasses.replace(made, trials=healed))).text

    assert "pairs of trials a difference" not in text
    assert "Each profile has 1 valid trial under" in Reader(page.render(summaries.tour())).text


def test_the_same_summary_gives_the_same_page() -> None:
    assert page.render(summaries.tour()) == page.render(summaries.tour())


def test_a_run_of_several_workloads_begins_with_links_to_them() -> None:
    made = summaries.tour()
    html = page.render(made)
    contents = html[html.index("<nav") : html.index("</nav>")]

    assert len(sections(made)) > 1
    assert Reader(contents).references == [
        f"#workload-{number}" for number in range(1, len(sections(made)) + 1)
    ]
    assert all(section.workload.name in contents for section in sections(made))
    assert "<nav" not in page.render(summaries.closed())

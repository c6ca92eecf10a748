"""Taking a lesson with its recorded run, and the page that comes of it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from dashboards import door as dashboards
from dashboards.lesson import page
from loadtests import door as loadtests
from loadtests.lessons import lesson as lessons

FOLDERS = lessons.folders()
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
CUT = """() => [...document.querySelectorAll('.scroll, td')].filter(
    one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CELL = re.compile(r"<td>(.*?)</td>")


def taken(number: int, answer: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the run of a lesson that was answered so."""
    monkeypatch.chdir(folder)
    assert loadtests.main(["lesson", str(number), "--replay", "--answer", answer]) == 0
    return (folder / "results" / "latest").resolve()


@pytest.mark.parametrize("number", FOLDERS)
def test_every_lesson_can_be_taken_without_a_server(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = taken(number, "a", tmp_path, monkeypatch)
    said = capsys.readouterr().out
    assert dashboards.main(["lesson", str(run)]) == 0

    told = json.loads((run / "lesson.json").read_text())
    right = told["right"]
    assert f"Lesson {number}: " in said
    assert ("Your prediction holds: a)" in said) == (right == "a")
    assert (f"You predicted a; this run says {right})" in said) == (right != "a")
    html = (run / "lesson.html").read_text()
    assert "ot measured" not in html
    assert len(told["tables"]) == len({table["title"] for table in told["tables"]}) > 0
    assert len(CELL.findall(html)) == sum(
        len(row["values"]) for table in told["tables"] for row in table["rows"]
    )
    assert f"make replay RUN={told['run']}<" in html
    assert html.count("<details>") >= 2
    assert "It does not:" not in html
    assert (run / "report.html").exists()
    # Nothing of another file or host, but the report beside it.
    assert set(re.findall(r'(?:href|src)="([^"]+)"', html)) == {"report.html"}
    Balanced().feed(html)


class Balanced(HTMLParser):
    """Fails where an element that must be closed is not."""

    VOID = ("meta", "link", "br", "img", "hr", "input")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_where_a_run_says_otherwise_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = taken(1, "a", tmp_path, monkeypatch)
    told = page.read(run)
    told["held"][0]["true"] = False
    told["held"][1]["true"] = None
    told["values"]["factor"] = None
    told["tables"][0]["rows"][0]["values"][0] = None

    html = page.render(told)

    assert "It does not: here the explanation fails" in html
    assert "Not measured in this run." in html
    assert "(not measured)" in html
    assert CELL.findall(html)[0] == "–"


def test_what_a_lesson_says_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = page.read(taken(7, "a", tmp_path, monkeypatch))
    told["tables"][0]["rows"][0]["name"] = "<b>&"
    told["verdict"] = "<script>"

    html = page.render(told)

    assert "&lt;b&gt;&amp;" in html
    assert "<script" not in html


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"value": 104.4, "unit": "ms", "at_least": False}, "104 ms"),
        ({"value": 2500.0, "unit": "ms", "at_least": True}, "at least 2.50 s"),
        ({"value": 80.04, "unit": "requests/s", "at_least": False}, "80 requests/s"),
        ({"value": 12.34, "unit": "times", "at_least": False}, "12 times"),
        ({"value": 1234.5, "unit": "times", "at_least": True}, "at least 1200 times"),
        ({"value": 1.0, "unit": "times", "at_least": False}, "1.0 times"),
        (None, "(not measured)"),
    ],
)
def test_a_figure_in_a_sentence(value: dict[str, object] | None, text: str) -> None:
    assert page.shown(value).replace("\u00a0", " ") == text


def test_a_run_of_no_lesson_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dashboards.main(["lesson", str(tmp_path)]) == 1
    assert "no lesson was taken with this run" in capsys.readouterr().err


def test_the_list_and_what_is_not_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert loadtests.main(["lesson"]) == 0
    listed = capsys.readouterr().out
    assert [f"{number}  " in listed for number in FOLDERS] == [True] * 7
    assert loadtests.main(["lesson", "9"]) == 2
    assert "there is no lesson 9" in capsys.readouterr().err
    assert loadtests.main(["lesson", "1", "--replay", "--answer", "z"]) == 2
    assert "--answer is 'z'" in capsys.readouterr().err


def opened(
    browser: Browser, file: Path, width: int, scheme: Literal["light", "dark"]
) -> tuple[Page, list[str], list[str]]:
    """The page, with what its console said and what it asked for."""
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(file.as_uri())
    return tab, said, asked


@pytest.mark.slow
@pytest.mark.parametrize("number", FOLDERS)
def test_the_page_fits_its_screen_and_asks_for_nothing(
    browser: Browser, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = taken(number, "b", tmp_path, monkeypatch)
    assert dashboards.main(["lesson", str(run)]) == 0
    for width in (400, 1280):
        tab, said, asked = opened(browser, run / "lesson.html", width, "light")

        assert tab.locator("details[open]").count() == 0, "answers are folded away"
        tab.evaluate(UNFOLD)
        assert tab.evaluate(OVERFLOW) == 0
        assert tab.evaluate(CUT) == []
        assert said == []
        assert asked == [(run / "lesson.html").as_uri()]
        tab.close()


@pytest.mark.slow
def test_it_follows_the_scheme_of_its_reader(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = taken(7, "b", tmp_path, monkeypatch)
    assert dashboards.main(["lesson", str(run)]) == 0
    grounds = set()
    for scheme in SCHEMES:
        tab, _, _ = opened(browser, run / "lesson.html", 1280, scheme)
        grounds.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        tab.close()

    assert len(grounds) == 2

"""The report in a real Chromium: drawn, silent, narrow, dark, on paper, and without JavaScript."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.report import page
from tests.dashboards import decided, summaries

pytestmark = pytest.mark.slow
RUNS = {
    "tour": summaries.tour,
    "awkward": summaries.awkward,
    "everyone": summaries.everyone,
    "closed": summaries.closed,
    "empty": summaries.empty,
    "instruments": summaries.instruments,
    "plain": summaries.plain,
    "decided": decided.decided,
}
UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    for name, make in RUNS.items():
        (folder / f"{name}.html").write_text(page.render(make()), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in RUNS}


def opened(
    browser: Browser,
    file: Path,
    *,
    width: int = 1280,
    scheme: Literal["dark", "light"] = "light",
    scripts: bool = True,
) -> tuple[Page, list[str], list[str]]:
    """The page, with what its console said and what it asked for."""
    tab = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
    )
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(file.as_uri())
    return tab, said, asked


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", RUNS)
def test_every_chart_is_drawn_without_a_word_a_request_or_overflow(
    browser: Browser, files: dict[str, Path], name: str, width: int
) -> None:
    tab, said, asked = opened(browser, files[name], width=width)
    tab.evaluate(UNFOLD)

    charts = tab.locator(".chart").count()
    expect(tab.locator(".chart > div > svg")).to_have_count(charts)
    assert charts == tab.locator(".chart[aria-label]").count()
    assert (charts > 0) == (name != "empty")
    assert tab.evaluate(OVERFLOW) == 0
    assert said == []
    assert asked == [files[name].as_uri()]
    tab.close()


def test_labels_at_the_ends_of_lines_do_not_overlap(
    browser: Browser, files: dict[str, Path]
) -> None:
    tab, _, _ = opened(browser, files["everyone"], width=400)
    overlaps = tab.evaluate(
        """() => [...document.querySelectorAll('.chart')].flatMap(chart => {
            const texts = [...chart.querySelectorAll('text')];
            const boxes = texts.map(t => [t.textContent, t.getBoundingClientRect()]);
            const edge = chart.getBoundingClientRect();
            const cut = boxes.filter(([, b]) => b.right > edge.right + 1 || b.left < edge.left - 1);
            const hit = boxes.filter(([, a], i) => boxes.some(([, b], j) => i < j &&
                Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
                Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2));
            return [...cut, ...hit].map(([text]) => chart.dataset.island + ': ' + text);
        })"""
    )

    assert overlaps == []
    tab.close()


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", ["instruments", "everyone", "decided"])
def test_words_in_drawings_are_neither_cut_nor_on_one_another(
    browser: Browser, files: dict[str, Path], name: str, width: int
) -> None:
    tab, _, _ = opened(browser, files[name], width=width)
    faults = tab.evaluate(
        """() => [...document.querySelectorAll('.drawing svg:has(text)')].flatMap(svg => {
            const edge = (svg.closest('.plot') || svg).getBoundingClientRect();
            // Of many ticks a narrow page shows every second one: the others have no box.
            const shown = [...svg.querySelectorAll('text')].filter(t => t.getClientRects().length);
            const boxes = shown.map(t => [t.textContent, t.getBoundingClientRect()]);
            const cut = boxes.filter(([, b]) => b.right > edge.right + 1 || b.left < edge.left - 1);
            const hit = boxes.filter(([, a], i) => boxes.some(([, b], j) => i < j &&
                Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
                Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2));
            const bare = svg.matches('.axis') && shown.length < 3 ? [['few words']] : [];
            return [...cut, ...hit, ...bare].map(
                ([text]) => svg.closest('figure').id + ': ' + text);
        })"""
    )

    assert tab.locator(".drawing text:visible").count() > 50
    assert faults == []
    tab.close()


def test_waiting_is_hatched_and_running_is_solid(browser: Browser, files: dict[str, Path]) -> None:
    tab, _, _ = opened(browser, files["instruments"])
    fill = "(name) => getComputedStyle(document.querySelector('.drawing ' + name)).fill"

    waits = (".part-lateness", ".part-queue", ".part-wait", ".part-return", ".block", ".queue")
    for name in waits:
        pattern = tab.evaluate(fill, name)
        assert pattern.startswith('url("#'), name
        assert tab.locator(f'[id="{pattern[6:-2]}"]').count() == 1, name
    for name in (".part-cpu", ".part-connect", ".run", ".await"):
        assert tab.evaluate(fill, name).startswith("rgb("), name
    tab.close()


def test_dark_mode_changes_page_and_charts_while_the_page_is_open(
    browser: Browser, files: dict[str, Path]
) -> None:
    tab, said, _ = opened(browser, files["tour"])
    ground = "getComputedStyle(document.body).backgroundColor"
    label = tab.locator(".chart text").first
    fill = label.get_attribute("fill")
    assert fill is not None
    assert tab.evaluate(ground) == "rgb(255, 255, 255)"

    tab.emulate_media(color_scheme="dark")

    expect(tab.locator(".chart text").first).not_to_have_attribute("fill", fill)
    assert tab.evaluate(ground) == "rgb(20, 23, 26)"
    assert said == []
    tab.close()


def test_on_paper_the_page_is_light_and_charts_fit_their_column(
    browser: Browser, files: dict[str, Path]
) -> None:
    tab, _, _ = opened(browser, files["tour"], scheme="dark")
    tab.emulate_media(media="print", color_scheme="dark")
    tab.set_viewport_size({"width": 720, "height": 1000})

    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    misfits = tab.evaluate(
        """[...document.querySelectorAll('.chart svg')].filter(svg => {
            const column = svg.closest('figure').getBoundingClientRect();
            const drawn = svg.closest('.chart').getBoundingClientRect();
            return drawn.height < 60 || drawn.right > column.right + 1;
        }).length"""
    )
    tables = tab.evaluate(
        "[...document.querySelectorAll('table')].filter(t => t.clientWidth > 720).length"
    )
    assert (misfits, tables) == (0, 0)
    assert len(tab.pdf(format="A4")) > 10_000
    tab.close()


def test_without_javascript_every_figure_is_there_and_no_chart_takes_room(
    browser: Browser, files: dict[str, Path]
) -> None:
    tab, _, _ = opened(browser, files["tour"], scripts=False)

    assert tab.locator("noscript p, .notice").first.is_visible()
    assert tab.get_by_text("10976").first.is_visible()
    assert tab.locator("figure h4").first.is_visible()
    assert tab.locator(".drawing .bar rect").first.is_visible()
    assert tab.locator(".drawing .swim rect").first.is_visible()
    box = tab.locator(".chart").first.bounding_box()
    assert box is not None
    assert box["height"] == 0
    tab.locator("figure summary").first.click()
    assert tab.locator("figure details table").first.is_visible()
    tab.close()


def test_the_keyboard_reaches_findings_and_scrolling_tables(
    browser: Browser, files: dict[str, Path]
) -> None:
    tab, _, _ = opened(browser, files["tour"], width=400)

    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "findings"
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.getAttribute('role')") == "region"
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "The profiles"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.close()


def test_what_is_folded_is_drawn_when_it_is_opened_and_a_link_opens_it(
    browser: Browser, files: dict[str, Path]
) -> None:
    tab, said, _ = opened(browser, files["decided"])
    chart = tab.locator("#wait-1-rate-20-2-quantiles svg")
    assert chart.count() == 0

    tab.get_by_role("link", name="Chart of immediacy").click()

    expect(chart).to_have_count(1)
    assert chart.is_visible()
    expect(tab.locator("#wait-1-rate-20-2-quantiles")).to_be_in_viewport()
    assert said == []
    tab.close()


def test_without_javascript_decisions_are_drawn_and_a_verdict_is_a_word(
    browser: Browser, files: dict[str, Path]
) -> None:
    tab, _, _ = opened(browser, files["decided"], scripts=False)

    for drawn in ("#capacity-wait .dot", "#predicted-wait .curves path", "#scale-hold .ended"):
        assert tab.locator(drawn).first.is_visible(), drawn
    words = tab.locator(".claims .word").all_inner_texts()
    assert words == ["refuted", "supported", "depends", "undecided", "no visible difference"]
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "verdicts"
    tab.close()


def test_words_of_decisions_stand_out_from_their_ground(
    browser: Browser, files: dict[str, Path]
) -> None:
    tab, _, _ = opened(browser, files["decided"])
    contrasts = """() => {
            const part = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
            const light = colour => colour.match(/[0-9.]+/g).slice(0, 3)
                .map(v => part(Number(v) / 255))
                .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
            const ground = element => {
                const found = getComputedStyle(element).backgroundColor;
                return found.endsWith(', 0)') ? ground(element.parentElement) : found;
            };
            const own = element => element instanceof SVGElement
                ? getComputedStyle(element).fill : getComputedStyle(element).color;
            const words = document.querySelectorAll('.word, .claims p, .card p, .plot text');
            return [...words].map(element => {
                const pair = [light(own(element)), light(ground(element))];
                return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
            });
        }"""

    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        ratios = tab.evaluate(contrasts)
        assert len(ratios) > 50
        assert min(ratios) >= 4.5, scheme
    tab.close()

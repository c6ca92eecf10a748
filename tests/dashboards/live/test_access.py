"""Everybody can use the page: from the last row, by keyboard, with a screen reader, on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards.live.hands import SOON_MS, until
from tests.dashboards.live.pages import Running
from tests.dashboards.live.screens import SCREENS, fits, named, serious

pytestmark = [pytest.mark.slow, pytest.mark.live]


@pytest.fixture(params=SCREENS, ids=named)
def screen(request: Any, browser: Browser, running: Running) -> Iterator[Page]:
    """The page as it runs, on screens of two widths, light and dark."""
    width, scheme = request.param
    opened = browser.new_page(viewport={"width": width, "height": 720}, color_scheme=scheme)
    opened.goto(running.address)
    expect(opened.locator(".twin[data-state=running]")).to_have_count(2, timeout=SOON_MS)
    expect(opened.locator(".diagnosis b").last).not_to_be_empty(timeout=SOON_MS)
    yield opened
    opened.close()


def test_axe_finds_no_serious_fault(screen: Page) -> None:
    assert serious(screen) == []

    screen.locator("#ask").check()
    screen.keyboard.press("2")
    expect(screen.get_by_role("dialog")).to_be_visible()
    assert serious(screen) == []


def test_it_fits_the_screen(screen: Page) -> None:
    assert fits(screen)


def test_long_sentences_move_nothing(screen: Page) -> None:
    # A phone has one column, and may scroll.
    screen.set_viewport_size({"width": 1280, "height": 720})
    before = screen.locator(".lanes").first.bounding_box()
    screen.locator(".diagnosis span").first.evaluate(
        "span => span.textContent = 'long '.repeat(60)"
    )
    screen.locator("#question").evaluate(
        "place => place.textContent = 'A question of the lecture?'"
    )

    assert screen.locator(".lanes").first.bounding_box() == before


def test_the_keyboard_alone_reaches_everything(tab: Page) -> None:
    reached = set()
    for _ in range(30):
        tab.keyboard.press("Tab")
        reached.add(
            tab.evaluate("document.activeElement.name || document.activeElement.textContent.trim()")
        )

    assert {"work_ms", "rate", "slots", "workers", "workload", "mode"} <= reached
    assert "2 the loop is blocked" in reached
    tab.locator("input[name=rate]").focus()
    for _ in range(5):
        tab.keyboard.press("ArrowRight")
    until(tab, lambda: "25 a second" in tab.locator("#load").inner_text())


def test_a_screen_reader_is_told_what_has_changed_and_not_every_figure(tab: Page) -> None:
    live = tab.evaluate("[...document.querySelectorAll('[aria-live]')].map(place => place.id)")
    assert set(live) == {"load", "question", "spoken"}

    expect(tab.locator("#spoken")).to_contain_text(": ", timeout=SOON_MS)
    names = tab.locator(".lanes").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert all("requests in flight" in name for name in names)

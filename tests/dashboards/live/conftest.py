"""A real Chromium, and a live page that it shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards.live.hands import CALM, SOON_MS, noting, tell
from tests.dashboards.live.pages import Running, live


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with live(tmp_path_factory.mktemp("live") / "log") as found:
        yield found


@pytest.fixture
def tab(browser: Browser, running: Running) -> Iterator[Page]:
    """The page, with everything as it is at the start. Nothing goes wrong in it unnoticed."""
    opened = browser.new_page(viewport={"width": 1280, "height": 720})
    with noting(opened, running.address):
        opened.goto(running.address)
        expect(opened.locator(".twin[data-state=running]")).to_have_count(2, timeout=SOON_MS)
        tell(opened, {"do": "set", "controls": CALM})
        expect(opened.locator("output[name=rate]")).to_have_text(str(CALM["rate"]))
        expect(opened.locator("#load")).to_contain_text("20 a second, requests that wait 50 ms")
        yield opened
        opened.close()

"""Everybody can use a replay: its form, two profiles side by side, and one alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards.live.hands import SOON_MS, choice, noting, shown, tell, until
from tests.dashboards.live.pages import Running, replay
from tests.dashboards.live.screens import SCREENS, cut, fits, named, serious

pytestmark = [pytest.mark.slow, pytest.mark.live]
# The loads of the third lesson: one that two profiles had, and one that a profile had alone.
BOTH, ALONE = 0, 2


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with replay(tmp_path_factory.mktemp("replay") / "log", 3) as found:
        yield found


@pytest.fixture
def player(browser: Browser, replayed: Running) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 720})
    with noting(opened, replayed.address):
        opened.goto(replayed.address)
        choose(opened, BOTH)
        yield opened
        opened.close()


@pytest.fixture(params=SCREENS, ids=named)
def screen(request: Any, browser: Browser, replayed: Running) -> Iterator[Page]:
    """The replay on screens of two widths, light and dark."""
    width, scheme = request.param
    opened = browser.new_page(viewport={"width": width, "height": 720}, color_scheme=scheme)
    opened.goto(replayed.address)
    yield opened
    opened.close()


def choose(tab: Page, number: int) -> None:
    """Have a load shown from its beginning on, until there is something to be read of it."""
    expect(tab.locator("#replay")).to_be_visible(timeout=SOON_MS)
    assert tell(tab, {"do": "cell", "number": number}) == ""
    profiles = 2 if number == BOTH else 1
    until(tab, lambda: len(shown(tab)) == profiles)
    expect(tab.locator(".diagnosis b:visible").last).not_to_be_empty(timeout=SOON_MS)


@pytest.mark.parametrize("number", [BOTH, ALONE], ids=["both", "alone"])
def test_axe_finds_no_serious_fault(screen: Page, number: int) -> None:
    choose(screen, number)
    assert serious(screen) == []
    assert fits(screen)
    assert cut(screen) == []

    pause = screen.get_by_role("button", name="Pause")
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")
    assert serious(screen) == []
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "false")


def test_the_keyboard_chooses_a_load_and_keeps_its_place(player: Page) -> None:
    choice(player, "Load").focus()
    player.keyboard.press("ArrowDown")
    until(player, lambda: player.locator("#load").inner_text() == "6 requests/s, in-threads")
    assert shown(player) == ["uvloop"]
    expect(choice(player, "Load")).to_be_focused()

    player.keyboard.press("Tab")
    expect(player.get_by_role("button", name="Pause")).to_be_focused()


def test_who_was_at_a_choice_that_is_gone_stands_before_it(player: Page) -> None:
    choice(player, "Right").focus()
    assert tell(player, {"do": "cell", "number": ALONE}) == ""

    expect(choice(player, "Right")).to_be_hidden()
    expect(choice(player, "Load")).to_be_focused()


def test_a_screen_reader_hears_what_is_shown_and_nothing_that_runs_on(player: Page) -> None:
    assert player.get_by_role("region").count() == 2
    choose(player, ALONE)

    assert player.get_by_role("region").all_inner_texts()[0].startswith("uvloop")
    assert player.get_by_role("region").count() == 1
    expect(player.get_by_role("img")).to_have_count(1)
    # The time of the recording runs on: it is no message.
    assert player.locator("#replay").locator("output, [role=status], [aria-live]").count() == 0

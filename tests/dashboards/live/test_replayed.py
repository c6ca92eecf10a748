"""A recorded run in the page, in a real Chromium: nothing is started, and nothing is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards.live.hands import SOON_MS, noting, number, picture, shown, until
from tests.dashboards.live.pages import END_S, Running, replay, start
from tests.loadtests.mini import descendants

pytestmark = [pytest.mark.slow, pytest.mark.live]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log = tmp_path_factory.mktemp("replay") / "log"
    with replay(log, 7) as found:
        yield found


@pytest.fixture
def player(browser: Browser, replayed: Running) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 720})
    with noting(opened, replayed.address):
        opened.goto(replayed.address)
        expect(opened.locator(".twin[data-state=recorded]")).to_have_count(2, timeout=SOON_MS)
        yield opened
        opened.close()


def test_it_plays_without_a_server(player: Page, replayed: Running) -> None:
    until(player, lambda: min(number(player, side, "answered_rps") for side in (0, 1)) > 5)

    assert shown(player) == ["gthread", "uvloop"]
    expect(player.locator("#controls")).to_be_hidden()
    first = picture(player)
    until(player, lambda: picture(player) != first)
    (session,) = descendants(replayed.process)
    assert "replay" in session.cmdline()


def test_two_other_profiles_can_be_chosen(player: Page) -> None:
    player.locator("select[name=right]").select_option("hybrid")
    until(player, lambda: shown(player) == ["gthread", "hybrid"])
    expect(player.locator(".twin .description").last).to_contain_text("pools")

    player.locator("select[name=left]").select_option("uvloop")
    until(player, lambda: shown(player) == ["uvloop", "hybrid"])
    player.locator("select[name=left]").select_option("gthread")
    player.locator("select[name=right]").select_option("uvloop")
    until(player, lambda: shown(player) == ["gthread", "uvloop"])


def test_a_pause_stands_still(player: Page) -> None:
    player.keyboard.press(" ")
    pause = player.get_by_role("button", name="Pause")
    expect(pause).to_have_attribute("aria-pressed", "true")
    player.wait_for_timeout(600)
    at = player.locator("progress").get_attribute("value")
    player.wait_for_timeout(1000)
    assert player.locator("progress").get_attribute("value") == at

    pause.click()
    until(player, lambda: player.locator("progress").get_attribute("value") != at)


def test_a_folder_without_a_run_is_an_error_in_a_line(tmp_path: Path) -> None:
    with start(tmp_path / "log", "--port", "0", "--replay", str(tmp_path)) as process:
        assert process.wait(END_S) == 1

    said = (tmp_path / "log").read_text()
    assert "error:" in said
    assert "Traceback" not in said

"""A load that one profile had alone, in a real Chromium: the page shows one twin, and then two."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards.live.hands import (
    SOON_MS,
    choice,
    noting,
    number,
    picture,
    shown,
    tell,
    until,
)
from tests.dashboards.live.pages import Running, replay
from tests.dashboards.live.screens import cut, fits

pytestmark = [pytest.mark.slow, pytest.mark.live]
# Of the row of pixels through the lowest lane those that are coloured, and of these the solid ones.
COLOURED = """(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(80, canvas.height - 24, canvas.width, 1);
    const pixels = [];
    for (let at = 0; at < data.length; at += 4) pixels.push([...data.slice(at, at + 3)]);
    const coloured = pixels.filter(([red, , blue]) => red - blue > 30);
    return [coloured.length, coloured.filter(([, , blue]) => blue < 8).length];
}"""


@pytest.fixture(scope="module")
def knee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The lesson that one profile has to itself."""
    with replay(tmp_path_factory.mktemp("knee") / "log", 4) as found:
        yield found


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The lesson in which one load is of two profiles, and three are of one."""
    with replay(tmp_path_factory.mktemp("loop") / "log", 3) as found:
        yield found


@pytest.fixture
def alone(browser: Browser, knee: Running) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 720})
    with noting(opened, knee.address):
        opened.goto(knee.address)
        expect(opened.locator(".twin[data-state=recorded]")).to_have_count(1, timeout=SOON_MS)
        assert tell(opened, {"do": "cell", "number": 0}) == ""
        yield opened
        opened.close()


@pytest.fixture
def player(browser: Browser, loop: Running) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 720})
    with noting(opened, loop.address):
        opened.goto(loop.address)
        expect(opened.locator("#replay")).to_be_visible(timeout=SOON_MS)
        assert tell(opened, {"do": "cell", "number": 0}) == ""
        until(opened, lambda: shown(opened) == ["gthread", "uvloop"])
        yield opened
        opened.close()


def test_one_twin_plays_and_has_the_page(alone: Page) -> None:
    until(alone, lambda: 5 < number(alone, 0, "answered_rps") < 20)

    assert shown(alone) == ["gthread"]
    box = alone.locator(".twin:visible").bounding_box()
    assert box is not None
    assert box["width"] > 1200
    for name in ("Left", "Right"):
        expect(choice(alone, name)).to_be_hidden()
    first = picture(alone)
    until(alone, lambda: picture(alone) != first)
    # This run had no bystander, and nothing is said of one.
    assert "bystander" not in alone.locator("body").inner_text()


def test_another_load_of_the_same_profile_is_another_picture(alone: Page) -> None:
    choice(alone, "Load").select_option("44 requests/s, wait")

    until(alone, lambda: number(alone, 0, "answered_rps") > 35)
    assert shown(alone) == ["gthread"]
    assert alone.locator("#load").inner_text() == "44 requests/s, wait"


@pytest.mark.parametrize("width", [1280, 1100, 800, 400])
def test_everything_has_room(alone: Page, width: int) -> None:
    alone.set_viewport_size({"width": width, "height": 720})
    choice(alone, "Load").select_option("44 requests/s, wait")
    until(alone, lambda: number(alone, 0, "answered_rps") > 35)

    assert fits(alone)
    assert cut(alone) == []


def test_who_waits_for_short_times_is_seen_to_wait(alone: Page) -> None:
    """A request of 20 ms is two pixels wide on a phone, and runs for a twentieth of that."""
    alone.set_viewport_size({"width": 400, "height": 720})
    choice(alone, "Load").select_option("44 requests/s, wait")
    until(alone, lambda: number(alone, 0, "occupancy") > 0.8)

    def drawn() -> list[int]:
        found: list[int] = alone.locator(".twin:visible .lanes").evaluate(COLOURED)
        return found

    until(alone, lambda: drawn()[0] > 100)
    coloured, solid = drawn()
    assert solid < 0.5 * coloured


def test_from_two_to_one_and_back(player: Page) -> None:
    load = choice(player, "Load")
    load.select_option("6 requests/s, computing")
    until(player, lambda: shown(player) == ["uvloop"])
    until(player, lambda: number(player, 0, "hold_ms") > 30)
    expect(choice(player, "Left")).to_be_hidden()

    load.select_option("6 requests/s, blocking")
    until(player, lambda: shown(player) == ["gthread", "uvloop"])
    until(player, lambda: min(number(player, side, "answered_rps") for side in (0, 1)) > 2)
    left, right = choice(player, "Left"), choice(player, "Right")
    assert [left.input_value(), right.input_value()] == ["gthread", "uvloop"]
    boxes = [one.bounding_box() for one in player.locator(".twin").all()]
    assert [box is not None and 500 < box["width"] < 640 for box in boxes] == [True, True]

    left.select_option("uvloop")
    right.select_option("gthread")
    until(player, lambda: shown(player) == ["uvloop", "gthread"])


def test_a_load_that_is_chosen_in_a_pause_is_shown_at_its_beginning(player: Page) -> None:
    until(player, lambda: number(player, 1, "answered_rps") > 2)
    pause = player.get_by_role("button", name="Pause")
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")
    choice(player, "Load").select_option("6 requests/s, in-processes")

    until(player, lambda: shown(player) == ["uvloop"])
    expect(player.locator("#load")).to_have_text("6 requests/s, in-processes")
    expect(player.locator("#replay .at")).to_have_text("0 of 7 s")
    assert number(player, 0, "answered_rps") == 0
    pause.click()
    until(player, lambda: number(player, 0, "answered_rps") > 2)

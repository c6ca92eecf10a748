"""The live page in a real Chromium: what a class does with it, and what the twins then do."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.error
import urllib.request
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards.live.hands import SOON_MS, number, picture, slide, tell, until
from tests.dashboards.live.pages import Running

pytestmark = [pytest.mark.slow, pytest.mark.live]


def test_both_twins_are_shown_side_by_side_and_the_picture_moves(tab: Page) -> None:
    assert [h.inner_text() for h in tab.locator(".twin h2").all()] == ["gthread", "uvloop"]
    until(tab, lambda: min(number(tab, side, "answered_rps") for side in (0, 1)) > 10)
    first = picture(tab)
    tab.wait_for_timeout(2000)

    assert picture(tab) != first
    assert tab.locator("#latency canvas").count() == 1


@pytest.mark.parametrize(
    ("name", "value", "figure", "low", "high"),
    [
        ("rate", 60, "answered_rps", 45, 75),
        ("work_ms", 300, "p50_ms", 290, 400),
    ],
)
def test_a_slider_changes_what_the_twins_do(
    tab: Page, name: str, value: int, figure: str, low: float, high: float
) -> None:
    slide(tab, name, value)

    until(tab, lambda: all(low < number(tab, side, figure) < high for side in (0, 1)))


def test_another_workload_another_hold(tab: Page) -> None:
    slide(tab, "rate", 5)
    tab.locator("select[name=workload]").select_option("block")
    until(tab, lambda: number(tab, 1, "hold_ms") > 45)
    expect(tab.locator(".twin[data-side='1'] .diagnosis")).to_contain_text(
        "holds the loop", timeout=SOON_MS
    )

    tab.locator("select[name=workload]").select_option("compute")
    until(tab, lambda: min(number(tab, side, "cpu") for side in (0, 1)) > 0.08)

    tab.locator("select[name=workload]").select_option("call")
    expect(tab.locator("#load")).to_contain_text("requests that call a service")
    # A thread waits for the service with its request, and the loop does not.
    until(tab, lambda: number(tab, 0, "hold_ms") > 45 > 15 > number(tab, 1, "hold_ms"))

    tab.locator("select[name=workload]").select_option("wait")
    until(tab, lambda: number(tab, 1, "hold_ms") < 10)


def test_closed_users_take_the_place_of_arrivals(tab: Page) -> None:
    tab.locator("select[name=mode]").select_option("closed")
    expect(tab.locator("label.closed")).to_be_visible()
    expect(tab.locator("label.open")).to_be_hidden()
    slide(tab, "users", 60)

    # Each of them thinks for a second and is answered after 50 ms.
    until(tab, lambda: all(45 < number(tab, side, "answered_rps") < 62 for side in (0, 1)))


def test_another_number_of_threads_or_workers_is_there_within_five_seconds(tab: Page) -> None:
    slide(tab, "slots", 3)
    expect(tab.locator(".twin[data-side='0'] canvas")).to_have_attribute(
        "aria-label", re.compile("3 lanes"), timeout=5000
    )
    slide(tab, "workers", 2)
    expect(tab.locator(".twin[data-side='0'] canvas")).to_have_attribute(
        "aria-label", re.compile("6 lanes"), timeout=5000
    )
    until(tab, lambda: number(tab, 0, "answered_rps") > 10)


def test_at_a_hundred_a_second_threads_break_down_and_the_loop_does_not(tab: Page) -> None:
    slide(tab, "work_ms", 100)
    slide(tab, "rate", 100)

    until(tab, lambda: number(tab, 0, "p99_ms") > 1000)
    assert number(tab, 1, "p99_ms") < 300
    expect(tab.locator(".twin[data-side='0'] [data-expected=p99_ms]")).to_have_text(
        "expected to grow"
    )
    expect(tab.locator(".twin[data-side='0'] .diagnosis")).to_contain_text(
        "waiting, not working", timeout=SOON_MS
    )


def test_a_key_press_plays_a_lecture(tab: Page) -> None:
    tab.keyboard.press("3")

    expect(tab.get_by_role("button", name="threads to the rescue")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(tab.locator("#question")).to_contain_text("How many threads")
    until(tab, lambda: "60 a second" in tab.locator("#load").inner_text())
    until(tab, lambda: tab.locator("output[name=slots]").inner_text() == "4")


def test_every_lecture_has_its_key_and_its_question(tab: Page) -> None:
    for button in tab.locator("#presets button").all():
        key = button.locator("kbd").inner_text()
        tab.keyboard.press(key)
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(tab.locator("#question")).to_contain_text("?")
        assert tab.locator("#presets [aria-pressed=true]").count() == 1


def test_a_page_that_nobody_sees_reads_nothing_and_goes_on_when_it_is_seen(tab: Page) -> None:
    until(tab, lambda: number(tab, 0, "answered_rps") > 10)
    see = """hidden => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    tab.evaluate(see, True)
    before = picture(tab)
    # Longer than the load goes on for nobody.
    tab.wait_for_timeout(6000)
    assert picture(tab) == before

    tab.evaluate(see, False)
    until(tab, lambda: picture(tab) != before)
    until(tab, lambda: min(number(tab, side, "answered_rps") for side in (0, 1)) > 10)


def test_one_slow_request_stops_the_process_and_not_the_loop(tab: Page) -> None:
    tab.keyboard.press("1")

    until(tab, lambda: number(tab, 0, "bystander_ms") > 500)
    assert number(tab, 1, "bystander_ms") < 100


def test_the_room_is_asked_first_and_sees_its_guess_beside_the_outcome(tab: Page) -> None:
    tab.keyboard.press("g")
    expect(tab.locator("#ask")).to_be_checked()
    slide(tab, "work_ms", 200)
    dialog = tab.get_by_role("dialog")
    expect(dialog).to_contain_text("50 becomes 200")
    expect(tab.locator("#load")).to_contain_text("50 ms")
    dialog.locator("input[name=left]").fill("220")
    dialog.locator("input[name=right]").fill("1500")
    dialog.get_by_role("button", name="Apply").click()

    shown = tab.locator("#guessed")
    expect(shown).to_contain_text("gthread: guessed 220 ms")
    expect(shown).to_contain_text("uvloop: guessed 1.5 s")
    expect(shown).to_contain_text("measured 2", timeout=SOON_MS)


def test_a_lecture_is_guessed_by_its_highest_p99(tab: Page) -> None:
    tab.locator("#ask").check()
    tab.keyboard.press("4")
    dialog = tab.get_by_role("dialog")
    expect(dialog).to_contain_text("The highest p99 of")
    assert dialog.locator("input[name=left]").input_value() == ""
    dialog.locator("input[name=left]").fill("300")
    dialog.locator("input[name=right]").fill("101")
    tab.keyboard.press("Enter")

    expect(tab.locator("#guessed")).to_contain_text("highest p99 · gthread: guessed 300 ms")
    expect(tab.locator("#guessed")).to_contain_text("uvloop: guessed 101 ms, now")


def test_a_guess_that_is_left_changes_nothing(tab: Page) -> None:
    tab.locator("#ask").check()
    slide(tab, "rate", 99)
    tab.get_by_role("button", name="Leave it").click()

    tab.wait_for_timeout(2500)
    expect(tab.locator("#load")).to_contain_text("20 a second")
    assert tab.locator("input[name=rate]").input_value() == "20"


def test_ten_changes_in_a_row_end_with_the_last(tab: Page) -> None:
    for step in range(10):
        slide(tab, "slots", 1 + step % 3)
        slide(tab, "rate", 20 + step)
    slide(tab, "slots", 5)

    expect(tab.locator("#load")).to_contain_text("29 a second", timeout=SOON_MS)
    expect(tab.locator(".twin[data-side='0'] canvas")).to_have_attribute(
        "aria-label", re.compile("5 lanes"), timeout=SOON_MS
    )
    until(tab, lambda: min(number(tab, side, "answered_rps") for side in (0, 1)) > 20)


def test_two_browsers_show_the_same_and_a_reload_does_no_harm(
    tab: Page, browser: Browser, running: Running
) -> None:
    other = browser.new_context().new_page()
    other.goto(running.address)
    slide(tab, "rate", 33)

    expect(other.locator("output[name=rate]")).to_have_text("33", timeout=SOON_MS)
    tab.reload()
    expect(tab.locator("output[name=rate]")).to_have_text("33", timeout=SOON_MS)
    other.context.close()
    until(tab, lambda: number(tab, 0, "answered_rps") > 20)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"do": "set", "controls": {"rate": 100_000}}, "rate is 100000"),
        ({"do": "set", "controls": {"workers": 64}}, "workers is 64"),
        ({"do": "watch", "on": False}, "a command is an object"),
        ({"do": "quit"}, "not known here"),
        ({"do": "set", "controls": {}, "more": "x" * 5000}, "too long"),
    ],
)
def test_the_server_holds_every_command_to_its_bounds(
    tab: Page, command: dict[str, Any], words: str
) -> None:
    with tab.expect_response("**/do") as answer:
        assert words in tell(tab, command)
    assert answer.value.status in (413, 422)


def post(running: Running, body: bytes, **headers: str) -> tuple[int, str]:
    """A command of whatever bytes: the status and the text of its answer."""
    origin = {"Origin": running.address.rstrip("/")}
    request = urllib.request.Request(f"{running.address}do", body, {**origin, **headers})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    with refused.value as answer:
        return answer.code, answer.read().decode()


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[1]", b"{", b"\xff\xfe", b"[" * 4000, b'{"do": "\\ud800"}', b'{"do": NaN}'],
)
def test_what_is_no_command_is_refused(tab: Page, running: Running, body: bytes) -> None:
    token = tab.locator("meta[name=token]").get_attribute("content")
    assert token

    assert post(running, body, **{"X-Testbed-Token": token})[0] == 422
    assert "Traceback" not in running.log.read_text()


def test_a_command_without_the_token_is_refused(running: Running) -> None:
    code, text = post(running, json.dumps({"do": "set", "controls": {"rate": 1}}).encode())

    assert code == 403
    assert "load it again" in text


def test_more_browsers_than_anybody_has_are_refused(tab: Page, running: Running) -> None:
    address = urlsplit(running.address)
    with contextlib.ExitStack() as stack:
        statuses = []
        for _ in range(45):
            connection = stack.enter_context(
                contextlib.closing(HTTPConnection(address.hostname or "", address.port, timeout=5))
            )
            connection.request("GET", "/events")
            statuses.append(connection.getresponse().status)

    assert statuses.count(200) == 39
    assert set(statuses) == {200, 503}
    until(tab, lambda: min(number(tab, side, "answered_rps") for side in (0, 1)) > 10)

"""What a class does at the page, and what it reads there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page

SOON_MS = 15_000
CALM = {
    "mode": "open", "rate": 20, "users": 20, "workload": "wait", "work_ms": 50, "workers": 1,
    "slots": 8,
}  # fmt: skip


@contextlib.contextmanager
def noting(tab: Page, address: str) -> Iterator[None]:
    """Notes what goes wrong in a page, and that it asks nobody but its own server."""
    wrong: list[str] = []
    asked: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda message: wrong.append(message.text) if _complains(message) else None)
    tab.on("request", lambda request: asked.append(request.url))
    yield
    assert not wrong, wrong
    assert asked
    assert all(url.startswith((address, "data:")) for url in asked)


def _complains(message: ConsoleMessage) -> bool:
    """That a command was refused is no fault of the page."""
    return message.type == "error" and "Failed to load resource" not in message.text


def tell(tab: Page, command: dict[str, Any]) -> str:
    """A command as the page's own script sends it; why it was refused, if it was."""
    answer: str = tab.evaluate(
        "async (command) => (await import('/static/stream.js')).tell(command)", command
    )
    return answer


def slide(tab: Page, name: str, value: int) -> None:
    """Move a slider as a hand does, and let go."""
    tab.locator(f"#controls input[name={name}]").evaluate(
        """(slider, value) => {
            slider.value = value;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            slider.dispatchEvent(new Event("change", { bubbles: true }));
        }""",
        value,
    )


def number(tab: Page, side: int, name: str) -> float:
    """A figure that is shown, in its unit of the frames: ms, a second, a share."""
    text = tab.locator(f".twin[data-side='{side}'] [data-figure={name}]").inner_text()
    if text in ("", "–"):
        return float("nan")
    value, _, unit = text.removesuffix("/s").partition(" ")
    return float(value) * {"": 1.0, "ms": 1.0, "s": 1000.0, "%": 0.01}[unit]


def shown(tab: Page) -> list[str]:
    """The profiles that are shown."""
    return tab.locator(".twin h2:visible").all_inner_texts()


def choice(tab: Page, name: str) -> Locator:
    """What is chosen from a list of this name."""
    return tab.get_by_role("combobox", name=name, exact=True)


def picture(tab: Page) -> str:
    """What the left swimlane shows."""
    shown: str = tab.locator(".lanes").first.evaluate("canvas => canvas.toDataURL()")
    return shown


def until(tab: Page, what: Callable[[], bool]) -> None:
    """Let the page go on until something is so."""
    for _ in range(120):
        if what():
            return
        tab.wait_for_timeout(250)
    raise AssertionError("it did not come about within 30 s")

"""The screens on which a page is looked at, and what a checker of accessibility finds there."""

from __future__ import annotations

from importlib import resources
from typing import Any, Literal

from playwright.sync_api import Page

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
Screen = tuple[int, Literal["light", "dark"]]
SCREENS: list[Screen] = [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")]
CUT = """() => [...document.querySelectorAll(".figures dt, .figures dd, figcaption, .diagnosis")]
    .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"""


def named(screen: Screen) -> str:
    """A screen as a test is called by it."""
    return f"{screen[0]}-{screen[1]}"


def serious(tab: Page) -> list[str]:
    """What axe finds that is serious or critical, with where it is."""
    tab.evaluate(AXE)
    found: list[dict[str, Any]] = tab.evaluate("axe.run().then(found => found.violations)")
    return [
        f"{one['id']}: {node['html']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def fits(tab: Page) -> bool:
    """Whether nothing is wider than the screen, and on a projector all but the foot is seen."""
    width: int = tab.evaluate("innerWidth")
    if tab.evaluate("document.documentElement.scrollWidth") > width:
        return False
    box = tab.locator("#charts").bounding_box()
    assert box is not None
    return width < 1280 or box["y"] + box["height"] <= 720


def cut(tab: Page) -> list[str]:
    """The words and figures that are shown and have no room."""
    found: list[str] = tab.evaluate(CUT)
    return found

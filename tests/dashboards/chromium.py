"""A real Chromium, Debian's, for the pages that are looked at."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def program() -> str | None:
    """Where it is; None where there is none."""
    return shutil.which("chromium")


@contextlib.contextmanager
def started(executable: str) -> Iterator[Browser]:
    """A browser until this is left."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()

"""What the tests of every page share: one browser for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.dashboards import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium; without one the test is skipped."""
    found = chromium.program()
    if found is None:
        pytest.skip("no chromium here: install it (Debian: apt install chromium)")
    with chromium.started(found) as started:
        yield started

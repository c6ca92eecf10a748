"""What the tests of every page share: one browser for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.dashboards import chromium


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens Chromium, and is not the live page's, as of `make test-report`."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("live"):
            item.add_marker("report")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium; without one the test is skipped."""
    found = chromium.program()
    if found is None:
        pytest.skip("no chromium here: install it (Debian: apt install chromium)")
    with chromium.started(found) as started:
        yield started

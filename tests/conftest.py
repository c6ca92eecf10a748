"""What holds for the whole suite."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything must run, a skipped test is a failed one.

    On a user's machine a test that needs a missing program is skipped with the reason.
    """
    report = yield
    if report.skipped and os.environ.get("TESTBED_TESTS_SKIP_NOTHING"):
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here: {report.longrepr}"
    return report

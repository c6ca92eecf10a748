"""What holds for the whole suite."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests import databases

# By how long they take, the longest first.
LONGEST = (
    "tests/loadtests/test_locust.py",
    "tests/servers/instruments/test_metrics.py",
    "tests/loadtests/test_faults.py",
    "tests/servers/instruments/test_known.py",
    "tests/dashboards/grafana/test_real_run.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where processes share the files, those that wait the longest are begun first."""
    if hasattr(config, "workerinput"):
        rank = {file: number for number, file in enumerate(LONGEST)}
        items.sort(key=lambda item: rank.get(item.location[0], len(rank)))


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


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """The URL of a real PostgreSQL with the testbed's table; skips where there is none."""
    with databases.started() as found:
        yield found.url

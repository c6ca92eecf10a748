"""Servers that are stopped in good order, and one that nobody gives jobs to."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from servers.budget import Budget
from servers.jobs.job import Counts
from servers.profiles import PROFILES
from tests.servers.jobs.test_kills import DEADLINE_S, Book, serving
from tests.servers.live import ask, together

pytestmark = [pytest.mark.slow, pytest.mark.services]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[dict[str, Book]]:
    """A file of jobs for every profile."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(closing(Book(tmp_path / name))) for name in PROFILES}


def test_a_stopped_server_ends_what_it_can_and_leaves_the_rest(
    tmp_path: Path, books: dict[str, Book]
) -> None:
    """Of two slots one has a job that ends within the grace; the others would take longer.

    Every profile at once, for what this takes is mostly the grace.
    """
    budget = Budget(slots=1, pool_processes=1, job_slots=2)
    with together({name: serving(name, tmp_path / name, budget) for name in books}) as servers:
        for ms in (10_000, 400, 9_000):
            statuses = {
                name: ask(live.port, "POST", f"/jobs?ms={ms}", {}).status
                for name, live in servers.items()
            }
            assert statuses == dict.fromkeys(PROFILES, 202)
        deadline = time.monotonic() + DEADLINE_S
        while any(book.balanced().waiting > 1 for book in books.values()):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    counts = {name: book.balanced() for name, book in books.items()}
    left = Counts(3, 0, waiting=2, running=0, done=1, failed=0)
    assert counts == dict.fromkeys(PROFILES, left)
    states = {
        name: {job.ms: (job.state, job.attempts) for job in book.store.newest(3)}
        for name, book in books.items()
    }
    # An attempt that was broken off in good order is none.
    of_each = {10_000: ("waiting", 0), 400: ("done", 1), 9_000: ("waiting", 0)}
    assert states == dict.fromkeys(PROFILES, of_each)


def test_a_server_that_nobody_gives_jobs_to_has_no_file_and_no_thread(tmp_path: Path) -> None:
    with serving("sync", tmp_path / "jobs") as live:
        assert live.get("/hello").status == 200
        pid = live.facts()["pid"]
        assert len(os.listdir(f"/proc/{pid}/task")) == 1
        assert not (tmp_path / "jobs").exists()

        location = ask(live.port, "POST", "/jobs?ms=0", {}).headers["location"]
        deadline = time.monotonic() + DEADLINE_S
        while b'"done"' not in live.get(location).body:
            assert time.monotonic() < deadline

        # The workers' threads for jobs end with the last job.
        while len(os.listdir(f"/proc/{live.facts()['pid']}/task")) > 1:
            assert time.monotonic() < deadline

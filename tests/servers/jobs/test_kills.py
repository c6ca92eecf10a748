"""Workers and servers are killed at random moments: nothing accepted is lost, or done twice."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from servers.budget import Budget, Dependencies
from servers.jobs import owner
from servers.jobs.job import ATTEMPTS, Counts
from servers.jobs.sqlite_store import SqliteStore
from servers.profiles import PROFILES
from servers.work import compute
from tests.servers.live import Live, ask, free_port, launched

SERVERS = 2
KILLS = 3
POSTS = 8
DEADLINE_S = 60
BUDGET = Budget(workers=2, slots=1, pool_processes=1, job_slots=3)

pytestmark = [pytest.mark.slow, pytest.mark.services]


@contextmanager
def serving(name: str, path: Path, budget: Budget = BUDGET) -> Iterator[Live]:
    """A server with its jobs in a file."""
    profile, port = PROFILES[name], free_port()
    environment = profile.environment(budget, dependencies=Dependencies(jobs=str(path)))
    with launched(profile.command(port, budget), environment, port) as live:
        yield live


class Book:
    """A file of jobs as the test reads it, with a line for each job that ever ended."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(path)
        self._db = sqlite3.connect(path, timeout=5.0)
        self._db.execute("CREATE TABLE ends (id TEXT, state TEXT)")
        self._db.execute(
            "CREATE TRIGGER ending AFTER UPDATE OF state ON jobs WHEN NEW.state IN "
            "('done', 'failed') BEGIN INSERT INTO ends VALUES (NEW.id, NEW.state); END"
        )
        self._db.commit()

    def ends(self) -> Counter[str]:
        """How often each job has ended."""
        return Counter(id_ for (id_,) in self._db.execute("SELECT id FROM ends"))

    def owners(self) -> list[int]:
        """The processes that run jobs now."""
        found = self._db.execute("SELECT DISTINCT owner FROM jobs WHERE state = 'running'")
        return [int(one.split("-")[0]) for (one,) in found if owner.lives(one)]

    def balanced(self) -> Counts:
        """The counts, which add up at every moment."""
        found = self.store.counts()
        assert found.accepted == found.waiting + found.running + found.done + found.failed
        return found

    def until_all_have_ended(self) -> Counts:
        deadline = time.monotonic() + DEADLINE_S
        while (found := self.balanced()).waiting or found.running:
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        return found

    def close(self) -> None:
        self.store.close()
        self._db.close()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    found = Book(tmp_path / "jobs")
    yield found
    found.close()


def post(live: Live, chance: random.Random) -> str | None:
    """The id of a job that was accepted; None where nobody knows."""
    target = f"/jobs?ms={chance.randrange(60)}&units={chance.randrange(3)}"
    with contextlib.suppress(OSError, http.client.HTTPException):
        answer = ask(live.port, "POST", target, {"Connection": "close"}, timeout=10)
        assert answer.status == 202, answer
        return answer.headers["location"].removeprefix("/jobs/")
    return None


def kill_a_worker(book: Book, chance: random.Random) -> int | None:
    """SIGKILL for a process that runs a job, at a random moment of it."""
    deadline = time.monotonic() + DEADLINE_S
    while not (owners := book.owners()):
        found = book.balanced()
        assert time.monotonic() < deadline, found
        if not found.waiting and not found.running:
            return None
    time.sleep(chance.random() * 0.03)
    victim = chance.choice(owners)
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    return victim


@pytest.mark.parametrize("name", PROFILES)
def test_every_accepted_job_ends_once_whoever_is_killed(
    name: str, tmp_path: Path, book: Book
) -> None:
    chance = random.Random(f"{name} 8")
    known: set[str] = set()
    unknown = killed = 0
    for _ in range(SERVERS):
        with serving(name, tmp_path / "jobs") as live:
            for _ in range(KILLS):
                answers = [post(live, chance) for _ in range(POSTS)]
                known |= {one for one in answers if one is not None}
                unknown += answers.count(None)
                killed += kill_a_worker(book, chance) is not None
                book.balanced()
            # And the whole server, amid what it does.
            os.killpg(live.pid, signal.SIGKILL)
        book.balanced()
    with serving(name, tmp_path / "jobs"):
        counts = book.until_all_have_ended()

    jobs = {job.id: job for job in book.store.newest(10_000)}
    assert killed >= SERVERS
    assert known <= set(jobs)
    assert len(known) <= counts.accepted == len(jobs) <= len(known) + unknown
    assert book.ends() == dict.fromkeys(jobs, 1)
    assert counts.done == sum(job.state == "done" for job in jobs.values())
    for job in jobs.values():
        if job.state == "done":
            assert job.digest == compute(job.units)
            assert job.attempts <= ATTEMPTS
        else:
            assert job.attempts == ATTEMPTS
    assert max(job.attempts for job in jobs.values()) > 1

"""What a job is, what is counted of all, and what a store of jobs must do.

Rule 1: accepted = waiting + running + done + failed, at every moment and whatever has been killed.
Rule 2: a job is done once: it has one owner while it runs, and only that owner ends it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["waiting", "running", "done", "failed"]

ATTEMPTS = 3
"""A job that was begun so often and did not end well has failed."""
KEPT_S = 3_600.0
"""How long the record of an ended job is kept."""
KEPT = 20_000
"""Records of ended jobs that are kept at most, the newest."""
LISTED = 50
"""Jobs in a list, the newest."""


class JobsError(Exception):
    """Jobs that cannot be kept: names the file, what is wrong with it, and the remedy.

    `told` is what a client may read of it: what is wrong, but not where the server keeps its jobs.
    """

    def __init__(self, text: str, cause: str = "see the server's log"):
        super().__init__(text)
        self.told = f"jobs cannot be kept: {cause}"


class QueueFullError(Exception):
    """So many jobs wait that no more are taken; `retry_s` is when some will have been begun."""

    def __init__(self, limit: int, retry_s: int):
        super().__init__(f"{limit} jobs wait")
        self.limit, self.retry_s = limit, retry_s


@dataclass(frozen=True, slots=True)
class Job:
    """One job: it waits `ms` milliseconds and computes `units`.

    Times are seconds since the epoch. `digest` is what a done job computed, `reason` why a failed
    one failed; `started_at` is that of its last attempt.
    """

    id: str
    state: State
    ms: int
    units: int
    digest: str | None
    reason: str | None
    attempts: int
    accepted_at: float
    started_at: float | None
    done_at: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Jobs by their state, and all that were ever accepted or refused, with those that expired."""

    accepted: int
    refused: int
    waiting: int
    running: int
    done: int
    failed: int


class JobStore(Protocol):
    """Keeps jobs for all processes of a server. Every method may raise JobsError."""

    def accept(self, ms: int, units: int, limit: int) -> Job:
        """A new job that waits. Raises QueueFullError where `limit` wait already."""

    def find(self, job_id: str) -> Job | None:
        """The job with this id; None where there is none, or its record has expired."""

    def newest(self, count: int) -> list[Job]:
        """The newest jobs, the last accepted first."""

    def counts(self) -> Counts:
        """How many jobs there are in each state."""

    def unended(self) -> tuple[int, int]:
        """How many jobs wait, and how many run; in the same time however many there are."""

    def claim(self, slots: int) -> Job | None:
        """Begin the job that waits longest; None where none waits, or `slots` run already."""

    def finish(self, job: Job, digest: str) -> Job | None:
        """The claimed job as it is done; None where it is its claimer's no more."""

    def fail(self, job: Job, reason: str) -> Job | None:
        """The claimed job after an attempt that failed; None where it is its claimer's no more."""

    def release(self) -> int:
        """Let all wait again that this process has begun, as if it had not; returns how many."""

    def recover(self, mine: Collection[str] | None = None) -> list[Job]:
        """The jobs that nobody runs any more, as they are now: they wait again, or failed.

        They are those of processes that have ended, and of this one's, where it says which are
        `mine`, all others: their end could not be recorded.
        """

    def close(self) -> None:
        """Let go of the store."""

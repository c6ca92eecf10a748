"""What a trial leaves of its deferred jobs: all that were accepted, and what became of them."""

from __future__ import annotations

from pydantic import Field

from loadtests.plan import Record
from servers.jobs.job import State


class JobRecord(Record):
    """One job, in nanoseconds of the monotonic clock; None for what has not happened."""

    state: State
    attempts: int
    accepted_ns: int
    started_ns: int | None
    done_ns: int | None


class JobsRecord(Record):
    """What the file of jobs said when its server had ended.

    The counts are those that the server kept, by state and in all. `jobs` are the records that it
    kept, in the order in which they were accepted. At `stopped_ns` it was told to stop.
    """

    accepted: int = Field(ge=0)
    refused: int = Field(ge=0)
    waiting: int = Field(ge=0)
    running: int = Field(ge=0)
    done: int = Field(ge=0)
    failed: int = Field(ge=0)
    jobs: tuple[JobRecord, ...]
    stopped_ns: int
